//! The colours, and which player has which. Nothing else decides on a colour number.

use ratatui::style::Color;

use super::scene::Direction;
use crate::arena::PlayerId;

/// The colour of a player's disc. Sixteen players in a row differ.
pub(super) fn of_player(id: PlayerId) -> Color {
    DISCS[usize::from(id.0) % DISCS.len()]
}

/// The colour of a call's route.
pub(super) fn of_direction(direction: Direction) -> Color {
    match direction {
        Direction::ToServer => TO_SERVER,
        Direction::ToPlayer => TO_PLAYER,
        Direction::Relayed => RELAYED,
        Direction::Link => ACCENT,
    }
}

pub(super) const TO_SERVER: Color = Color::Indexed(80);
pub(super) const TO_PLAYER: Color = Color::Indexed(221);
pub(super) const RELAYED: Color = Color::Indexed(177);
pub(super) const FAILED: Color = Color::Indexed(203);
pub(super) const ACCENT: Color = Color::Indexed(114);
/// For what matters least: borders, durations, hints.
pub(super) const DIM: Color = Color::Indexed(245);
/// The whole screen stands on this, so that the colours fit on light terminals as well.
pub(super) const GROUND: Color = Color::Indexed(234);
pub(super) const TEXT: Color = Color::Indexed(252);
pub(super) const FIELD: Color = Color::Indexed(233);
pub(super) const PELLET: Color = Color::Indexed(150);
/// The name on a disc; the disc colours are dark enough for it.
pub(super) const NAME: Color = Color::Indexed(231);
/// The name on one's own disc.
pub(super) const OWN_NAME: Color = Color::Indexed(228);

/// Neighbours in the list differ most, because ids are mostly given in a row.
const DISCS: [Color; 16] = [
    Color::Indexed(160),
    Color::Indexed(26),
    Color::Indexed(28),
    Color::Indexed(130),
    Color::Indexed(91),
    Color::Indexed(30),
    Color::Indexed(162),
    Color::Indexed(100),
    Color::Indexed(61),
    Color::Indexed(166),
    Color::Indexed(23),
    Color::Indexed(96),
    Color::Indexed(64),
    Color::Indexed(88),
    Color::Indexed(25),
    Color::Indexed(136),
];
