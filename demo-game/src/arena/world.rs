//! What goes into an arena and what comes out, as plain data that can be encoded as it stands.
//! Holds no rule of the game except how a hostile steering wish is tamed.

use serde::{Deserialize, Serialize};

/// Who owns a disc; chosen by the caller, unique within one arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlayerId(pub u16);

/// Where a player wishes to go: a direction, its length (0 to 1) the share of full speed. `dy` points up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Steer {
    /// To the right, -1 to 1.
    pub dx: f32,
    /// Upwards, -1 to 1.
    pub dy: f32,
}

impl Steer {
    /// The same wish made harmless: not longer than 1, and standing still where a part is not a finite number.
    pub fn tamed(self) -> Steer {
        if !self.dx.is_finite() || !self.dy.is_finite() {
            return Steer::default();
        }
        // Scaled down before squaring: the square of a large finite float is infinite.
        let largest = self.dx.abs().max(self.dy.abs()).max(1.0);
        let (dx, dy) = (self.dx / largest, self.dy / largest);
        let length = (dx * dx + dy * dy).sqrt().max(1.0);
        Steer { dx: dx / length, dy: dy / length }
    }
}

/// One moment of a match: all that a view or a bot needs, and nothing that refers to another moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// Ticks played so far.
    pub tick: u32,
    /// Ticks until the match is over; 0 once it is.
    pub ticks_left: u32,
    /// The field spans `0..=width`, `0..=height` in arena units; y points up.
    pub width: f32,
    /// See `width`.
    pub height: f32,
    /// Every player's disc by ascending id, the eaten ones included; at most [`DISCS_MAX`](super::DISCS_MAX).
    pub discs: Vec<Disc>,
    /// At most [`PELLETS_MAX`](super::PELLETS_MAX).
    pub pellets: Vec<Pellet>,
}

impl World {
    /// This player's disc, if it takes part.
    pub fn disc(&self, id: PlayerId) -> Option<&Disc> {
        self.discs.iter().find(|d| d.id == id)
    }
}

/// A player's disc.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disc {
    /// Whose it is.
    pub id: PlayerId,
    /// At most [`NAME_CHARS_MAX`](super::NAME_CHARS_MAX) characters, none of them a control character.
    pub name: String,
    /// Centre, in arena units from the left wall.
    pub x: f32,
    /// Centre, in arena units from the lower wall.
    pub y: f32,
    /// In arena units.
    pub radius: f32,
    /// Points so far; survives being eaten.
    pub score: u32,
    /// False from being eaten until the respawn; position and radius are then those of its last moment.
    pub alive: bool,
}

/// Food, in hundredths of an arena unit: four bytes each, because a snapshot carries dozens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pellet {
    /// From the left wall, in 1/100 unit.
    pub x_centi: u16,
    /// From the lower wall, in 1/100 unit.
    pub y_centi: u16,
}

impl Pellet {
    /// The pellet nearest to this point; outside of what 16 bits hold (0 to 655.35 units) it lies on the border.
    pub fn at(x: f32, y: f32) -> Pellet {
        // Float to integer casts saturate, and take NaN to 0.
        Pellet { x_centi: (x * 100.0).round() as u16, y_centi: (y * 100.0).round() as u16 }
    }

    /// Arena units from the left wall.
    pub fn x(self) -> f32 {
        f32::from(self.x_centi) / 100.0
    }

    /// Arena units from the lower wall.
    pub fn y(self) -> f32 {
        f32::from(self.y_centi) / 100.0
    }
}

/// What happened in a tick and is worth telling in order. Pellets are not: they come by the dozen and show in the score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArenaEvent {
    /// `by` ate `who` and gained `points`.
    Eaten {
        /// The larger disc.
        by: PlayerId,
        /// The smaller one; out until its [`ArenaEvent::Respawned`].
        who: PlayerId,
        /// Added to the score of `by`.
        points: u32,
    },
    /// `who` is back, small.
    Respawned {
        /// Whose disc.
        who: PlayerId,
    },
    /// `who` has overtaken the leader, or is the first to lead; a tie does not dethrone.
    LeaderChanged {
        /// The new leader.
        who: PlayerId,
        /// Its score now.
        score: u32,
    },
    /// The last tick was played; comes once, as the last event. The result is in `Arena::standings`.
    Finished,
}

/// One line of the ranking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who.
    pub id: PlayerId,
    /// As in [`Disc::name`].
    pub name: String,
    /// Points so far.
    pub score: u32,
    /// Other discs eaten so far.
    pub eaten: u32,
}
