//! The original TensorFlow checkpoints: `*.index`, a sorted table of entries, and `*.data-00000-of-00001`.
//!
//! The index is a LevelDB table: blocks of key-value pairs with shared key prefixes, an index block of blocks, a footer.
//! Values are protocol buffers (`BundleHeaderProto` under the empty key, `BundleEntryProto` under names).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::tensor::{ElementType, MOST_RANK, Storage, Tensor};
use super::{Found, Tensors, damaged};
use crate::error::Error;
use crate::files::MappedFile;
use crate::names;

/// Ends the footer.
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;
const FOOTER_BYTES: usize = 48;
/// Compression byte and checksum after a block.
const TRAILER_BYTES: usize = 5;

/// Longest name, and most entries of index and table: keys share prefixes, so that few bytes could stand for many.
const LONGEST_KEY: usize = 1024;
const MOST_ENTRIES: usize = 1 << 16;

/// Finds the tensors of a checkpoint by its index.
pub(super) fn read(path: &Path) -> Result<Tensors, Error> {
    let index = MappedFile::open(path)?;
    let mut shards = Shards { index: path, open: Vec::new() };
    let mut found = Found::new(path, 0);
    table(&index, &mut |key, value| {
        let failed = |reason: &str| damaged(path, format!("{}: {reason}", String::from_utf8_lossy(key)));
        if key.is_empty() {
            let count = entry_header(value).ok_or_else(|| failed("the header is damaged"))?;
            return shards.count(count).map_err(|reason| failed(&reason));
        }
        let stored = std::str::from_utf8(key).map_err(|_| failed("the name is not UTF-8"))?;
        let Some((name, transposed)) = names::of_tensorflow(stored) else { return Ok(()) };
        let entry = Entry::parse(value).ok_or_else(|| failed("the entry is damaged"))?;
        let (file, opened) = shards.get(entry.shard)?;
        found.add_file(opened);
        let tensor = entry.end().and_then(|end| {
            let storage = Storage::Mapped(file, entry.offset..end);
            Tensor::contiguous(entry.element(), entry.shape.clone(), storage)
        });
        let tensor = tensor.ok_or_else(|| failed("the tensor lies outside its file"))?;
        found.insert(name, if transposed { tensor.transposed() } else { tensor })
    })
    .map_err(|problem| match problem {
        Problem::Table(reason) => damaged(path, reason),
        Problem::Entry(error) => error,
    })?;
    Ok(found.into_tensors())
}

/// What is wrong: with the table, or with what an entry says.
enum Problem {
    Table(&'static str),
    Entry(Error),
}

/// The data files of a checkpoint, opened when they are needed.
struct Shards<'p> {
    index: &'p Path,
    open: Vec<Option<Arc<MappedFile>>>,
}

impl Shards<'_> {
    fn count(&mut self, shards: u64) -> Result<(), String> {
        match usize::try_from(shards) {
            Ok(shards @ 1..=1000) => {
                self.open = vec![None; shards];
                Ok(())
            }
            _ => Err(format!("{shards} data files")),
        }
    }

    /// A data file, and its bytes when it is the first time.
    fn get(&mut self, shard: usize) -> Result<(Arc<MappedFile>, usize), Error> {
        let count = self.open.len();
        let Some(slot) = self.open.get_mut(shard) else {
            return Err(damaged(self.index, format!("data file {shard} of {count}")));
        };
        if let Some(file) = slot {
            return Ok((Arc::clone(file), 0));
        }
        let mut path = PathBuf::from(self.index);
        path.set_extension(format!("data-{shard:05}-of-{count:05}"));
        let file = Arc::new(MappedFile::open(&path)?);
        *slot = Some(Arc::clone(&file));
        let bytes = file.len();
        Ok((file, bytes))
    }
}

/// Where a tensor is.
#[derive(Default)]
struct Entry {
    dtype: u64,
    shape: Vec<usize>,
    shard: usize,
    offset: usize,
    bytes: usize,
}

impl Entry {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut entry = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, Field::Number(dtype)) => entry.dtype = dtype,
                (2, Field::Bytes(shape)) => {
                    for dimension in Fields(shape) {
                        let (2, Field::Bytes(dimension)) = dimension? else { continue };
                        let size = Fields(dimension).find_map(|field| match field {
                            Some((1, Field::Number(size))) => usize::try_from(size).ok(),
                            _ => None,
                        });
                        if entry.shape.len() == MOST_RANK {
                            return None;
                        }
                        entry.shape.push(size.unwrap_or(0));
                    }
                }
                (3, Field::Number(shard)) => entry.shard = usize::try_from(shard).ok()?,
                (4, Field::Number(offset)) => entry.offset = usize::try_from(offset).ok()?,
                (5, Field::Number(bytes)) => entry.bytes = usize::try_from(bytes).ok()?,
                _ => {}
            }
        }
        Some(entry)
    }

    fn end(&self) -> Option<usize> {
        self.offset.checked_add(self.bytes)
    }

    fn element(&self) -> ElementType {
        match self.dtype {
            1 => ElementType::F32,
            2 => ElementType::F64,
            14 => ElementType::Bf16,
            19 => ElementType::F16,
            other => ElementType::Other(format!("TensorFlow type {other}").into()),
        }
    }
}

/// Number of data files; `None` for a damaged or big-endian header.
fn entry_header(bytes: &[u8]) -> Option<u64> {
    let mut shards = 0;
    for field in Fields(bytes) {
        match field? {
            (1, Field::Number(count)) => shards = count,
            (2, Field::Number(endianness)) if endianness != 0 => return None,
            _ => {}
        }
    }
    Some(shards)
}

/// A field of a protocol buffer.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The fields of a message with their numbers; `None` where the message is damaged, and then no more.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Field<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let mut rest = self.0;
        let field = field(&mut rest);
        self.0 = if field.is_some() { rest } else { &[] };
        Some(field)
    }
}

fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let tag = varint(bytes)?;
    let field = match tag & 7 {
        0 => Field::Number(varint(bytes)?),
        1 => take(bytes, 8).map(|_| Field::Fixed)?,
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            Field::Bytes(take(bytes, length)?)
        }
        5 => take(bytes, 4).map(|_| Field::Fixed)?,
        _ => return None,
    };
    Some((tag >> 3, field))
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Takes a key and its value.
type Each<'e, E> = &'e mut dyn FnMut(&[u8], &[u8]) -> Result<(), E>;

/// Calls `each` with the keys and values of a table, in order.
fn table(file: &[u8], each: Each<'_, Error>) -> Result<(), Problem> {
    const DAMAGED: Problem = Problem::Table("the index is damaged");
    let footer = file.len().checked_sub(FOOTER_BYTES).and_then(|start| file.get(start..));
    let footer = footer.ok_or(Problem::Table("the index is too short"))?;
    if footer[FOOTER_BYTES - 8..] != MAGIC.to_le_bytes() {
        return Err(Problem::Table("not an index of a TensorFlow checkpoint"));
    }
    let mut handles = footer;
    let _metadata = block(file, &mut handles).ok_or(DAMAGED)?;
    let index = block(file, &mut handles).ok_or(DAMAGED)??;
    let mut left = MOST_ENTRIES;
    let mut count = |failed: Problem| -> Result<(), Problem> {
        left = left.checked_sub(1).ok_or(failed)?;
        Ok(())
    };
    pairs(index, &mut |_, mut handle| {
        count(DAMAGED)?;
        let block = block(file, &mut handle).ok_or(DAMAGED)??;
        pairs(block, &mut |key, value| {
            count(DAMAGED)?;
            each(key, value).map_err(Problem::Entry)
        })
    })
}

/// The block that a handle (offset, size) stands for.
fn block<'a>(file: &'a [u8], handle: &mut &[u8]) -> Option<Result<&'a [u8], Problem>> {
    let start = usize::try_from(varint(handle)?).ok()?;
    let end = start.checked_add(usize::try_from(varint(handle)?).ok()?)?;
    let contents = file.get(start..end)?;
    let trailer = file.get(end..end.checked_add(TRAILER_BYTES)?)?;
    Some(if trailer[0] == 0 { Ok(contents) } else { Err(Problem::Table("the index is compressed")) })
}

/// Calls `each` with the keys and values of a block; keys share prefixes with their predecessors.
fn pairs(block: &[u8], each: Each<'_, Problem>) -> Result<(), Problem> {
    let mut key = Vec::new();
    let mut rest = entries(block).ok_or(Problem::Table("the index is damaged"))?;
    while !rest.is_empty() {
        let value = pair(&mut rest, &mut key).ok_or(Problem::Table("the index is damaged"))?;
        each(&key, value)?;
    }
    Ok(())
}

/// A block without its restart points.
fn entries(block: &[u8]) -> Option<&[u8]> {
    let (body, count) = block.split_last_chunk()?;
    let restarts = usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(4)?;
    body.get(..body.len().checked_sub(restarts)?)
}

/// Turns the previous key into the next one, and returns its value.
fn pair<'a>(rest: &mut &'a [u8], key: &mut Vec<u8>) -> Option<&'a [u8]> {
    let [shared, own, value] = [varint(rest)?, varint(rest)?, varint(rest)?].map(|count| usize::try_from(count).ok());
    let (shared, own) = (shared?, take(rest, own?)?);
    if shared > key.len() || shared + own.len() > LONGEST_KEY {
        return None;
    }
    key.truncate(shared);
    key.extend(own);
    take(rest, value?)
}
