//! What a model is, for JavaScript.

use crate::tasks;
use albert_edge::Model;
use albert_edge::albert_core::kernels;
use miniserde::{Serialize, json};

#[derive(Serialize)]
struct Info<'m> {
    /// The tasks that the head and this build serve, the head's own first.
    tasks: Vec<&'static str>,
    labels: Vec<String>,
    config: Config,
    max_tokens: usize,
    has_tokenizer: bool,
    /// Where the model comes from, JSON text; empty when the file does not say.
    provenance: &'m str,
    file_bytes: usize,
    /// The kernel set in use.
    isa: &'static str,
}

#[derive(Serialize)]
struct Config {
    vocab_size: u32,
    hidden_size: u32,
    num_hidden_layers: u32,
    num_attention_heads: u32,
    max_position_embeddings: u32,
}

pub(crate) fn of(model: &Model) -> String {
    let config = model.config();
    let info = Info {
        tasks: tasks::names(model),
        labels: model.labels(),
        config: Config {
            vocab_size: config.vocab_size,
            hidden_size: config.hidden_size,
            num_hidden_layers: config.num_hidden_layers,
            num_attention_heads: config.num_attention_heads,
            max_position_embeddings: config.max_position_embeddings,
        },
        max_tokens: model.max_tokens(),
        has_tokenizer: model.tokenizer().is_some(),
        provenance: model.as_core().provenance(),
        file_bytes: model.bytes().len(),
        isa: kernels::detect().name(),
    };
    json::to_string(&info)
}
