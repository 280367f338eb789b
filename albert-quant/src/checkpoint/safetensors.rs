//! `model.safetensors`.

use std::path::Path;
use std::sync::Arc;

use safetensors::{Dtype, SafeTensors};

use super::tensor::{ElementType, Storage, Tensor};
use super::{Found, Tensors, damaged};
use crate::error::Error;
use crate::files::MappedFile;
use crate::names;

/// Bytes before the header, which hold its length.
const LENGTH_BYTES: usize = 8;
/// Most bytes of the header. Parsing takes some twenty times as much; a thousand tensors have 130 KB.
const MOST_HEADER: u64 = 2 << 20;

/// Finds the tensors of a safetensors file.
pub(super) fn read(path: &Path) -> Result<Tensors, Error> {
    let file = Arc::new(MappedFile::open(path)?);
    let stated = file.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    if stated > MOST_HEADER {
        return Err(damaged(path, format!("the header says that it has {stated} bytes; no checkpoint needs as many")));
    }
    let (header, metadata) = SafeTensors::read_metadata(&file).map_err(|error| damaged(path, error))?;
    let start = LENGTH_BYTES + header;
    let mut found = Found::new(path, file.len());
    // In file order, so that which of two equal tensors is met first does not depend on a hash.
    for stored in metadata.offset_keys() {
        let (Some(name), Some(info)) = (names::canonical(&stored), metadata.info(&stored)) else { continue };
        let range = start + info.data_offsets.0..start + info.data_offsets.1;
        let storage = Storage::Mapped(Arc::clone(&file), range);
        let tensor = Tensor::contiguous(element(info.dtype), info.shape.clone(), storage)
            .ok_or_else(|| damaged(path, format!("tensor {stored} lies outside the file")))?;
        found.insert(name, tensor)?;
    }
    Ok(found.into_tensors())
}

fn element(dtype: Dtype) -> ElementType {
    match dtype {
        Dtype::F32 => ElementType::F32,
        Dtype::F16 => ElementType::F16,
        Dtype::BF16 => ElementType::Bf16,
        Dtype::F64 => ElementType::F64,
        other => ElementType::Other(format!("{other:?}").into()),
    }
}
