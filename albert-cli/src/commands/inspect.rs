//! `albert inspect`: what a model file holds.

use std::path::Path;

use albert_core::Plan;
use albert_core::format::checksum;
use albert_core::format::layout::dtype;
use albert_edge::Model;
use albert_quant::tokenizer::vocabulary;
use serde::Serialize;
use serde_json::Value;

use crate::args::Inspect;
use crate::console::{Console, Escaped};
use crate::error::{At, Error, Outcome, Result};
use crate::explain::open_verified;
use crate::output::Output;

#[derive(Debug, Serialize)]
struct Description {
    config: Config,
    head: &'static str,
    labels: Vec<String>,
    /// Tokens that the tokenizer knows, added ones included.
    tokenizer_tokens: Option<usize>,
    tensors: Vec<Tensor>,
    file_bytes: usize,
    checksum: String,
    max_tokens: usize,
    arena_bytes: usize,
    provenance: Value,
}

/// Keys of the Hugging Face config, and the precision.
#[derive(Debug, Serialize)]
struct Config {
    vocab_size: u32,
    embedding_size: u32,
    hidden_size: u32,
    intermediate_size: u32,
    num_hidden_layers: u32,
    num_hidden_groups: u32,
    inner_group_num: u32,
    num_attention_heads: u32,
    max_position_embeddings: u32,
    type_vocab_size: u32,
    hidden_act: &'static str,
    layer_norm_eps: f32,
    num_labels: u32,
    problem_type: &'static str,
    /// What activations are rounded to.
    precision: &'static str,
}

#[derive(Debug, Serialize)]
struct Tensor {
    name: String,
    dtype: &'static str,
    shape: Vec<usize>,
    bytes: usize,
    /// Places in K that outlier channel splitting adds.
    ocs_places: u32,
}

pub(super) fn run(args: &Inspect) -> Result<Outcome> {
    let model = open_verified(&args.model)?;
    if let Some(folder) = &args.save_vocabulary {
        save_vocabulary(&model, &args.model, folder)?;
    }
    let description = describe(&model, args.max_tokens);
    let mut output = Console::new();
    if args.json {
        output.json(&description)?;
    } else {
        print(&description, &mut output)?;
    }
    output.flush()?;
    Ok(Outcome::Passed)
}

fn save_vocabulary(model: &Model, path: &Path, folder: &Path) -> Result<()> {
    let tokenizer = model.tokenizer().ok_or_else(|| Error::new("the model has no tokenizer: nothing to save"))?;
    let file = vocabulary(&tokenizer);
    std::fs::create_dir_all(folder).at(format_args!("cannot make {}", folder.display()))?;
    Output::new(&folder.join(file.name), &[path])?.write(&file.bytes)
}

fn describe(model: &Model, max_tokens: usize) -> Description {
    let config = model.config();
    let plan = Plan::new(config, max_tokens);
    let tensors = albert_quant::tensors(model.as_core()).map(|(name, shape, record)| Tensor {
        name,
        dtype: dtype::name(record.dtype),
        shape,
        bytes: record.bytes(),
        ocs_places: record.ocs_places,
    });
    Description {
        config: Config {
            vocab_size: config.vocab_size,
            embedding_size: config.embedding_size,
            hidden_size: config.hidden_size,
            intermediate_size: config.intermediate_size,
            num_hidden_layers: config.num_hidden_layers,
            num_hidden_groups: config.num_hidden_groups,
            inner_group_num: config.inner_group_num,
            num_attention_heads: config.num_attention_heads,
            max_position_embeddings: config.max_position_embeddings,
            type_vocab_size: config.type_vocab_size,
            hidden_act: config.hidden_act.name(),
            layer_norm_eps: config.layer_norm_eps,
            num_labels: config.num_labels,
            problem_type: config.problem_type.name(),
            precision: config.precision.name(),
        },
        head: config.head.name(),
        labels: model.labels(),
        tokenizer_tokens: model.tokenizer().map(|tokenizer| tokenizer.vocab_size()),
        tensors: tensors.collect(),
        file_bytes: model.bytes().len(),
        checksum: format!("{:08x}", checksum(model.bytes())),
        max_tokens: plan.max_tokens(),
        arena_bytes: plan.arena_bytes(),
        provenance: serde_json::from_str(model.as_core().provenance()).unwrap_or(Value::Null),
    }
}

fn print(description: &Description, output: &mut Console) -> Result<()> {
    let Description { config, labels, .. } = description;
    let line =
        |output: &mut Console, key: &str, value: String| output.line(format_args!("{key:20} {}", Escaped(value)));
    line(output, "head", format!("{} ({} labels)", description.head, labels.len()))?;
    if !labels.is_empty() {
        let shown = labels.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = labels.len().saturating_sub(6);
        line(output, "labels", if more > 0 { format!("{shown} and {more} more") } else { shown })?;
    }
    let tokenizer = match description.tokenizer_tokens {
        Some(tokens) => format!("{tokens} tokens"),
        None => "none: the model takes ids".to_owned(),
    };
    line(output, "tokenizer", tokenizer)?;
    line(output, "vocabulary", format!("{} x {}", config.vocab_size, config.embedding_size))?;
    line(output, "hidden size", format!("{} ({} heads)", config.hidden_size, config.num_attention_heads))?;
    line(output, "feed-forward", format!("{} ({})", config.intermediate_size, config.hidden_act))?;
    let groups = format!("{} groups of {}", config.num_hidden_groups, config.inner_group_num);
    line(output, "layers", format!("{} over {groups}", config.num_hidden_layers))?;
    line(output, "positions", config.max_position_embeddings.to_string())?;
    line(output, "activations", config.precision.to_owned())?;
    line(output, "file", format!("{} bytes, checksum {}", description.file_bytes, description.checksum))?;
    line(output, "arena", format!("{} bytes for {} tokens", description.arena_bytes, description.max_tokens))?;
    if let Some(fields) = description.provenance.as_object() {
        for (key, value) in fields {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            line(output, key, value)?;
        }
    }
    output.line("")?;
    for tensor in &description.tensors {
        let shape = tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        output.line(format_args!("{:72} {:5} {shape:>14} {:>10}", tensor.name, tensor.dtype, tensor.bytes))?;
    }
    Ok(())
}
