//! The tensors that a reader has found so far.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use super::damaged;
use super::tensor::Tensor;
use crate::error::Error;

/// Tensors by canonical name.
pub(crate) type Tensors = BTreeMap<String, Tensor>;

/// Most tensors of a checkpoint. A BERT of 4096 layers has as many.
pub(super) const MOST_TENSORS: usize = 1 << 16;

/// Collects tensors. A name may occur twice, at the same place or with the same values.
///
/// Values are compared as little as the files have bytes: copies of a tensor that do not overlap never take more.
pub(super) struct Found<'p> {
    path: &'p Path,
    tensors: Tensors,
    /// Names that were given, repeated ones included.
    names: usize,
    /// Bytes that may still be compared.
    comparable: usize,
}

impl<'p> Found<'p> {
    /// Nothing yet, of files that have so many bytes together.
    pub(super) fn new(path: &'p Path, file_bytes: usize) -> Self {
        Self { path, tensors: Tensors::new(), names: 0, comparable: file_bytes }
    }

    /// Counts another file's bytes.
    pub(super) fn add_file(&mut self, bytes: usize) {
        self.comparable = self.comparable.saturating_add(bytes);
    }

    /// Adds a tensor; a second one of the same name must have the same values.
    pub(super) fn insert(&mut self, name: String, tensor: Tensor) -> Result<(), Error> {
        self.names += 1;
        if self.names > MOST_TENSORS {
            return Err(damaged(self.path, format!("more than {MOST_TENSORS} tensors")));
        }
        match self.tensors.entry(name) {
            Entry::Vacant(place) => {
                place.insert(tensor);
                Ok(())
            }
            Entry::Occupied(first) if first.get().same_place(&tensor) => Ok(()),
            Entry::Occupied(first) => {
                let left = self.comparable.checked_sub(tensor.bytes());
                self.comparable =
                    left.ok_or_else(|| damaged(self.path, format!("copies of {} overlap", first.key())))?;
                match first.get().same_values(&tensor) {
                    true => Ok(()),
                    false => Err(Error::DuplicateTensor { name: first.key().clone() }),
                }
            }
        }
    }

    pub(super) fn into_tensors(self) -> Tensors {
        self.tensors
    }
}
