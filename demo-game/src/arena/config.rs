//! What an arena can be set up with, and why it refuses a player. The rules themselves are no settings: see `rules`.

use super::rules;

/// What an arena is like. Values out of bounds are brought to the nearest bound by `Arena::new`.
#[derive(Clone, Debug, PartialEq)]
pub struct ArenaConfig {
    /// In arena units, 40 to 600. A fresh disc has a radius of 2.2.
    pub width_units: f32,
    /// In arena units, 40 to 600.
    pub height_units: f32,
    /// Pellets lying about at any time; an eaten one grows back elsewhere at once. At most [`PELLETS_MAX`](rules::PELLETS_MAX).
    pub pellets: u16,
    /// Length of the match in ticks, 30 a second.
    pub match_ticks: u32,
    /// Ticks an eaten disc is out.
    pub respawn_ticks: u32,
}

impl ArenaConfig {
    /// The same config with every value brought to the nearest bound.
    pub(super) fn within_bounds(self) -> ArenaConfig {
        ArenaConfig {
            width_units: side_within_bounds(self.width_units),
            height_units: side_within_bounds(self.height_units),
            pellets: self.pellets.min(rules::PELLETS_MAX),
            ..self
        }
    }
}

impl Default for ArenaConfig {
    /// A match of 20 seconds on 100 by 100 units.
    fn default() -> ArenaConfig {
        ArenaConfig {
            width_units: 100.0,
            height_units: 100.0,
            pellets: 60,
            match_ticks: 20 * rules::TICKS_PER_SECOND,
            respawn_ticks: 45,
        }
    }
}

/// Why a player could not enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// The arena holds [`DISCS_MAX`](rules::DISCS_MAX) discs already.
    ArenaFull,
    /// This id has a disc already.
    AlreadyIn,
}

impl std::fmt::Display for JoinError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            JoinError::ArenaFull => "the arena is full",
            JoinError::AlreadyIn => "this player is in the arena already",
        })
    }
}

impl std::error::Error for JoinError {}

fn side_within_bounds(units: f32) -> f32 {
    // `clamp` would hand a NaN through.
    if units.is_nan() { SIDE_UNITS_MIN } else { units.clamp(SIDE_UNITS_MIN, SIDE_UNITS_MAX) }
}

/// Holds the largest disc with room to pass it on both sides.
const SIDE_UNITS_MIN: f32 = 40.0;
/// What a pellet's 16 bits can address.
const SIDE_UNITS_MAX: f32 = 600.0;
