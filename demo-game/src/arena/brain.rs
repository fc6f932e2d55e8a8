//! How a bot plays: from a world and its own id to a wish. A little greed, a little fear, a little stubbornness.
//! Sees only what a human player would be sent, and decides nothing but the steering.

use super::prng::Prng;
use super::rules::{self, TICKS_PER_SECOND};
use super::world::{Disc, PlayerId, Steer, World};

/// One bot's mind. Two brains with the same seed play alike; different seeds differ in temper.
#[derive(Clone, Debug)]
pub struct Brain {
    prng: Prng,
    /// Border to border, in arena units: larger discs nearer than this are fled.
    fear_units: f32,
    /// Border to border, in arena units: smaller discs nearer than this are chased.
    greed_units: f32,
    /// The side this bot prefers to slip away to, and its current mood: added to every wish.
    drift: Steer,
    drift_until_tick: u32,
}

impl Brain {
    /// A bot whose temper follows from `seed`.
    pub fn new(seed: u64) -> Brain {
        let mut prng = Prng::new(seed);
        let fear_units = prng.between(0.5, 6.0);
        let greed_units = prng.between(16.0, 45.0);
        Brain { prng, fear_units, greed_units, drift: Steer::default(), drift_until_tick: 0 }
    }

    /// Where this bot wishes to go now. Stands still while it has no living disc.
    pub fn steer(&mut self, world: &World, me: PlayerId) -> Steer {
        let Some(mine) = world.disc(me).filter(|d| d.alive) else { return Steer::default() };
        self.change_mood(world.tick);

        let others = || world.discs.iter().filter(|d| d.alive && d.id != me);
        let flight = self.flight(mine, others(), world);
        let aim = match flight {
            Some(away) => away,
            None => self.chase(mine, others()).or_else(|| graze(mine, world)).unwrap_or_default(),
        };
        Steer { dx: aim.dx + self.drift.dx, dy: aim.dy + self.drift.dy }.tamed()
    }

    fn change_mood(&mut self, tick: u32) {
        // A tick before the mood began means a new match.
        let begun = self.drift_until_tick.saturating_sub(MOOD_TICKS_MAX);
        if tick < self.drift_until_tick && tick >= begun {
            return;
        }
        self.drift = Steer { dx: self.prng.between(-0.3, 0.3), dy: self.prng.between(-0.3, 0.3) };
        let ticks = self.prng.between(TICKS_PER_SECOND as f32 / 2.0, MOOD_TICKS_MAX as f32);
        self.drift_until_tick = tick.saturating_add(ticks as u32);
    }

    /// Away from every larger disc that is near, the nearer the more; along the wall where a wall is in the way.
    fn flight<'a>(
        &self,
        mine: &Disc,
        others: impl Iterator<Item = &'a Disc>,
        world: &World,
    ) -> Option<Steer> {
        let mut away = Steer::default();
        for other in others.filter(|o| rules::outsizes(o.radius, mine.radius)) {
            let gap = gap_units(mine, other);
            if gap < self.fear_units {
                let to = toward(mine, other.x, other.y);
                let urgency = 1.0 / gap.max(0.5);
                away.dx -= to.dx * urgency;
                away.dy -= to.dy * urgency;
            }
        }
        if away == Steer::default() {
            return None;
        }
        let away = unit(away);
        Some(unit(Steer {
            dx: off_the_wall(away.dx, mine.x, mine.radius, world.width),
            dy: off_the_wall(away.dy, mine.y, mine.radius, world.height),
        }))
    }

    /// Straight at the smaller disc that is nearest, if one is near enough.
    fn chase<'a>(&self, mine: &Disc, others: impl Iterator<Item = &'a Disc>) -> Option<Steer> {
        others
            .filter(|o| rules::outsizes(mine.radius, o.radius))
            .map(|o| (gap_units(mine, o), o))
            .filter(|(gap, _)| *gap < self.greed_units)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, prey)| toward(mine, prey.x, prey.y))
    }
}

/// Towards the nearest pellet.
fn graze(mine: &Disc, world: &World) -> Option<Steer> {
    let nearest = |a: &(f32, f32), b: &(f32, f32)| {
        let far = |p: &(f32, f32)| (p.0 - mine.x).hypot(p.1 - mine.y);
        far(a).total_cmp(&far(b))
    };
    world.pellets.iter().map(|p| (p.x(), p.y())).min_by(nearest).map(|(x, y)| toward(mine, x, y))
}

/// One axis of a flight: pressed against a wall, the push towards it is dropped, so that the rest slides along it.
fn off_the_wall(push: f32, at: f32, radius: f32, side: f32) -> f32 {
    let room = if push < 0.0 { at - radius } else { side - radius - at };
    if room < WALL_ROOM_UNITS { push * -0.2 } else { push }
}

fn gap_units(a: &Disc, b: &Disc) -> f32 {
    (a.x - b.x).hypot(a.y - b.y) - a.radius - b.radius
}

fn toward(from: &Disc, x: f32, y: f32) -> Steer {
    unit(Steer { dx: x - from.x, dy: y - from.y })
}

fn unit(v: Steer) -> Steer {
    let length = v.dx.hypot(v.dy);
    // On the spot there is no direction to speak of.
    if length < 1e-3 { Steer::default() } else { Steer { dx: v.dx / length, dy: v.dy / length } }
}

const MOOD_TICKS_MAX: u32 = 3 * TICKS_PER_SECOND;
const WALL_ROOM_UNITS: f32 = 1.0;
