//! `pytorch_model.bin`: a pickled state dict, in a ZIP archive (PyTorch 1.6 and later) or before its storages.

mod pickle;
mod zip;

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::tensor::{Storage, Tensor};
use super::{Found, Tensors, damaged};
use crate::error::Error;
use crate::files::MappedFile;
use crate::names;
use pickle::{Machine, Problem, Value};

/// The first pickle of a file before version 1.6 holds a magic number, the second this protocol.
const LEGACY_PROTOCOL: i64 = 1001;

/// What training scripts put a state dict under; `net` is StyleTTS's.
const WRAPPERS: [&str; 4] = ["state_dict", "model_state_dict", "model", "net"];

/// Finds the tensors of a pickled state dict.
pub(super) fn read(path: &Path) -> Result<Tensors, Error> {
    let file = Arc::new(MappedFile::open(path)?);
    let mut machine = Machine::default();
    let parsed = if file.starts_with(b"PK") { archive(&file, &mut machine) } else { legacy(&file, &mut machine) };
    let (state, storages) = parsed.map_err(|problem| damaged(path, problem))?;
    let mut found = Found::new(path, file.len());
    for &(key, value) in state_dict(&machine, state).map_err(|problem| damaged(path, problem))? {
        let (Some(stored), Some(view)) = (machine.text(key), machine.tensor(value)) else { continue };
        let Some(name) = names::canonical(stored) else { continue };
        let storage = &machine.storages[view.storage];
        let tensor = storages.get(storage.key).and_then(|range| {
            let skipped = storage.offset.checked_add(view.offset)?.checked_mul(storage.element_bytes)?;
            let start = range.start.checked_add(skipped).filter(|&start| start <= range.end)?;
            let bytes = Storage::Mapped(Arc::clone(&file), start..range.end);
            let (shape, strides) = (machine.sizes(view.shape)?, machine.sizes(view.strides)?);
            Tensor::strided(storage.element.clone(), shape, strides, bytes)
        });
        let tensor = tensor.ok_or_else(|| damaged(path, format!("tensor {stored} lies outside its storage")))?;
        found.insert(name, tensor)?;
    }
    Ok(found.into_tensors())
}

/// Where the bytes of each storage are, by key.
type Storages<'a> = HashMap<&'a str, Range<usize>>;

fn archive<'a>(file: &'a [u8], machine: &mut Machine<'a>) -> Result<(Value, Storages<'a>), Problem> {
    let members = zip::members(file)?;
    if members.get("byteorder").is_some_and(|range| file[range.clone()] != *b"little") {
        return Err("the archive's numbers are big-endian".to_owned());
    }
    let pickle = members.get("data.pkl").ok_or("the archive holds no data.pkl")?;
    let (state, _) = machine.run(&file[pickle.clone()])?;
    let storage = |(name, range): (&'a str, Range<usize>)| Some((name.strip_prefix("data/")?, range));
    Ok((state, members.into_iter().filter_map(storage).collect()))
}

/// Magic number, protocol, system information, state dict, storage keys; then each storage: a count and its elements.
fn legacy<'a>(file: &'a [u8], machine: &mut Machine<'a>) -> Result<(Value, Storages<'a>), Problem> {
    let not_torch = "the file is neither an archive nor a PyTorch pickle";
    let (magic, rest) = machine.run(file).map_err(|_| not_torch)?;
    let (protocol, rest) = machine.run(rest)?;
    if magic != Value::LegacyMagic || protocol != Value::Int(LEGACY_PROTOCOL) {
        return Err(not_torch.to_owned());
    }
    let (_system, rest) = machine.run(rest)?;
    let (state, rest) = machine.run(rest)?;
    let element_bytes: HashMap<&str, usize> =
        machine.storages.iter().map(|storage| (storage.key, storage.element_bytes)).collect();
    let (keys, mut rest) = machine.run(rest)?;
    let mut storages = Storages::new();
    for &key in machine.items(keys).ok_or("the file lists no storages")? {
        let key = machine.text(key).ok_or("the file lists a storage without a name")?;
        let outside = || format!("storage {key} lies outside the file");
        let (count, after) = rest.split_first_chunk().ok_or_else(outside)?;
        let count = usize::try_from(u64::from_le_bytes(*count)).map_err(|_| outside())?;
        let bytes = element_bytes.get(key).and_then(|bytes| bytes.checked_mul(count)).ok_or_else(outside)?;
        let start = file.len() - after.len();
        rest = after.get(bytes..).ok_or_else(outside)?;
        storages.insert(key, start..start + bytes);
    }
    Ok((state, storages))
}

/// The entries of the state dict: the pickled object itself, or what training scripts wrap it in.
fn state_dict<'m>(machine: &'m Machine<'_>, state: Value) -> Result<&'m [(Value, Value)], Problem> {
    let entries = machine.entries(state).ok_or("the file holds something else than a state dict")?;
    let wrapped = |name: &str| {
        let entry = entries.iter().find(|(key, _)| machine.text(*key) == Some(name));
        entry.and_then(|&(_, value)| machine.entries(value))
    };
    Ok(WRAPPERS.into_iter().find_map(wrapped).unwrap_or(entries))
}
