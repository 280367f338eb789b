//! One tensor of a checkpoint, wherever its bytes lie.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use half::{bf16, f16};

use crate::files::MappedFile;

/// Element types that weights are stored in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ElementType {
    F32,
    F16,
    Bf16,
    F64,
    /// A type that no weight may have, by the container's name for it.
    Other(Cow<'static, str>),
}

impl ElementType {
    /// Bytes of an element; 0 for types that are never read.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Other(_) => 0,
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F64 => "f64",
            Self::Other(name) => name,
        })
    }
}

/// Most dimensions of a tensor. Weights have two.
pub(super) const MOST_RANK: usize = 8;

/// Where the bytes of a tensor are.
#[derive(Clone)]
pub(crate) enum Storage {
    Mapped(Arc<MappedFile>, Range<usize>),
}

impl Storage {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(file, range) => file.get(range.clone()).unwrap_or(&[]),
        }
    }
}

/// A tensor of a checkpoint: little-endian elements at strides inside some bytes.
///
/// Invariant: every element of the shape lies inside the storage, which holds at least as many elements as the shape, unless
/// the element type is `Other`. So a tensor is never larger than its file, whatever its shape and strides claim.
#[derive(Clone)]
pub(crate) struct Tensor {
    element: ElementType,
    shape: Vec<usize>,
    /// Distance between neighbours of each dimension, in elements.
    strides: Vec<usize>,
    storage: Storage,
}

impl Tensor {
    /// A row-major tensor that starts where its storage starts; `None` when the storage is too short.
    pub(crate) fn contiguous(element: ElementType, shape: Vec<usize>, storage: Storage) -> Option<Self> {
        let mut strides = vec![0; shape.len()];
        let mut step = 1usize;
        for (stride, &size) in strides.iter_mut().zip(&shape).rev() {
            *stride = step;
            step = step.checked_mul(size)?;
        }
        Self::strided(element, shape, strides, storage)
    }

    /// A tensor at strides; `None` when some element lies outside the storage, or when the storage has fewer elements.
    pub(crate) fn strided(
        element: ElementType,
        shape: Vec<usize>,
        strides: Vec<usize>,
        storage: Storage,
    ) -> Option<Self> {
        if shape.len() != strides.len() || shape.len() > MOST_RANK {
            return None;
        }
        if !shape.contains(&0) {
            let mut last = 0usize;
            for (&size, &stride) in shape.iter().zip(&strides) {
                last = last.checked_add((size - 1).checked_mul(stride)?)?;
            }
            let elements = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))?;
            let needed = last.checked_add(1)?.max(elements).checked_mul(element.bytes())?;
            if needed > storage.bytes().len() {
                return None;
            }
        }
        Some(Self { element, shape, strides, storage })
    }

    /// The same elements with rows for columns; a vector is as before.
    pub(crate) fn transposed(mut self) -> Self {
        self.shape.reverse();
        self.strides.reverse();
        self
    }

    /// The rows of a matrix from `first` on; none when it has fewer.
    pub(crate) fn rows_from(mut self, first: usize) -> Self {
        let Self { element, shape, strides, storage } = &mut self;
        if let ([rows, ..], [stride, ..]) = (shape.as_mut_slice(), strides.as_slice()) {
            let Storage::Mapped(_, range) = storage;
            let skipped = first.min(*rows);
            *rows -= skipped;
            // Inside the storage: the tensor's elements are. Without rows left nothing is read.
            let bytes = skipped.saturating_mul(*stride).saturating_mul(element.bytes());
            range.start = range.start.saturating_add(bytes).min(range.end);
        }
        self
    }

    /// Whether the elements can be read.
    pub(crate) fn is_float(&self) -> bool {
        !matches!(self.element, ElementType::Other(_))
    }

    pub(crate) fn element(&self) -> &ElementType {
        &self.element
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Reads row `row` as f32; a vector is one row. f64 is rounded to nearest.
    pub(crate) fn read_row(&self, row: usize, out: &mut [f32]) {
        let (first, step) = match *self.strides {
            [step] => (0, step),
            [row_stride, step] => (row * row_stride, step),
            _ => (0, 0),
        };
        let bytes = self.storage.bytes();
        match self.element {
            ElementType::F32 => read(bytes, first, step, out, f32::from_le_bytes),
            ElementType::F16 => read(bytes, first, step, out, |b| f16::from_le_bytes(b).to_f32()),
            ElementType::Bf16 => read(bytes, first, step, out, |b| bf16::from_le_bytes(b).to_f32()),
            ElementType::F64 => read(bytes, first, step, out, |b| f64::from_le_bytes(b) as f32),
            ElementType::Other(_) => out.fill(f32::NAN),
        }
    }

    /// Gives back the memory that the file's bytes of some rows take until they are read again. Where rows do not lie one after
    /// the other, does so with the last of them.
    pub(crate) fn release(&self, rows: Range<usize>) {
        let Storage::Mapped(file, range) = &self.storage;
        match (self.shape.as_slice(), self.strides.as_slice()) {
            (&[_, columns], &[stride, 1]) if stride == columns => {
                let place = |row: usize| (range.start + row * stride * self.element.bytes()).min(range.end);
                file.release(place(rows.start)..place(rows.end));
            }
            (&[count, ..], _) if rows.end < count => {}
            _ => file.release(range.clone()),
        }
    }

    /// Bytes of the elements.
    pub(crate) fn bytes(&self) -> usize {
        self.shape.iter().fold(self.element.bytes(), |bytes, &size| bytes.saturating_mul(size))
    }

    /// Whether two tensors are the same view of the same bytes.
    pub(super) fn same_place(&self, other: &Self) -> bool {
        let (Storage::Mapped(file, range), Storage::Mapped(other_file, other_range)) = (&self.storage, &other.storage);
        Arc::ptr_eq(file, other_file)
            && range.start == other_range.start
            && (&self.element, &self.shape, &self.strides) == (&other.element, &other.shape, &other.strides)
    }

    /// Whether two tensors have the same shape and, read as f32, the same elements. Tensors that cannot be read differ.
    pub(crate) fn same_values(&self, other: &Self) -> bool {
        if self.shape != other.shape || !self.is_float() || !other.is_float() {
            return false;
        }
        if self.same_place(other) {
            return true;
        }
        let (rows, columns) = match *self.shape {
            [columns] => (1, columns),
            [rows, columns] => (rows, columns),
            _ => return false,
        };
        if rows == 0 || columns == 0 {
            return true;
        }
        let (mut a, mut b) = (vec![0.0; columns], vec![0.0; columns]);
        (0..rows).all(|row| {
            self.read_row(row, &mut a);
            other.read_row(row, &mut b);
            a == b
        })
    }
}

/// Decodes elements `first`, `first + step`, … of `bytes`; those outside are NaN, which no caller accepts.
fn read<const N: usize>(bytes: &[u8], first: usize, step: usize, out: &mut [f32], decode: impl Fn([u8; N]) -> f32) {
    let (elements, _) = bytes.as_chunks::<N>();
    let tail = elements.get(first..).unwrap_or(&[]);
    out.fill(f32::NAN);
    for (value, element) in out.iter_mut().zip(tail.iter().step_by(step.max(1))) {
        *value = decode(*element);
    }
}
