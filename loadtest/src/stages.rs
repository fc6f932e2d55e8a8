//! When each bot begins: all at once, over a ramp, or in stages. Pure arithmetic on handed-in durations.

use std::time::Duration;

use crate::failure::Trouble;

/// How many bots are at work at what time; between two stages they begin evenly spread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stages(Vec<Stage>);

/// So many bots are at work when so much time has passed since the stage before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stage {
    bots: u64,
    over: Duration,
}

impl Stages {
    /// `bots` begin evenly spread over `ramp`; without one, all at once.
    pub fn ramp(bots: u64, ramp: Duration) -> Stages {
        Stages(vec![Stage { bots, over: ramp }])
    }

    /// Of `100x10s,1000x30s`: 100 bots begin in the first ten seconds, 900 more in the next thirty.
    ///
    /// # Errors
    /// [`Trouble::Options`] that names the part which is none, has no more bots than the one before, or is too long.
    pub fn parse(text: &str) -> Result<Stages, Trouble> {
        let mut stages: Vec<Stage> = Vec::new();
        for part in text.split(',') {
            let wrong = |why: &str| Trouble::Options(format!("--stages: `{part}` {why}"));
            let stage = stage(part.trim()).ok_or_else(|| wrong("is not like 100x10s"))?;
            if stage.bots <= stages.last().map_or(0, |last| last.bots) {
                return Err(wrong("has no more bots than there were before it"));
            }
            stages.push(stage);
            if stages.len() > STAGES_MAX {
                return Err(wrong("is one too many"));
            }
        }
        Ok(Stages(stages))
    }

    /// What `--stages` say, or else `--ramp` for these bots.
    pub(crate) fn asked(stages: Option<&str>, ramp_seconds: f64, bots: u64) -> Result<Stages, Trouble> {
        let ramp = Duration::try_from_secs_f64(ramp_seconds).ok().filter(|ramp| *ramp <= STAGE_MAX);
        let most = STAGE_MAX.as_secs();
        let ramp = ramp.ok_or_else(|| Trouble::Options(format!("--ramp must be from 0 to {most}")));
        stages.map_or_else(|| Ok(Stages::ramp(bots, ramp?)), Stages::parse)
    }

    /// Bots in the end.
    pub fn bots(&self) -> u64 {
        self.0.last().map_or(0, |last| last.bots)
    }

    /// How long it takes until the last has begun.
    pub fn length(&self) -> Duration {
        self.0.iter().map(|stage| stage.over).sum()
    }

    /// When bot `number`, counted from 0, begins; `None` if there is no such bot.
    pub(crate) fn begins(&self, number: u64) -> Option<Duration> {
        let mut began = Duration::ZERO;
        let mut before = 0;
        for stage in &self.0 {
            if number < stage.bots {
                let share = (number - before) as f64 / (stage.bots - before) as f64;
                return Some(began + stage.over.mul_f64(share));
            }
            began += stage.over;
            before = stage.bots;
        }
        None
    }
}

impl std::fmt::Display for Stages {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, Stage { bots, over }) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(to, "{comma}{bots}x{}s", over.as_secs_f64())?;
        }
        Ok(())
    }
}

/// Of `100x10s`, or `100x10`.
fn stage(part: &str) -> Option<Stage> {
    let (bots, seconds) = part.split_once('x')?;
    let seconds = seconds.strip_suffix('s').unwrap_or(seconds).parse().ok()?;
    let over = Duration::try_from_secs_f64(seconds).ok().filter(|over| *over <= STAGE_MAX)?;
    Some(Stage { bots: bots.parse().ok()?, over })
}

const STAGES_MAX: usize = 100;
const STAGE_MAX: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(stages: &Stages, number: u64) -> Option<f64> {
        stages.begins(number).map(|at| at.as_secs_f64())
    }

    #[test]
    fn a_ramp_spreads_the_bots_evenly() {
        let ramp = Stages::ramp(10, Duration::from_secs(5));
        assert_eq!([0, 1, 9, 10].map(|bot| begins(&ramp, bot)), [Some(0.0), Some(0.5), Some(4.5), None]);
        let at_once = Stages::ramp(3, Duration::ZERO);
        assert_eq!([0, 2].map(|bot| begins(&at_once, bot)), [Some(0.0), Some(0.0)]);
    }

    #[test]
    fn stages_follow_each_other() {
        let stages = Stages::parse("100x10s, 1000x30s").unwrap();
        assert_eq!((stages.bots(), stages.length()), (1_000, Duration::from_secs(40)));
        assert_eq!([50, 100, 550].map(|bot| begins(&stages, bot)), [Some(5.0), Some(10.0), Some(25.0)]);
        assert_eq!(Stages::parse(&stages.to_string()).unwrap(), stages);
    }

    #[test]
    fn what_is_no_stage_is_named() {
        for wrong in ["", "100", "100x", "x10s", "0x1s", "5x1s,5x1s", "5x1e9s", "5x-1s"] {
            let why = Stages::parse(wrong).unwrap_err().to_string();
            assert!(why.starts_with("--stages: `"), "{wrong}: {why}");
        }
    }
}
