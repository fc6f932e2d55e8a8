//! Chance for the arena and its bots: small, seeded, repeatable.
//! Not for secrets: anyone who sees a few outputs can tell the rest.

/// A SplitMix64 generator. Equal seeds give equal sequences on every machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Prng {
    state: u64,
}

impl Prng {
    /// A generator whose whole future follows from `seed`; every seed is a good one, zero included.
    pub fn new(seed: u64) -> Prng {
        Prng { state: seed }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0.0..1.0`.
    pub fn unit(&mut self) -> f32 {
        // 24 bits: as many as an f32 holds exactly, so 1.0 itself can never come out by rounding.
        (self.bits() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// A number between `low` and `high`; `low` itself where the two are equal or crossed.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + self.unit() * (high - low).max(0.0)
    }
}

/// SplitMix64's increment: 2^64 divided by the golden ratio, made odd.
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
