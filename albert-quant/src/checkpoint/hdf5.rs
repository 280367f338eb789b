//! `tf_model.h5`: Keras weights in HDF5 groups.

use std::path::Path;
use std::sync::Arc;

use hdf5_pure::{DType, Dataset, File, Group, Layout};

use super::file::MappedFile;
use super::tensor::{ElementType, Storage, Tensor};
use super::{Tensors, damaged, insert};
use crate::error::Error;
use crate::names;

/// Deepest group. Keras nests about ten; links can make circles.
const MOST_DEPTH: usize = 32;
/// Most groups of a file.
const MOST_GROUPS: usize = 1 << 16;

/// Longest path. Long names would be copied for every group below them.
const LONGEST_PATH: usize = 4096;

/// Finds the tensors of an HDF5 file.
pub(super) fn read(path: &Path) -> Result<Tensors, Error> {
    let file = Arc::new(MappedFile::open(path)?);
    let failed = |error: hdf5_pure::Error| damaged(path, error);
    let root = File::open_streaming(path).map_err(failed)?.root();
    let mut tensors = Tensors::new();
    let mut pending: Vec<(String, Group, usize)> = vec![(String::new(), root, 0)];
    let mut groups = 0;
    while let Some((prefix, group, depth)) = pending.pop() {
        groups += 1;
        if depth > MOST_DEPTH || groups > MOST_GROUPS || prefix.len() > LONGEST_PATH {
            return Err(damaged(path, "the file's groups are nested in circles or have names without end"));
        }
        for name in group.datasets().map_err(failed)? {
            let stored = format!("{prefix}{name}");
            let Some((name, transposed)) = names::of_keras(&stored) else { continue };
            let dataset = group.dataset(stored.rsplit('/').next().unwrap_or(&stored)).map_err(failed)?;
            let tensor = tensor(&file, &dataset).map_err(|reason| damaged(path, format!("{stored}: {reason}")))?;
            insert(&mut tensors, name, if transposed { tensor.transposed() } else { tensor })?;
        }
        for name in group.groups().map_err(failed)? {
            let child = group.group(&name).map_err(failed)?;
            pending.push((format!("{prefix}{name}/"), child, depth + 1));
        }
    }
    Ok(tensors)
}

fn tensor(file: &Arc<MappedFile>, dataset: &Dataset) -> Result<Tensor, String> {
    let text = |error: hdf5_pure::Error| error.to_string();
    let shape: Option<Vec<usize>> =
        dataset.shape().map_err(text)?.into_iter().map(|size| usize::try_from(size).ok()).collect();
    let element = match dataset.dtype().map_err(text)? {
        DType::F32 => ElementType::F32,
        DType::F64 => ElementType::F64,
        other => ElementType::Other(format!("{other:?}")),
    };
    let Layout::Contiguous { address: Some(address), size } = dataset.layout().map_err(text)? else {
        return Err("the weights are not stored in one piece".to_owned());
    };
    let range = usize::try_from(address).ok().zip(usize::try_from(size).ok());
    let range = range.and_then(|(start, size)| Some(start..start.checked_add(size)?));
    let tensor = shape
        .zip(range)
        .and_then(|(shape, range)| Tensor::contiguous(element, shape, Storage::Mapped(Arc::clone(file), range)));
    tensor.ok_or_else(|| "the weights lie outside the file".to_owned())
}
