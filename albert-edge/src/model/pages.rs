//! A mapped file whose pages are given back when an inference has read them for the last time.

use albert_core::Observer;
#[cfg(unix)]
use albert_core::format::{Elements, Weights, layout::role};

use super::Model;
#[cfg(unix)]
use super::Storage;

/// As an observer of an inference, holds as little of a mapped file in memory as one inference needs.
pub(crate) struct Pages<'m>(&'m Model);

impl<'m> Pages<'m> {
    /// Prepares the map.
    pub(crate) fn new(model: &'m Model) -> Self {
        #[cfg(unix)]
        if let (Storage::Map(map), Some((start, bytes))) = (model.file.borrow_owner(), word_embeddings(model)) {
            // Random access: a touch next to the table brings in nothing of it, nor the other way round, however large
            // pages are.
            let _ = map.advise_range(memmap2::Advice::Random, start - map.as_ptr().addr(), bytes);
        }
        Self(model)
    }
}

/// Address and bytes of the word embeddings.
#[cfg(unix)]
fn word_embeddings(model: &Model) -> Option<(usize, usize)> {
    let model = model.as_core();
    let record = model.tensors().find(|record| record.role == role::WORD_EMBEDDINGS)?;
    let Elements::Matrix(table) = model.elements(&record) else { return None };
    Some(match table.weights {
        Weights::F32(values) => (values.as_ptr().addr(), size_of_val(values)),
        Weights::F16(values) => (values.as_ptr().addr(), size_of_val(values)),
        Weights::I8 { values, .. } => (values.as_ptr().addr(), size_of_val(values)),
        Weights::Codebook { panels, .. } => (panels.as_ptr().addr(), size_of_val(panels)),
        _ => return None,
    })
}

/// Gives the pages back that an inference has read when the embeddings are computed: word embeddings, each row with 64 KB
/// around it, and the tokenizer. Those of the layers come only then, so the most memory that is resident at a time is that
/// much less. The next inference maps its pages again.
impl Observer for Pages<'_> {
    fn linear_input(&self, _: u16, _: usize, _: &[f32]) {}

    fn hidden_states(&self, layers: usize, _: &[f32]) {
        #[cfg(unix)]
        if let (0, Storage::Map(map)) = (layers, self.0.file.borrow_owner()) {
            // SAFETY: the map is shared with the file and only read: what is read again is what was there.
            #[allow(unsafe_code)]
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
        #[cfg(not(unix))]
        let _ = (layers, self.0);
    }
}
