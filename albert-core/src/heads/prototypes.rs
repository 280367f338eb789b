//! Labels that are taught on the device, by a few examples each: the running mean of their embeddings, and the nearest mean.
//!
//! Source: nearest class mean; Snell et al., 2017 (Prototypical Networks).

use crate::kernels::square_root;
use crate::slices::{OrEmpty, copy, part, part_mut};

/// First bytes of the memory: magic and version.
const MAGIC: [u8; 4] = *b"APR1";
/// Magic, labels, width, checksum: four bytes each.
const HEADER: usize = 16;
/// Before a label's mean: number of examples, and 1 over the mean's length.
const RECORD_HEADER: usize = 8;

/// Why an operation on prototypes fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PrototypeError {
    /// The size of the memory differs from [`Prototypes::bytes`].
    Memory {
        /// Bytes needed.
        needed: usize,
    },
    /// The stored bytes are damaged, or are for another number of labels or another width.
    Stored,
    /// The label is not below the number of labels.
    Label {
        /// Labels that there is memory for.
        labels: usize,
    },
    /// The embedding has another width.
    Width {
        /// Width of the prototypes.
        expected: usize,
    },
    /// The embedding has no direction: it is zero, or not finite.
    Direction,
}

impl core::fmt::Display for PrototypeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Memory { needed } => write!(f, "the prototypes need {needed} bytes of memory"),
            Self::Stored => f.write_str("the stored bytes are not those of such prototypes"),
            Self::Label { labels } => write!(f, "the label is not below {labels}"),
            Self::Width { expected } => write!(f, "the embedding does not have {expected} elements"),
            Self::Direction => f.write_str("the embedding is zero or not finite"),
        }
    }
}

impl core::error::Error for PrototypeError {}

/// The label whose mean is nearest to an embedding.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Nearest {
    /// The label.
    pub label: usize,
    /// Cosine between the embedding and the label's mean, from -1 to 1.
    pub cosine: f32,
}

/// A nearest-mean classifier that learns from single examples, in memory that the caller owns: each label is the mean of the embeddings
/// of its examples.
///
/// The embeddings may be any vectors of one width: the pooled vector, or [`Session::sentence_embedding`](crate::Session::sentence_embedding).
/// They are scaled to length 1. The order of operations is fixed, so the same examples in the same order give the same bits on
/// every machine.
///
/// ```
/// use albert_core::heads::Prototypes;
///
/// let mut memory = [0; Prototypes::bytes(3, 2)];
/// let mut commands = Prototypes::new(&mut memory, 3, 2).unwrap();
/// commands.add(0, &[1.0, 0.1]).unwrap();
/// commands.add(2, &[0.0, 5.0]).unwrap();
/// assert_eq!(commands.nearest(&[0.3, 0.9]).unwrap().map(|nearest| nearest.label), Some(2));
///
/// // To flash and back.
/// let mut flash = [0; Prototypes::bytes(3, 2)];
/// flash.copy_from_slice(commands.store());
/// let commands = Prototypes::restore(&mut flash, 3, 2).unwrap();
/// assert_eq!(commands.examples(2), 1);
/// ```
pub struct Prototypes<'p> {
    memory: &'p mut [u8],
    labels: usize,
    width: usize,
}

impl core::fmt::Debug for Prototypes<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Prototypes").field("labels", &self.labels).field("width", &self.width).finish_non_exhaustive()
    }
}

impl<'p> Prototypes<'p> {
    /// Size of the memory in bytes, for up to `labels` labels over embeddings of `width` elements; `usize::MAX` if it exceeds the address
    /// space.
    pub const fn bytes(labels: usize, width: usize) -> usize {
        labels.saturating_mul(record_bytes(width)).saturating_add(HEADER)
    }

    /// Prototypes without any examples.
    ///
    /// # Errors
    /// [`PrototypeError::Memory`] unless the memory has exactly [`Prototypes::bytes`].
    pub fn new(memory: &'p mut [u8], labels: usize, width: usize) -> Result<Self, PrototypeError> {
        let mut prototypes = Self::over(memory, labels, width)?;
        prototypes.memory.fill(0);
        prototypes.put(0, MAGIC);
        prototypes.put(4, (labels as u32).to_le_bytes());
        prototypes.put(8, (width as u32).to_le_bytes());
        Ok(prototypes)
    }

    /// Restores prototypes in place from the bytes of [`Prototypes::store`].
    ///
    /// # Errors
    /// [`PrototypeError::Memory`]; [`PrototypeError::Stored`] if the bytes are damaged, or are for another number of labels or another
    /// width.
    pub fn restore(memory: &'p mut [u8], labels: usize, width: usize) -> Result<Self, PrototypeError> {
        let prototypes = Self::over(memory, labels, width)?;
        let stated = [prototypes.word(0), prototypes.word(4), prototypes.word(8), prototypes.word(12)];
        let expected = [u32::from_le_bytes(MAGIC), labels as u32, width as u32, prototypes.checksum()];
        let sound = (0..labels).all(|label| {
            let scale = prototypes.float(prototypes.record(label) + 4);
            scale.is_finite() && prototypes.mean(label).all(f32::is_finite)
        });
        if stated == expected && sound { Ok(prototypes) } else { Err(PrototypeError::Stored) }
    }

    /// Number of labels and width of stored bytes, if they look like those of [`Prototypes::store`]. [`Prototypes::restore`] checks them.
    pub fn stored_shape(stored: &[u8]) -> Option<(usize, usize)> {
        let word = |at: usize| stored.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize);
        let (labels, width) = (word(4)?, word(8)?);
        let fits = stored.starts_with(&MAGIC) && stored.len() == Self::bytes(labels, width);
        fits.then_some((labels, width))
    }

    fn over(memory: &'p mut [u8], labels: usize, width: usize) -> Result<Self, PrototypeError> {
        let needed = Self::bytes(labels, width);
        let fits = memory.len() == needed && labels <= u32::MAX as usize && width <= u32::MAX as usize;
        if fits { Ok(Self { memory, labels, width }) } else { Err(PrototypeError::Memory { needed }) }
    }

    /// The bytes to store, for [`Prototypes::restore`].
    pub fn store(&mut self) -> &[u8] {
        let checksum = self.checksum();
        self.put(12, checksum.to_le_bytes());
        self.memory
    }

    /// Number of labels that there is memory for.
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// Number of elements of an embedding.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of examples of a label; 0 beyond the last label.
    pub fn examples(&self, label: usize) -> u32 {
        if label < self.labels { self.word(self.record(label)) } else { 0 }
    }

    /// Adds an example to a label.
    ///
    /// # Errors
    /// [`PrototypeError::Label`], [`PrototypeError::Width`], [`PrototypeError::Direction`]. Nothing changes then.
    pub fn add(&mut self, label: usize, embedding: &[f32]) -> Result<(), PrototypeError> {
        let record = self.known(label)?;
        let length = self.length_of(embedding)?;
        let examples = self.word(record).saturating_add(1);
        let mut squares = 0.0;
        for (index, &x) in embedding.iter().enumerate() {
            let at = record + RECORD_HEADER + 4 * index;
            let mean = self.float(at);
            let next = mean + (x / length - mean) / examples as f32;
            squares += next * next;
            self.put(at, next.to_le_bytes());
        }
        // Examples that point in opposite directions have no mean direction: the label is near nothing.
        let scale = if squares > 1e-12 { 1.0 / square_root(squares) } else { 0.0 };
        self.put(record, examples.to_le_bytes());
        self.put(record + 4, scale.to_le_bytes());
        Ok(())
    }

    /// Forgets all examples of a label.
    ///
    /// # Errors
    /// [`PrototypeError::Label`].
    pub fn forget(&mut self, label: usize) -> Result<(), PrototypeError> {
        let record = self.known(label)?;
        part_mut(self.memory, record..record + record_bytes(self.width)).fill(0);
        Ok(())
    }

    /// The label whose mean has the largest cosine with the embedding, the first of equals; `None` if no label has examples.
    ///
    /// # Errors
    /// [`PrototypeError::Width`], [`PrototypeError::Direction`].
    pub fn nearest(&self, embedding: &[f32]) -> Result<Option<Nearest>, PrototypeError> {
        let length = self.length_of(embedding)?;
        let mut best: Option<Nearest> = None;
        for label in (0..self.labels).filter(|&label| self.examples(label) > 0) {
            let product = self.mean(label).zip(embedding).fold(0.0, |sum, (mean, x)| sum + mean * x);
            let cosine = product * self.float(self.record(label) + 4) / length;
            if best.is_none_or(|best| cosine > best.cosine) {
                best = Some(Nearest { label, cosine });
            }
        }
        Ok(best)
    }

    fn known(&self, label: usize) -> Result<usize, PrototypeError> {
        if label < self.labels { Ok(self.record(label)) } else { Err(PrototypeError::Label { labels: self.labels }) }
    }

    /// Length of an embedding.
    fn length_of(&self, embedding: &[f32]) -> Result<f32, PrototypeError> {
        if embedding.len() != self.width {
            return Err(PrototypeError::Width { expected: self.width });
        }
        let length = square_root(embedding.iter().fold(0.0, |sum, x| sum + x * x));
        let has_direction = length.is_finite() && length > 1e-12;
        if has_direction { Ok(length) } else { Err(PrototypeError::Direction) }
    }

    /// Where a label's record starts.
    fn record(&self, label: usize) -> usize {
        HEADER + label * record_bytes(self.width)
    }

    fn mean(&self, label: usize) -> impl Iterator<Item = f32> + '_ {
        let start = self.record(label) + RECORD_HEADER;
        let bytes = part(self.memory, start..start + 4 * self.width);
        bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes))
    }

    fn word(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.memory.get(at..).and_then(|tail| tail.first_chunk()).copied().or_empty())
    }

    fn float(&self, at: usize) -> f32 {
        f32::from_bits(self.word(at))
    }

    fn put(&mut self, at: usize, bytes: [u8; 4]) {
        copy(part_mut(self.memory, at..at + 4), &bytes);
    }

    /// CRC-32 (ISO-HDLC) of everything but the checksum.
    fn checksum(&self) -> u32 {
        crate::format::checksum_of([part(self.memory, ..12), part(self.memory, HEADER..)])
    }
}

const fn record_bytes(width: usize) -> usize {
    width.saturating_mul(4).saturating_add(RECORD_HEADER)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 3;
    const BYTES: usize = Prototypes::bytes(4, WIDTH);

    #[test]
    fn means_and_cosines() {
        let mut memory = [7; BYTES];
        let mut prototypes = Prototypes::new(&mut memory, 4, WIDTH).unwrap();
        assert_eq!(prototypes.nearest(&[1.0, 0.0, 0.0]), Ok(None));
        prototypes.add(1, &[2.0, 0.0, 0.0]).unwrap();
        prototypes.add(1, &[0.0, 3.0, 0.0]).unwrap();
        prototypes.add(3, &[0.0, 0.0, 0.5]).unwrap();
        let nearest = prototypes.nearest(&[4.0, 4.0, 0.0]).unwrap().unwrap();
        assert!(nearest.label == 1 && (nearest.cosine - 1.0).abs() < 1e-6);
        let nearest = prototypes.nearest(&[-1.0, 0.0, 1.0]).unwrap().unwrap();
        assert!(nearest.label == 3 && (nearest.cosine - 0.5f32.sqrt()).abs() < 1e-6);
        assert_eq!([0, 1, 2, 3, 4].map(|label| prototypes.examples(label)), [0, 2, 0, 1, 0]);
        prototypes.forget(3).unwrap();
        assert_eq!(prototypes.nearest(&[0.0, 0.0, 1.0]).unwrap().unwrap().label, 1);
        prototypes.add(3, &[-1.0, 0.0, 0.0]).unwrap();
        prototypes.add(3, &[1.0, 0.0, 0.0]).unwrap();
        assert_eq!(prototypes.nearest(&[-1.0, 0.0, 0.0]).unwrap().unwrap(), Nearest { label: 3, cosine: 0.0 });
    }

    #[test]
    fn what_is_refused() {
        let mut memory = [0; BYTES];
        assert_eq!(Prototypes::new(&mut memory, 5, WIDTH).unwrap_err(), PrototypeError::Memory { needed: BYTES + 20 });
        assert_eq!(Prototypes::new(&mut [], usize::MAX, 2).unwrap_err(), PrototypeError::Memory { needed: usize::MAX });
        let mut prototypes = Prototypes::new(&mut memory, 4, WIDTH).unwrap();
        assert_eq!(prototypes.add(4, &[1.0; WIDTH]), Err(PrototypeError::Label { labels: 4 }));
        assert_eq!(prototypes.forget(4), Err(PrototypeError::Label { labels: 4 }));
        assert_eq!(prototypes.add(0, &[1.0; 2]), Err(PrototypeError::Width { expected: WIDTH }));
        for bad in [0.0, f32::NAN, f32::INFINITY, f32::MAX] {
            assert_eq!(prototypes.add(0, &[bad; WIDTH]), Err(PrototypeError::Direction));
            assert_eq!(prototypes.nearest(&[bad; WIDTH]), Err(PrototypeError::Direction));
        }
        assert_eq!(prototypes.nearest(&[1.0; WIDTH]), Ok(None));
    }

    #[test]
    fn stored_bytes_are_checked() {
        let mut memory = [0; BYTES];
        let mut prototypes = Prototypes::new(&mut memory, 4, WIDTH).unwrap();
        prototypes.add(2, &[1.0, -2.0, 0.5]).unwrap();
        let nearest = prototypes.nearest(&[0.3, 0.2, 0.1]).unwrap();
        let mut stored = [0; BYTES];
        stored.copy_from_slice(prototypes.store());
        assert_eq!(Prototypes::stored_shape(&stored), Some((4, WIDTH)));
        assert_eq!(Prototypes::stored_shape(&stored[..BYTES - 1]), None);
        assert_eq!(Prototypes::stored_shape(&[]), None);
        let copy = Prototypes::restore(&mut stored, 4, WIDTH).unwrap();
        assert_eq!(copy.nearest(&[0.3, 0.2, 0.1]).unwrap(), nearest);
        for at in 0..BYTES {
            for bit in 0..8 {
                let mut damaged = stored;
                damaged[at] ^= 1 << bit;
                assert_eq!(Prototypes::restore(&mut damaged, 4, WIDTH).unwrap_err(), PrototypeError::Stored);
            }
        }
        let mut other = stored;
        assert!(Prototypes::restore(&mut other, 4, WIDTH).is_ok());
        assert!(Prototypes::restore(&mut stored[..BYTES - 20], 3, WIDTH).is_err());
    }
}
