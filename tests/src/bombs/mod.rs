//! Checkpoints of a few kilobytes or megabytes that would cost far more than their size to read, if a reader believed them.
//!
//! Each is a way to make some reader repeat work or memory: shapes without end, one tensor under one name again and again,
//! links in circles, keys that are copied for every entry. A reader must refuse or read them within [`Bomb::most_memory`] and
//! [`MOST_TIME`].
//!
//! Others are valid and ask for much work for their size: calibration takes less of it.

mod calibration;
mod hdf5;
mod msgpack;
mod pickle;
mod safetensors;
mod tensorflow;

use std::fs;
use std::path::Path;
use std::time::Duration;

use albert_quant::{Options, convert};

use crate::clock::Clock;
use crate::memory;

/// Most processor time that reading a bomb may take.
pub const MOST_TIME: Duration = Duration::from_secs(5);
/// Memory that any file may take, however small.
pub const ALLOWANCE: usize = 64 << 20;

/// A hostile checkpoint.
#[derive(Clone, Debug)]
pub struct Bomb {
    /// What it is called.
    pub name: &'static str,
    /// What it does.
    pub trick: &'static str,
    /// Names and contents of its files, beside the configuration.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// What reading it cost before the readers were bounded, as measured then.
    pub before: &'static str,
}

/// What reading a bomb costs now.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Most bytes held at a time.
    pub memory: usize,
    /// Processor time of all threads.
    pub time: Duration,
    /// The error; none of a checkpoint that asks for much and is valid.
    pub result: Result<(), String>,
}

/// A bomb by name, made when it is wanted.
pub type Maker = fn() -> Bomb;

/// Every bomb.
pub const ALL: [Maker; 21] = [
    pickle::shape,
    pickle::key,
    pickle::duplicates,
    pickle::overlapping,
    pickle::values,
    tensorflow::duplicates,
    tensorflow::dimensions,
    tensorflow::prefixes,
    hdf5::wide_1000,
    hdf5::wide_4000,
    hdf5::wide_20000,
    hdf5::cycle,
    hdf5::duplicates,
    safetensors::shape,
    safetensors::many,
    safetensors::metadata,
    msgpack::keys,
    msgpack::many,
    calibration::deep,
    calibration::wide,
    calibration::labels,
];

impl Bomb {
    fn new(name: &'static str, trick: &'static str, before: &'static str, file: &'static str, bytes: Vec<u8>) -> Self {
        Self { name, trick, files: vec![(file, bytes)], before }
    }

    /// Bytes of its files.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// Memory that reading it may take: ten times its size, and the allowance.
    #[must_use]
    pub fn most_memory(&self) -> usize {
        10 * self.bytes() + ALLOWANCE
    }

    /// Converts it to int8. The program must have [`memory::Counting`] as its allocator.
    ///
    /// # Panics
    /// When no temporary directory can be written.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let directory = tempfile::tempdir().expect("a temporary directory");
        self.write(directory.path());
        let clock = Clock::start();
        let (result, memory) = memory::peak(|| convert(directory.path(), &Options::default()).map(drop));
        Cost { memory, time: clock.elapsed(), result: result.map_err(|error| error.to_string()) }
    }

    fn write(&self, directory: &Path) {
        let config = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../albert-quant/tests/fixtures/heads/sequence-classification/config.json");
        fs::copy(config, directory.join("config.json")).expect("the fixture is there");
        for (name, bytes) in &self.files {
            fs::write(directory.join(name), bytes).expect("the directory is writable");
        }
    }
}

/// A number of protocol buffers: seven bits a byte.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        bytes.push(low | if number > 0 { 0x80 } else { 0 });
        if number == 0 {
            return bytes;
        }
    }
}
