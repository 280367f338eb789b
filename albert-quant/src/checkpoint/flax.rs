//! `flax_model.msgpack`: nested maps whose leaves are extension objects with shape, dtype and bytes.

use std::path::Path;
use std::sync::Arc;

use rmp::Marker;
use rmp::decode::{self, ValueReadError};

use super::tensor::{ElementType, MOST_RANK, Storage, Tensor};
use super::{Found, Tensors, damaged};
use crate::error::Error;
use crate::files::MappedFile;
use crate::names;

/// Deepest map. ALBERT nests about eight.
const MOST_DEPTH: usize = 32;
/// Longest keys on the way to a leaf, together. Long ones would be copied for every leaf below them.
const LONGEST_PATH: usize = 1024;
/// Extension type of an array.
const NDARRAY: i8 = 1;

/// Finds the tensors of a msgpack file.
pub(super) fn read(path: &Path) -> Result<Tensors, Error> {
    let file = Arc::new(MappedFile::open(path)?);
    let failed = |reason: String| damaged(path, reason);
    let mut reader = Reader { file: &file, rest: &file };
    let mut found = Found::new(path, file.len());
    // Keys on the way to the current map, and how many entries it has left.
    let mut keys: Vec<&str> = Vec::new();
    let mut left = vec![reader.map().map_err(failed)?];
    while let Some(entries) = left.last_mut() {
        if *entries == 0 {
            left.pop();
            keys.pop();
            continue;
        }
        *entries -= 1;
        keys.push(reader.text().map_err(failed)?);
        if keys.iter().map(|key| key.len()).sum::<usize>() > LONGEST_PATH {
            return Err(damaged(path, "the keys are too long"));
        }
        if reader.at_map() {
            if left.len() >= MOST_DEPTH {
                return Err(damaged(path, "the maps are nested too deeply"));
            }
            left.push(reader.map().map_err(failed)?);
            continue;
        }
        let array = reader.array().map_err(|reason| damaged(path, format!("{}: {reason}", keys.join("."))))?;
        if let Some((name, transposed)) = names::of_flax(&keys) {
            let storage = Storage::Mapped(Arc::clone(&file), array.start..array.end);
            let tensor = Tensor::contiguous(array.element, array.shape, storage)
                .ok_or_else(|| damaged(path, format!("{} has fewer bytes than its shape asks for", keys.join("."))))?;
            found.insert(name, if transposed { tensor.transposed() } else { tensor })?;
        }
        keys.pop();
    }
    Ok(found.into_tensors())
}

/// An array of the file: where its bytes are.
struct Array {
    element: ElementType,
    shape: Vec<usize>,
    start: usize,
    end: usize,
}

struct Reader<'a> {
    file: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn position(&self) -> usize {
        self.file.len() - self.rest.len()
    }

    fn map(&mut self) -> Result<u32, String> {
        decode::read_map_len(&mut self.rest).map_err(|error| format!("no map of parameters: {error}"))
    }

    fn at_map(&self) -> bool {
        let marker = self.rest.first().map(|&byte| Marker::from_u8(byte));
        matches!(marker, Some(Marker::FixMap(_) | Marker::Map16 | Marker::Map32))
    }

    /// Steps over `count` bytes and returns them.
    fn take(&mut self, count: u32) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(count as usize).ok_or("the file ends early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn text(&mut self) -> Result<&'a str, String> {
        let length = decode::read_str_len(&mut self.rest).map_err(|error| format!("a key is no text: {error}"))?;
        if length as usize > LONGEST_PATH {
            return Err(format!("a key has {length} bytes"));
        }
        std::str::from_utf8(self.take(length)?).map_err(|_| "a key is not UTF-8".to_owned())
    }

    /// An extension object of type 1: `[shape, dtype, bytes]`.
    fn array(&mut self) -> Result<Array, String> {
        let wrong = |error: ValueReadError| format!("not an array: {error}");
        let extension = decode::read_ext_meta(&mut self.rest).map_err(wrong)?;
        if extension.typeid != NDARRAY {
            return Err(format!("not an array but an extension of type {}", extension.typeid));
        }
        let fields = decode::read_array_len(&mut self.rest).map_err(wrong)?;
        let rank = decode::read_array_len(&mut self.rest).map_err(wrong)?;
        if fields != 3 || rank as usize > MOST_RANK {
            return Err("not an array of few dimensions".to_owned());
        }
        let size = |bytes: &mut &[u8]| decode::read_int::<usize, _>(bytes).map_err(|error| error.to_string());
        let shape = (0..rank).map(|_| size(&mut self.rest)).collect::<Result<Vec<_>, _>>()?;
        let element = match self.text()? {
            "float32" => ElementType::F32,
            "float16" => ElementType::F16,
            "bfloat16" => ElementType::Bf16,
            "float64" => ElementType::F64,
            other => ElementType::Other(other.to_owned().into()),
        };
        let length = decode::read_bin_len(&mut self.rest).map_err(wrong)?;
        let start = self.position();
        self.take(length)?;
        Ok(Array { element, shape, start, end: self.position() })
    }
}
