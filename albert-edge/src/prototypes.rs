//! Labels that are taught by a few examples, in memory that grows with nothing but their number.

use alloc::vec::Vec;
use core::fmt;

use albert_core::heads::{Nearest, PrototypeError};
use self_cell::{MutBorrow, self_cell};

type Core<'p> = albert_core::heads::Prototypes<'p>;

self_cell!(
    struct Owned {
        owner: MutBorrow<Vec<u8>>,
        #[covariant]
        dependent: Core,
    }
);

/// Labels by the means of their examples' embeddings: the [prototypes of the core](albert_core::heads::Prototypes) with memory of
/// their own. The same examples in the same order give the same bytes on every machine.
///
/// ```no_run
/// use albert_edge::{Model, Prototypes, SentenceEmbedding};
///
/// let embed = SentenceEmbedding::new(&Model::open("encoder.albert")?)?;
/// let width = embed.run("a text")?.embedding.len();
/// let mut commands = Prototypes::new(3, width)?;
/// commands.add(0, &embed.run("switch the light on")?.embedding)?;
/// commands.add(1, &embed.run("play some jazz")?.embedding)?;
/// let nearest = commands.nearest(&embed.run("put the lamp on please")?.embedding)?;
/// assert_eq!(nearest.map(|nearest| nearest.label), Some(0));
/// std::fs::write("commands.bin", commands.to_bytes())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Prototypes(Owned);

impl fmt::Debug for Prototypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.borrow_dependent().fmt(f)
    }
}

impl Prototypes {
    /// Prototypes of up to `labels` labels over embeddings of `width` elements, which know nothing yet.
    ///
    /// # Errors
    /// [`PrototypeError::Memory`] when that is more memory than there is.
    pub fn new(labels: usize, width: usize) -> Result<Self, PrototypeError> {
        let needed = Core::bytes(labels, width);
        let mut memory = Vec::new();
        memory.try_reserve_exact(needed).map_err(|_| PrototypeError::Memory { needed })?;
        memory.resize(needed, 0);
        Owned::try_new(MutBorrow::new(memory), |memory| Core::new(memory.borrow_mut(), labels, width)).map(Self)
    }

    /// Prototypes from what [`Prototypes::to_bytes`] gave, here or on a device.
    ///
    /// # Errors
    /// [`PrototypeError::Stored`] when the bytes are others, or damaged.
    pub fn from_bytes(stored: &[u8]) -> Result<Self, PrototypeError> {
        let (labels, width) = Core::stored_shape(stored).ok_or(PrototypeError::Stored)?;
        let memory = MutBorrow::new(stored.to_vec());
        Owned::try_new(memory, |memory| Core::restore(memory.borrow_mut(), labels, width)).map(Self)
    }

    /// The bytes to keep.
    pub fn to_bytes(&mut self) -> Vec<u8> {
        self.0.with_dependent_mut(|_, prototypes| prototypes.store().to_vec())
    }

    /// Labels that there is memory for.
    pub fn labels(&self) -> usize {
        self.0.borrow_dependent().labels()
    }

    /// Elements of an embedding.
    pub fn width(&self) -> usize {
        self.0.borrow_dependent().width()
    }

    /// Examples that a label was taught with; 0 beyond the last label.
    pub fn examples(&self, label: usize) -> u32 {
        self.0.borrow_dependent().examples(label)
    }

    /// Teaches a label one more example.
    ///
    /// # Errors
    /// [`PrototypeError::Label`], [`PrototypeError::Width`], [`PrototypeError::Direction`]; nothing is changed then.
    pub fn add(&mut self, label: usize, embedding: &[f32]) -> Result<(), PrototypeError> {
        self.0.with_dependent_mut(|_, prototypes| prototypes.add(label, embedding))
    }

    /// Forgets all examples of a label.
    ///
    /// # Errors
    /// [`PrototypeError::Label`].
    pub fn forget(&mut self, label: usize) -> Result<(), PrototypeError> {
        self.0.with_dependent_mut(|_, prototypes| prototypes.forget(label))
    }

    /// The label whose mean is nearest by cosine, the first of equals; `None` when no label has been taught.
    ///
    /// # Errors
    /// [`PrototypeError::Width`], [`PrototypeError::Direction`].
    pub fn nearest(&self, embedding: &[f32]) -> Result<Option<Nearest>, PrototypeError> {
        self.0.borrow_dependent().nearest(embedding)
    }
}
