//! The parameters of a model file, in file order, each bound to where its values come from.

mod bind;
mod config;
mod expected;
mod masked_lm;
mod parameter;
mod usage;

use std::sync::Arc;

use albert_core::config::Config;
use albert_core::format::layout::role;

use crate::sections::Usage;
pub use expected::tensors;
pub(crate) use expected::{Extras, expected};
pub(crate) use parameter::{Kind, Parameter, Source};

/// A network before quantization.
///
/// Invariant: `parameters` are those that the model file's specification asks for, in its order, and every source has
/// the parameter's shape.
pub(crate) struct Network {
    /// `precision` and `storage` are not decided yet.
    pub(crate) config: Config,
    pub(crate) usage: Usage,
    /// Group of each of the L layers.
    pub(crate) groups: Vec<u16>,
    /// Names of the head's labels; empty when the head has none.
    pub(crate) labels: Vec<String>,
    pub(crate) parameters: Vec<Parameter>,
}

impl Network {
    /// Leaves these ids of the vocabulary, which become 0, 1, 2 and so on.
    pub(crate) fn keep_vocabulary(&mut self, ids: &[u32]) {
        let ids: Arc<[u32]> = ids.into();
        self.config.vocab_size = ids.len() as u32;
        let by_id = [role::WORD_EMBEDDINGS, role::MLM_DECODER, role::MLM_DECODER_BIAS];
        let parameters = std::mem::take(&mut self.parameters).into_iter();
        self.parameters = parameters
            .map(|parameter| if by_id.contains(&parameter.role) { parameter.keep_rows(&ids) } else { parameter })
            .collect();
    }
}
