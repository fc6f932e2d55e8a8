//! Where discs are between two snapshots: drawn a moment late by the server's clock, they glide instead of jumping with
//! every delay of the network. Pure: gets the clock handed in, and guesses nothing beyond the newest snapshot.

use std::time::Duration;

use crate::arena::{Disc, TICKS_PER_SECOND, World};
use crate::snapshot::Snapshot;

/// The last two snapshots of a match.
#[derive(Debug, Default)]
pub struct Smooth {
    older: Option<Moment>,
    newer: Option<Moment>,
}

#[derive(Debug)]
struct Moment {
    at: Duration,
    world: World,
}

impl Smooth {
    /// A snapshot has come.
    pub fn sees(&mut self, snapshot: Snapshot) {
        let moment = Moment { at: snapshot.at(), world: snapshot.into() };
        self.older = self.newer.replace(moment);
    }

    /// The field one tick ago, now being what the server's clock shows, give or take the error.
    pub fn at(&self, (now, error): (Duration, Duration)) -> Option<World> {
        let newer = self.newer.as_ref()?;
        let mut world = newer.world.clone();
        // Ticks begin anew with each match: nothing glides from one into the next.
        if let Some(older) = self.older.as_ref().filter(|older| older.world.tick < newer.world.tick) {
            let shown = now.saturating_sub(Duration::from_secs(1) / TICKS_PER_SECOND + error);
            let (passed, whole) = (shown.saturating_sub(older.at), newer.at.saturating_sub(older.at));
            let share = (passed.as_secs_f32() / whole.as_secs_f32().max(f32::EPSILON)).min(1.0);
            for disc in &mut world.discs {
                let before = older.world.disc(disc.id).filter(|before| before.alive && disc.alive);
                before.inspect(|before| glide(disc, before, share));
            }
        }
        Some(world)
    }
}

/// Moves a disc back to this share of its way from where it was before.
fn glide(disc: &mut Disc, before: &Disc, share: f32) {
    let between = |from: f32, to: f32| from + (to - from) * share;
    disc.x = between(before.x, disc.x);
    disc.y = between(before.y, disc.y);
    disc.radius = between(before.radius, disc.radius);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::{Arena, ArenaConfig, PlayerId, Steer};

    const TICK: Duration = Duration::from_millis(33);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Two snapshots, a tick apart, of a disc that runs to the right; and where it was in each.
    fn run() -> (Smooth, [f32; 2]) {
        let me = PlayerId(0);
        let mut arena = Arena::new(ArenaConfig::default(), 1);
        arena.add(me, "cat").unwrap();
        arena.steer(me, Steer { dx: 1.0, dy: 0.0 });
        let mut smooth = Smooth::default();
        let places = [ms(1_000), ms(1_000) + TICK].map(|at| {
            arena.tick();
            smooth.sees(Snapshot::of(arena.world(), at));
            smooth.newer.as_ref().and_then(|newer| newer.world.disc(me)).unwrap().x
        });
        (smooth, places)
    }

    fn x(smooth: &Smooth, now: Duration, error: Duration) -> f32 {
        smooth.at((now, error)).unwrap().disc(PlayerId(0)).unwrap().x
    }

    #[test]
    fn a_disc_glides_from_one_snapshot_to_the_next_one_tick_late() {
        let (smooth, [before, after]) = run();
        let halfway = x(&smooth, ms(1_000) + TICK + TICK / 2, Duration::ZERO);
        assert!((halfway - (before + after) / 2.0).abs() < 0.05, "{before} {halfway} {after}");
        // Nothing newer has come: it stands rather than running ahead.
        assert_eq!(x(&smooth, ms(5_000), Duration::ZERO), after);
        // A clock that may be far off shows a moment that has surely come.
        assert_eq!(x(&smooth, ms(1_000) + TICK * 2, ms(40)), before);
    }

    #[test]
    fn nothing_glides_from_one_match_into_the_next() {
        let (mut smooth, [_, after]) = run();
        let newer = smooth.newer.take().unwrap();
        smooth.older = Some(Moment { at: newer.at, world: newer.world.clone() });
        smooth.newer = Some(Moment { at: newer.at + TICK, world: World { tick: 0, ..newer.world } });
        assert_eq!(x(&smooth, ms(1_000), Duration::ZERO), after);
    }
}
