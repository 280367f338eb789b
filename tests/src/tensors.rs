//! Safetensors files as plain vectors of f64.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

/// A tensor with its values widened to f64; integers are exact.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// Elements, row-major.
    pub values: Vec<f64>,
}

impl Tensor {
    /// Elements of one entry of the outermost dimension.
    pub fn stride(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// Entry `index` of the outermost dimension.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.stride()..][..self.stride()]
    }

    /// The same elements with the two outermost dimensions made one.
    pub fn flattened(&self) -> Self {
        let mut shape = self.shape[1..].to_vec();
        shape[0] *= self.shape[0];
        Self { shape, values: self.values.clone() }
    }
}

/// All tensors of a file, by name.
///
/// # Panics
/// When the file cannot be read, or holds something other than numbers: this is for files that the tests trust.
pub fn read(path: &Path) -> BTreeMap<String, Tensor> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = SafeTensors::deserialize(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.iter()
        .map(|(name, view)| {
            let data = view.data();
            let values = match view.dtype() {
                Dtype::F64 => widen(data, f64::from_le_bytes),
                Dtype::F32 => widen(data, |bytes| f32::from_le_bytes(bytes).into()),
                Dtype::F16 => widen(data, |bytes| f16::from_le_bytes(bytes).into()),
                Dtype::BF16 => widen(data, |bytes| bf16::from_le_bytes(bytes).into()),
                Dtype::I64 => widen(data, |bytes| i64::from_le_bytes(bytes) as f64),
                other => panic!("{}: {name} is {other:?}", path.display()),
            };
            (name.to_owned(), Tensor { shape: view.shape().to_vec(), values })
        })
        .collect()
}

fn widen<const N: usize>(data: &[u8], convert: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let (elements, _) = data.as_chunks::<N>();
    elements.iter().map(|bytes| convert(*bytes)).collect()
}
