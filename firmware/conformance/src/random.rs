//! Inputs: random and extreme.

/// A small generator (xorshift), so that failures repeat.
pub struct Random(u32);

impl Random {
    pub fn new(seed: u32) -> Self {
        Self(seed | 1)
    }

    pub fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// In `0..end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.word() as usize % end.max(1)
    }

    /// In [-127, 127].
    pub fn byte(&mut self) -> i8 {
        ((self.word() % 255) as i16 - 127) as i8
    }

    /// In [-1, 1).
    pub fn unit(&mut self) -> f32 {
        (self.word() >> 8) as f32 / 8_388_608.0 - 1.0
    }
}

/// A way to fill bytes in [-127, 127].
#[derive(Clone, Copy)]
pub enum Bytes {
    Random,
    Alternating,
    Highest,
    Lowest,
}

impl Bytes {
    pub const ALL: [Self; 4] = [Self::Random, Self::Alternating, Self::Highest, Self::Lowest];

    pub fn fill(self, out: &mut [i8], random: &mut Random) {
        for (index, byte) in out.iter_mut().enumerate() {
            *byte = match self {
                Self::Random => random.byte(),
                Self::Alternating => [127, -127][index % 2],
                Self::Highest => 127,
                Self::Lowest => -127,
            };
        }
    }
}

/// A way to fill floats.
#[derive(Clone, Copy)]
pub enum Floats {
    Normal,
    Wide,
    Tiny,
    Edges,
}

impl Floats {
    pub const ALL: [Self; 4] = [Self::Normal, Self::Wide, Self::Tiny, Self::Edges];

    pub fn fill(self, out: &mut [f32], random: &mut Random) {
        const EDGES: [f32; 12] =
            [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e30, -1e30, 1e-45, f32::MIN_POSITIVE, f32::NAN];
        for value in out {
            *value = match self {
                Self::Normal => random.unit() * 8.0,
                Self::Wide => random.unit() * f32::from_bits((127 - 40 + random.word() % 60) << 23),
                Self::Tiny => f32::from_bits((random.word() & 0x807f_ffff) >> (random.word() % 2)),
                Self::Edges => EDGES[random.below(EDGES.len())],
            };
        }
    }
}
