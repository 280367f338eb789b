//! `tf_model.h5`: Keras weights in HDF5 groups.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hdf5_pure::{DType, Dataset, File, FormatError, Group, Layout, Source};

use super::tensor::{ElementType, Storage, Tensor};
use super::{Found, Tensors, damaged};
use crate::error::Error;
use crate::files::MappedFile;
use crate::names;

/// Deepest group. Keras nests about ten; links can make circles.
const MOST_DEPTH: usize = 32;
/// Longest path. Long names would be copied for every group below them.
const LONGEST_PATH: usize = 1024;

/// Finds the tensors of an HDF5 file.
pub(super) fn read(path: &Path) -> Result<Tensors, Error> {
    let file = Arc::new(MappedFile::open(path)?);
    let failed = |error: hdf5_pure::Error| damaged(path, error);
    let root = File::from_source(Metered::new(&file)).map_err(failed)?.root();
    let mut found = Found::new(path, file.len());
    let mut pending: Vec<(String, Group, usize)> = vec![(String::new(), root, 0)];
    while let Some((prefix, group, depth)) = pending.pop() {
        if depth > MOST_DEPTH || prefix.len() > LONGEST_PATH {
            return Err(damaged(path, "the file's groups are nested in circles or have names without end"));
        }
        for (name, dataset) in group.iter_datasets().map_err(failed)? {
            let stored = format!("{prefix}{name}");
            let Some((name, transposed)) = names::of_keras(&stored) else { continue };
            let tensor = tensor(&file, &dataset).map_err(|reason| damaged(path, format!("{stored}: {reason}")))?;
            found.insert(name, if transposed { tensor.transposed() } else { tensor })?;
        }
        for (name, child) in group.iter_groups().map_err(failed)? {
            pending.push((format!("{prefix}{name}/"), child, depth + 1));
        }
    }
    Ok(found.into_tensors())
}

fn tensor(file: &Arc<MappedFile>, dataset: &Dataset) -> Result<Tensor, String> {
    let text = |error: hdf5_pure::Error| error.to_string();
    let shape: Option<Vec<usize>> =
        dataset.shape().map_err(text)?.into_iter().map(|size| usize::try_from(size).ok()).collect();
    let element = match dataset.dtype().map_err(text)? {
        DType::F32 => ElementType::F32,
        DType::F64 => ElementType::F64,
        other => ElementType::Other(format!("{other:?}").into()),
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

/// The file as the HDF5 library reads it. Groups may be linked in circles and looked up again and again: what may be read is
/// bounded by the file's size, and with it time and memory. The bytes of weights are not read through it.
struct Metered {
    file: Arc<MappedFile>,
    left: AtomicU64,
}

impl Metered {
    /// Bytes that any file may be read; descriptions of a checkpoint's tensors take some hundred bytes each, a few times.
    const ALLOWANCE: u64 = 8 << 20;
    /// What a read costs beside its bytes.
    const READ: u64 = 64;

    fn new(file: &Arc<MappedFile>) -> Self {
        Self { file: Arc::clone(file), left: AtomicU64::new(Self::ALLOWANCE.saturating_add(2 * file.len() as u64)) }
    }
}

impl Source for Metered {
    fn len(&self) -> u64 {
        self.file.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        let cost = Self::READ + out.len() as u64;
        let spent = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost));
        if spent.is_err() {
            return Err(FormatError::Source("the file's groups are read over and over: links in circles".to_owned()));
        }
        let start = usize::try_from(offset).ok();
        let bytes = start.and_then(|start| self.file.get(start..)).and_then(|rest| rest.get(..out.len()));
        let available = self.file.len();
        let bytes = bytes.ok_or(FormatError::UnexpectedEof { expected: available.saturating_add(1), available })?;
        out.copy_from_slice(bytes);
        Ok(())
    }
}
