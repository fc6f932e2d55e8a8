//! The numbers of the game and the arithmetic on them: who may eat whom, how fast a size moves, what a meal is worth.
//! Holds no state; `state` applies these rules to discs.

/// Ticks the arena is meant to run each second; speeds are stated per second and divided by this.
pub const TICKS_PER_SECOND: u32 = 30;

/// Most discs an arena ever holds. More would crowd a 100 by 100 field, and a snapshot should stay below 2 KiB.
pub const DISCS_MAX: usize = 16;

/// Most pellets an arena ever holds, for the same two reasons.
pub const PELLETS_MAX: u16 = 200;

/// Characters kept of a player's name; what comes after them is cut.
pub const NAME_CHARS_MAX: usize = 12;

/// How many times the radius of its prey a disc must have to eat it: "clearly smaller", visible to the eye.
pub const EAT_RATIO: f32 = 1.1;

/// Radius of a fresh disc, in arena units.
pub(super) const RADIUS_START_UNITS: f32 = 2.2;

/// A disc stops growing here, in arena units: above it the hunted would have nowhere left to go.
pub(super) const RADIUS_MAX_UNITS: f32 = 11.0;

/// Score for one pellet.
pub(super) const PELLET_POINTS: u32 = 1;

/// Nobody is called the leader with fewer points.
pub(super) const LEADER_POINTS_MIN: u32 = 8;

/// Whether a disc of radius `hunter` is large enough to eat one of radius `prey`.
pub(super) fn outsizes(hunter: f32, prey: f32) -> bool {
    hunter >= prey * EAT_RATIO
}

/// Whether prey this far away (centre to centre, squared) lies within reach: its centre is under the hunter.
pub(super) fn reaches(hunter_radius: f32, distance_squared: f32) -> bool {
    distance_squared <= hunter_radius * hunter_radius
}

/// Units a disc of this radius moves in one tick at full steering. Growing slows it down: the large must corner, not outrun.
pub(super) fn stride_units(radius: f32) -> f32 {
    // Square roots, not a power: IEEE 754 fixes their last bit, so every machine plays the same match.
    let slowed = (RADIUS_START_UNITS / radius.max(RADIUS_START_UNITS)).sqrt().sqrt();
    SPEED_START_UNITS_PER_SECOND * slowed / TICKS_PER_SECOND as f32
}

/// The radius after a meal of this area (in units of radius squared).
pub(super) fn grown(radius: f32, meal_area: f32) -> f32 {
    (radius * radius + meal_area).sqrt().min(RADIUS_MAX_UNITS)
}

/// What one pellet adds to the eater's area.
pub(super) fn pellet_area() -> f32 {
    PELLET_AREA
}

/// What an eaten disc adds to the eater's area. A part is lost, so that two large discs are worth more hunted twice.
pub(super) fn prey_area(prey_radius: f32) -> f32 {
    prey_radius * prey_radius * PREY_SHARE
}

/// Score for eating a disc of this radius: at least 6, at most 126.
pub(super) fn prey_points(prey_radius: f32) -> u32 {
    // Radius is bounded by RADIUS_MAX_UNITS, so the cast cannot saturate.
    PREY_POINTS_BASE + (prey_radius * prey_radius) as u32
}

/// The radius one tick later: above the starting size a disc slowly shrinks, so that leading means to keep eating.
pub(super) fn starved(radius: f32) -> f32 {
    (radius - (radius - RADIUS_START_UNITS).max(0.0) * STARVE_PER_TICK).max(RADIUS_START_UNITS)
}

/// A name fit to be shown: no control characters (they could drive a terminal), no outer blanks, bounded, never empty.
pub(super) fn shown_name(name: &str) -> String {
    let plain: String = name.trim().chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    if plain.is_empty() { "?".to_owned() } else { plain }
}

const SPEED_START_UNITS_PER_SECOND: f32 = 21.0;
const PELLET_AREA: f32 = 1.3;
const PREY_SHARE: f32 = 0.7;
const PREY_POINTS_BASE: u32 = 5;
/// At 30 ticks a second the surplus halves in about 38 s.
const STARVE_PER_TICK: f32 = 0.0006;
