//! What a model is, for JavaScript.

use crate::json::Writer;
use crate::tasks;
use albert_edge::Model;
use albert_edge::albert_core::kernels;

pub(crate) fn of(model: &Model) -> String {
    let config = model.config();
    let mut json = Writer::default();
    json.open('{');
    // The tasks that the head and this build serve, the head's own first.
    json.name("tasks").texts(&tasks::names(model));
    json.name("labels").texts(&model.labels());
    json.name("config").open('{');
    json.name("vocab_size").number(config.vocab_size);
    json.name("hidden_size").number(config.hidden_size);
    json.name("num_hidden_layers").number(config.num_hidden_layers);
    json.name("num_attention_heads").number(config.num_attention_heads);
    json.name("max_position_embeddings").number(config.max_position_embeddings);
    json.close('}');
    json.name("max_tokens").number(model.max_tokens());
    json.name("has_tokenizer").boolean(model.tokenizer().is_some());
    // Where the model comes from, JSON text; empty when the file does not say.
    json.name("provenance").text(model.as_core().provenance());
    json.name("file_bytes").number(model.bytes().len());
    // The kernel set in use.
    json.name("isa").text(kernels::detect().name());
    json.close('}');
    json.finish()
}
