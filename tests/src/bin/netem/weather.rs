//! Decides how a packet fares on its way: when it arrives, or that it does not. Only arithmetic on instants handed in.

use std::time::{Duration, Instant};

use farcall_tests::chance::Chance;

/// What happens to packets.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Weather {
    /// How long each is under way.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// So much more or less, each by itself: packets overtake each other.
    #[arg(long, default_value_t = 0)]
    jitter_ms: u64,
    /// So many of a hundred never arrive.
    #[arg(long, default_value_t = 0)]
    loss_percent: usize,
    /// Bits a millisecond, behind a queue of [`QUEUE_MAX`]. Without: as many as come.
    #[arg(long)]
    kbit: Option<u64>,
}

/// How far behind a slow line may be before it loses what comes. A packet of 1,500 bytes takes 190 ms at 64 kbit/s.
const QUEUE_MAX: Duration = Duration::from_secs(1);

/// The weather over one direction of a line.
#[derive(Debug)]
pub(crate) struct Sky {
    weather: Weather,
    chance: Chance,
    /// When the packets before have left.
    free_at: Option<Instant>,
}

impl Sky {
    /// The same losses and delays for the same packets, from a seed.
    pub(crate) const fn new(weather: Weather, seed: u64) -> Self {
        Self { weather, chance: Chance::new(seed), free_at: None }
    }

    /// When a packet that comes now arrives; `None` if it is lost.
    pub(crate) fn arrival(&mut self, packet_bytes: usize, now: Instant) -> Option<Instant> {
        if self.chance.percent(self.weather.loss_percent) {
            return None;
        }
        Some(self.leaves(packet_bytes, now)? + self.way())
    }

    /// When it has left, behind those before it.
    fn leaves(&mut self, packet_bytes: usize, now: Instant) -> Option<Instant> {
        let Some(kbit) = self.weather.kbit else { return Some(now) };
        let begins = self.free_at.map_or(now, |free_at| free_at.max(now));
        if begins - now > QUEUE_MAX {
            return None;
        }
        let takes = Duration::from_micros(packet_bytes as u64 * 8 * 1_000 / kbit.max(1));
        self.free_at = Some(begins + takes);
        self.free_at
    }

    fn way(&mut self) -> Duration {
        let Weather { delay_ms, jitter_ms, .. } = self.weather;
        let around = Duration::from_micros(self.chance.below(jitter_ms as usize * 2_000 + 1) as u64);
        (Duration::from_millis(delay_ms) + around).saturating_sub(Duration::from_millis(jitter_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAR: Weather = Weather { delay_ms: 0, jitter_ms: 0, loss_percent: 0, kbit: None };

    fn arrivals(weather: Weather, packets: usize) -> Vec<Option<Duration>> {
        let (mut sky, now) = (Sky::new(weather, 1), Instant::now());
        (0..packets).map(|_| sky.arrival(100, now).map(|at| at - now)).collect()
    }

    #[test]
    fn a_clear_sky_changes_nothing() {
        assert_eq!(arrivals(CLEAR, 3), [Some(Duration::ZERO); 3]);
    }

    #[test]
    fn packets_take_their_time_and_overtake_each_other() {
        let all = arrivals(Weather { delay_ms: 200, jitter_ms: 50, ..CLEAR }, 1_000);
        let all: Vec<Duration> = all.into_iter().flatten().collect();
        let (least, most) = (all.iter().min().unwrap(), all.iter().max().unwrap());
        assert!((150..160).contains(&least.as_millis()) && (240..=250).contains(&most.as_millis()));
        assert!(all.windows(2).any(|two| two[0] > two[1]) && all.len() == 1_000);
    }

    #[test]
    fn so_many_of_a_hundred_are_lost() {
        let all = arrivals(Weather { loss_percent: 5, ..CLEAR }, 10_000);
        let lost = all.iter().filter(|arrival| arrival.is_none()).count();
        assert!((400..600).contains(&lost), "{lost}");
    }

    #[test]
    fn a_slow_line_takes_one_after_the_other_and_keeps_so_many() {
        let all = arrivals(Weather { kbit: Some(64), ..CLEAR }, 100);
        let taken: Vec<Duration> = all.into_iter().flatten().collect();
        // 100 bytes at 64 bits a millisecond are 12.5 ms: 80 in a second, and the one that begins at its end.
        let expected: Vec<Duration> = (1..=81).map(|nth| Duration::from_micros(12_500) * nth).collect();
        assert_eq!(taken, expected);
    }
}
