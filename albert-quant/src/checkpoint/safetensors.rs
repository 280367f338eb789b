//! `model.safetensors`.

use std::path::Path;
use std::sync::Arc;

use safetensors::{Dtype, SafeTensors};

use super::file::MappedFile;
use super::tensor::{ElementType, Storage, Tensor};
use super::{Tensors, damaged, insert};
use crate::error::Error;
use crate::names;

/// Bytes before the header, which hold its length.
const LENGTH_BYTES: usize = 8;

/// Finds the tensors of a safetensors file.
pub(super) fn read(path: &Path) -> Result<Tensors, Error> {
    let file = Arc::new(MappedFile::open(path)?);
    let (header, metadata) = SafeTensors::read_metadata(&file).map_err(|error| damaged(path, error))?;
    let start = LENGTH_BYTES + header;
    let mut tensors = Tensors::new();
    // In file order, so that which of two equal tensors is met first does not depend on a hash.
    for stored in metadata.offset_keys() {
        let (Some(name), Some(info)) = (names::canonical(&stored), metadata.info(&stored)) else { continue };
        let range = start + info.data_offsets.0..start + info.data_offsets.1;
        let storage = Storage::Mapped(Arc::clone(&file), range);
        let tensor = Tensor::contiguous(element(info.dtype), info.shape.clone(), storage)
            .ok_or_else(|| damaged(path, format!("tensor {stored} lies outside the file")))?;
        insert(&mut tensors, name, tensor)?;
    }
    Ok(tensors)
}

fn element(dtype: Dtype) -> ElementType {
    match dtype {
        Dtype::F32 => ElementType::F32,
        Dtype::F16 => ElementType::F16,
        Dtype::BF16 => ElementType::Bf16,
        Dtype::F64 => ElementType::F64,
        other => ElementType::Other(format!("{other:?}")),
    }
}
