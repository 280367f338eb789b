//! Reads the pickles of PyTorch checkpoints without executing anything.
//!
//! A pickle is a program for a stack machine. This machine knows the opcodes that `torch.save` writes for a state dict and
//! the few callables that tensors are made with; any other callable is refused by name. Values live in arenas and refer to
//! each other by index, so that no input can make anything recurse; nothing is copied when it is recalled, so that memory grows
//! with the bytes read.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::checkpoint::tensor::{ElementType, MOST_RANK};

/// Most values: a tensor takes about 22, and each value up to a hundred bytes here for one byte of the file.
const MOST_VALUES: usize = 1 << 19;

/// The number that the first pickle of a file before version 1.6 holds.
const LEGACY_MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;

/// Why a pickle cannot be read.
pub(super) type Problem = String;

/// What a callable of the whitelist makes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    /// A storage class; index into [`STORAGES`].
    Storage(usize),
}

/// Storage classes and the types of their elements.
const STORAGES: [(&str, Option<ElementType>, usize); 10] = [
    ("FloatStorage", Some(ElementType::F32), 4),
    ("HalfStorage", Some(ElementType::F16), 2),
    ("BFloat16Storage", Some(ElementType::Bf16), 2),
    ("DoubleStorage", Some(ElementType::F64), 8),
    ("LongStorage", None, 8),
    ("IntStorage", None, 4),
    ("ShortStorage", None, 2),
    ("CharStorage", None, 1),
    ("ByteStorage", None, 1),
    ("BoolStorage", None, 1),
];

/// A value on the stack; compound ones by index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool,
    Int(i64),
    LegacyMagic,
    /// A number that nothing here needs.
    Opaque,
    Text(usize),
    Global(Global),
    Tuple(usize),
    List(usize),
    Dict(usize),
    Storage(usize),
    Tensor(usize),
}

/// A run of elements that tensors are views of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredElements<'a> {
    /// Names the bytes.
    pub(super) key: &'a str,
    pub(super) element: ElementType,
    pub(super) element_bytes: usize,
    /// First element, in files before version 1.6 whose storages can be views.
    pub(super) offset: usize,
}

/// A tensor: a view of a storage. Offset and strides count elements.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredTensor {
    pub(super) storage: usize,
    pub(super) offset: usize,
    /// Tuples of sizes.
    pub(super) shape: Value,
    pub(super) strides: Value,
}

/// The machine and all values that it has made; several pickles can run on one.
#[derive(Default)]
pub(super) struct Machine<'a> {
    texts: Vec<&'a str>,
    sequences: Vec<Vec<Value>>,
    dicts: Vec<Vec<(Value, Value)>>,
    pub(super) storages: Vec<StoredElements<'a>>,
    tensors: Vec<StoredTensor>,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    values: usize,
}

/// The bytes of a pickle, taken from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Problem> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or("the pickle ends early")?;
        self.0 = rest;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, Problem> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u32(&mut self) -> Result<u32, Problem> {
        self.take(4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn line(&mut self) -> Result<&'a str, Problem> {
        let length = self.0.iter().position(|&byte| byte == b'\n').ok_or("the pickle ends early")?;
        let line = self.take(length + 1)?;
        text(&line[..length])
    }
}

fn text(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|_| "the pickle holds text that is not UTF-8".to_owned())
}

impl<'a> Machine<'a> {
    /// Runs one pickle; returns its value and the bytes after it.
    pub(super) fn run(&mut self, bytes: &'a [u8]) -> Result<(Value, &'a [u8]), Problem> {
        self.stack.clear();
        self.marks.clear();
        self.memo.clear();
        let mut reader = Reader(bytes);
        loop {
            if reader.byte()? == b'.' {
                return Ok((self.pop()?, reader.0));
            }
            let opcode = bytes[bytes.len() - reader.0.len() - 1];
            self.step(opcode, &mut reader)?;
        }
    }

    fn step(&mut self, opcode: u8, reader: &mut Reader<'a>) -> Result<(), Problem> {
        match opcode {
            // Protocol and frame headers.
            0x80 => drop(reader.take(1)?),
            0x95 => drop(reader.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'N' => self.push(Value::None)?,
            0x88 | 0x89 => self.push(Value::Bool)?,
            b'K' => {
                let value = reader.byte()?;
                self.push(Value::Int(value.into()))?;
            }
            b'M' => {
                let bytes = reader.take(2)?;
                self.push(Value::Int(u16::from_le_bytes([bytes[0], bytes[1]]).into()))?;
            }
            b'J' => {
                let value = reader.u32()?.cast_signed();
                self.push(Value::Int(value.into()))?;
            }
            0x8a => {
                let length = reader.byte()?;
                let bytes = reader.take(length.into())?;
                self.push(long(bytes)?)?;
            }
            b'G' => {
                reader.take(8)?;
                self.push(Value::Opaque)?;
            }
            b'X' | b'T' | 0x8c | b'U' => {
                let length = if matches!(opcode, b'X' | b'T') { reader.u32()? as usize } else { reader.byte()?.into() };
                let text = text(reader.take(length)?)?;
                self.texts.push(text);
                self.push(Value::Text(self.texts.len() - 1))?;
            }
            b'c' => {
                let (module, name) = (reader.line()?, reader.line()?);
                self.push(Value::Global(global(module, name)?))?;
            }
            0x93 => {
                let (Value::Text(name), Value::Text(module)) = (self.pop()?, self.pop()?) else {
                    return Err("the pickle names a global by something else than text".to_owned());
                };
                let global = global(self.texts[module], self.texts[name])?;
                self.push(Value::Global(global))?;
            }
            b')' => self.push_sequence(Vec::new(), Value::Tuple)?,
            b']' => self.push_sequence(Vec::new(), Value::List)?,
            0x85..=0x87 => {
                let count = usize::from(opcode - 0x84);
                let start = self.stack.len().checked_sub(count).ok_or("the pickle's stack is empty")?;
                let items = self.stack.split_off(start);
                self.push_sequence(items, Value::Tuple)?;
            }
            b't' => {
                let items = self.pop_to_mark()?;
                self.push_sequence(items, Value::Tuple)?;
            }
            b'}' => {
                self.dicts.push(Vec::new());
                self.push(Value::Dict(self.dicts.len() - 1))?;
            }
            b's' | b'u' => {
                let items = if opcode == b'u' { self.pop_to_mark()? } else { self.pop_pair()? };
                let Some(&Value::Dict(dict)) = self.stack.last() else {
                    return Err("the pickle sets items of something that is no dict".to_owned());
                };
                self.dicts[dict].extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
            }
            b'a' | b'e' => {
                let items = if opcode == b'e' { self.pop_to_mark()? } else { vec![self.pop()?] };
                let Some(&Value::List(list)) = self.stack.last() else {
                    return Err("the pickle appends to something that is no list".to_owned());
                };
                self.sequences[list].extend(items);
            }
            b'q' | b'r' | 0x94 => {
                let slot = match opcode {
                    b'q' => reader.byte()?.into(),
                    b'r' => reader.u32()?,
                    _ => self.memo.len() as u32,
                };
                let value = *self.stack.last().ok_or("the pickle's stack is empty")?;
                self.memo.insert(slot, value);
            }
            b'h' | b'j' => {
                let slot = if opcode == b'h' { reader.byte()?.into() } else { reader.u32()? };
                let value = *self.memo.get(&slot).ok_or("the pickle recalls what it has not memorised")?;
                self.push(value)?;
            }
            b'Q' => {
                let value = self.pop()?;
                let storage = self.storage(value).ok_or("the pickle refers to a malformed storage")?;
                self.storages.push(storage);
                self.push(Value::Storage(self.storages.len() - 1))?;
            }
            b'R' => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                let value = self.call(callable, arguments).ok_or("the pickle holds a malformed tensor")?;
                self.push(value)?;
            }
            // Attributes of an object, such as a state dict's metadata.
            b'b' => drop(self.pop()?),
            other => return Err(format!("the pickle uses opcode 0x{other:02x}, which no state dict needs")),
        }
        Ok(())
    }

    fn push(&mut self, value: Value) -> Result<(), Problem> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err("the pickle holds too many values".to_owned());
        }
        self.stack.push(value);
        Ok(())
    }

    fn push_sequence(&mut self, items: Vec<Value>, kind: fn(usize) -> Value) -> Result<(), Problem> {
        self.sequences.push(items);
        self.push(kind(self.sequences.len() - 1))
    }

    fn pop(&mut self) -> Result<Value, Problem> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err("the pickle's stack is empty".to_owned());
        }
        self.stack.pop().ok_or_else(|| "the pickle's stack is empty".to_owned())
    }

    fn pop_pair(&mut self) -> Result<Vec<Value>, Problem> {
        let (value, key) = (self.pop()?, self.pop()?);
        Ok(vec![key, value])
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, Problem> {
        let mark = self.marks.pop().ok_or("the pickle has no mark to go back to")?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    /// The items of a tuple or list.
    pub(super) fn items(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::Tuple(index) | Value::List(index) => self.sequences.get(index).map(Vec::as_slice),
            _ => None,
        }
    }

    /// The entries of a dict, in order.
    pub(super) fn entries(&self, value: Value) -> Option<&[(Value, Value)]> {
        if let Value::Dict(index) = value { self.dicts.get(index).map(Vec::as_slice) } else { None }
    }

    pub(super) fn text(&self, value: Value) -> Option<&'a str> {
        if let Value::Text(index) = value { self.texts.get(index).copied() } else { None }
    }

    pub(super) fn tensor(&self, value: Value) -> Option<&StoredTensor> {
        if let Value::Tensor(index) = value { self.tensors.get(index) } else { None }
    }

    /// A tuple of few sizes.
    pub(super) fn sizes(&self, value: Value) -> Option<Vec<usize>> {
        let items = self.items(value).filter(|items| items.len() <= MOST_RANK)?;
        items.iter().map(|&item| size(item)).collect()
    }

    /// `("storage", class, key, location, elements[, view])`; a view is `(key, offset, elements)`.
    fn storage(&self, id: Value) -> Option<StoredElements<'a>> {
        let (kind, class, key, view) = match *self.items(id)? {
            [kind, class, key, _, _] => (kind, class, key, Value::None),
            [kind, class, key, _, _, view] => (kind, class, key, view),
            _ => return None,
        };
        let Value::Global(Global::Storage(class)) = class else { return None };
        if self.text(kind)? != "storage" {
            return None;
        }
        let offset = if view == Value::None { 0 } else { size(*self.items(view)?.get(1)?)? };
        let (name, element, element_bytes) = STORAGES.get(class)?;
        let other = || ElementType::Other(Cow::Borrowed(name.trim_end_matches("Storage")));
        let element = element.clone().unwrap_or_else(other);
        Some(StoredElements { key: self.text(key)?, element, element_bytes: *element_bytes, offset })
    }

    fn call(&mut self, callable: Value, arguments: Value) -> Option<Value> {
        let arguments = self.items(arguments)?;
        match (callable, arguments) {
            (Value::Global(Global::OrderedDict), []) => {
                self.dicts.push(Vec::new());
                Some(Value::Dict(self.dicts.len() - 1))
            }
            (Value::Global(Global::RebuildTensor), &[Value::Storage(storage), offset, shape, strides, ..]) => {
                let few = |sizes| self.items(sizes).is_some_and(|items| items.len() <= MOST_RANK);
                if !few(shape) || !few(strides) {
                    return None;
                }
                let tensor = StoredTensor { storage, offset: size(offset)?, shape, strides };
                self.tensors.push(tensor);
                Some(Value::Tensor(self.tensors.len() - 1))
            }
            (Value::Global(Global::RebuildParameter), &[tensor @ Value::Tensor(_), ..]) => Some(tensor),
            _ => None,
        }
    }
}

fn size(value: Value) -> Option<usize> {
    if let Value::Int(value) = value { usize::try_from(value).ok() } else { None }
}

/// A little-endian two's complement number.
fn long(bytes: &[u8]) -> Result<Value, Problem> {
    let sign = if bytes.last().is_some_and(|&byte| byte >= 0x80) { 0xff } else { 0 };
    let mut wide = [sign; 16];
    wide.get_mut(..bytes.len()).ok_or("the pickle holds a huge number")?.copy_from_slice(bytes);
    Ok(match i128::from_le_bytes(wide) {
        LEGACY_MAGIC => Value::LegacyMagic,
        number => i64::try_from(number).map_or(Value::Opaque, Value::Int),
    })
}

fn global(module: &str, name: &str) -> Result<Global, Problem> {
    let storage = STORAGES.iter().position(|(class, ..)| *class == name);
    match (module, name, storage) {
        ("collections", "OrderedDict", _) => Ok(Global::OrderedDict),
        ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor", _) => Ok(Global::RebuildTensor),
        ("torch._utils", "_rebuild_parameter", _) => Ok(Global::RebuildParameter),
        ("torch", _, Some(class)) => Ok(Global::Storage(class)),
        _ => {
            Err(format!("the pickle asks for {module}.{name}, which is no part of a state dict; nothing was executed"))
        }
    }
}
