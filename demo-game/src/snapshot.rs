//! A world as it travels: the arena's numbers in hundredths of a unit, half their size. The arena itself knows nothing
//! of messages, so that its types can change without changing the wire.

use std::time::Duration;

use farcall_protocol::Message;
use serde::{Deserialize, Serialize};

use crate::arena::{Disc, Pellet, PlayerId, World};

/// One moment of a match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Message)]
pub struct Snapshot {
    /// The server's clock when it was taken.
    at_ms: u32,
    tick: u32,
    ticks_left: u32,
    size: Point,
    discs: Vec<DiscSeen>,
    pellets: Vec<Point>,
}

/// A place on the field, in hundredths of an arena unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Message)]
struct Point {
    x: u16,
    y: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Message)]
struct DiscSeen {
    number: u16,
    name: String,
    at: Point,
    radius_centi: u16,
    score: u32,
    alive: bool,
}

impl Snapshot {
    /// The world as it is now, by the server's clock.
    pub fn of(world: World, now: Duration) -> Self {
        Self {
            // Wraps after 49 days, at the cost of one jerk.
            at_ms: now.as_millis() as u32,
            tick: world.tick,
            ticks_left: world.ticks_left,
            size: Point { x: centi(world.width), y: centi(world.height) },
            discs: world.discs.into_iter().map(DiscSeen::from).collect(),
            pellets: world.pellets.into_iter().map(|p| Point { x: p.x_centi, y: p.y_centi }).collect(),
        }
    }

    /// When it was taken, by the server's clock.
    pub fn at(&self) -> Duration {
        Duration::from_millis(self.at_ms.into())
    }
}

impl From<Snapshot> for World {
    fn from(seen: Snapshot) -> Self {
        Self {
            tick: seen.tick,
            ticks_left: seen.ticks_left,
            width: units(seen.size.x),
            height: units(seen.size.y),
            discs: seen.discs.into_iter().map(Disc::from).collect(),
            pellets: seen.pellets.into_iter().map(|p| Pellet { x_centi: p.x, y_centi: p.y }).collect(),
        }
    }
}

impl From<Disc> for DiscSeen {
    fn from(disc: Disc) -> Self {
        Self {
            number: disc.id.0,
            name: disc.name,
            at: Point { x: centi(disc.x), y: centi(disc.y) },
            radius_centi: centi(disc.radius),
            score: disc.score,
            alive: disc.alive,
        }
    }
}

impl From<DiscSeen> for Disc {
    fn from(seen: DiscSeen) -> Self {
        Self {
            id: PlayerId(seen.number),
            name: seen.name,
            x: units(seen.at.x),
            y: units(seen.at.y),
            radius: units(seen.radius_centi),
            score: seen.score,
            alive: seen.alive,
        }
    }
}

/// Float to integer casts saturate: what lies outside of 0 to 655.35 units comes to lie on the border.
fn centi(units: f32) -> u16 {
    (units * 100.0).round() as u16
}

fn units(centi: u16) -> f32 {
    f32::from(centi) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::{Arena, ArenaConfig};

    #[test]
    fn a_world_survives_the_journey_to_a_hundredth_of_a_unit() {
        let mut arena = Arena::new(ArenaConfig::default(), 7);
        arena.add(PlayerId(3), "cat").unwrap();
        arena.tick();
        let sent = arena.world();
        let received = World::from(Snapshot::of(sent.clone(), Duration::ZERO));
        assert_eq!((received.tick, &received.pellets), (sent.tick, &sent.pellets));
        let (near, exact) = (&received.discs[0], &sent.discs[0]);
        assert_eq!((&near.name, near.id, near.alive), (&exact.name, exact.id, exact.alive));
        assert!((near.x - exact.x).abs() <= 0.005 && (near.y - exact.y).abs() <= 0.005);
    }
}
