//! The outputs as a file like the reference.

use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};

use super::reference::Expected;
use crate::error::{At, Result};
use crate::output::Output;

/// One output; zeros where nothing is computed.
#[derive(Debug)]
pub(super) struct Dump(Vec<u8>);

impl Dump {
    pub(super) fn new(elements: usize) -> Self {
        Self(vec![0; elements * 4])
    }

    /// Puts values at element `start` and the following.
    pub(super) fn put(&mut self, start: usize, values: &[f32]) {
        for (place, value) in self.0.chunks_exact_mut(4).skip(start).zip(values) {
            place.copy_from_slice(&value.to_le_bytes());
        }
    }
}

/// Writes outputs under their names and in their shapes.
pub(super) fn write<'d>(file: &Output, dumps: impl Iterator<Item = (&'d Expected<'d>, &'d Dump)>) -> Result<()> {
    let place = "cannot write the outputs";
    let mut views = Vec::new();
    for (expected, dump) in dumps {
        views.push((expected.name, TensorView::new(Dtype::F32, expected.shape.clone(), &dump.0).at(place)?));
    }
    let bytes = serialize(views, None).at(place)?;
    file.write(&bytes)
}
