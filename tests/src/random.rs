//! Networks and inputs of any shape, from a seed.

use std::collections::BTreeMap;

use crate::reference::{Config, Reference, Sequence};
use crate::tensors::Tensor;

/// SplitMix64: the same numbers everywhere.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.bits() % limit as u64) as usize
    }

    /// Mean 0, variance 1, nearly normal; a multiple of 2⁻²⁰, so that f32 holds it.
    pub fn normal(&mut self) -> f64 {
        let sum: f64 = (0..12).map(|_| (self.bits() >> 44) as f64 / (1 << 20) as f64).sum();
        sum - 6.0
    }
}

/// Sizes of a random network.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names of config.json, but for head_size")]
pub struct Geometry {
    pub class: &'static str,
    pub hidden_act: &'static str,
    pub vocab_size: usize,
    pub embedding_size: usize,
    pub num_attention_heads: usize,
    pub head_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_hidden_groups: usize,
    pub inner_group_num: usize,
    pub max_position_embeddings: usize,
    pub type_vocab_size: usize,
    pub num_labels: usize,
}

/// A checkpoint with random weights that keep the size of what they multiply; every value fits f32.
pub fn checkpoint(geometry: &Geometry, random: &mut Random) -> Reference {
    let Geometry { embedding_size: embedding, intermediate_size: intermediate, vocab_size, .. } = *geometry;
    let hidden = geometry.num_attention_heads * geometry.head_size;
    let mut tensors = BTreeMap::new();
    let mut insert = |name: String, shape: Vec<usize>, mean: f64, deviation: f64| {
        let count = shape.iter().product();
        let values = (0..count).map(|_| f64::from((mean + deviation * random.normal()) as f32)).collect();
        tensors.insert(name, Tensor { shape, values });
    };
    let mut part = |name: &str, kind: Part| match kind {
        Part::Table(rows, columns) => insert(format!("{name}.weight"), vec![rows, columns], 0.0, 1.0),
        Part::Norm(width) => {
            insert(format!("{name}.weight"), vec![width], 1.0, 0.25);
            insert(format!("{name}.bias"), vec![width], 0.0, 0.2);
        }
        Part::Linear(outputs, inputs) => {
            insert(format!("{name}.weight"), vec![outputs, inputs], 0.0, 1.0 / (inputs as f64).sqrt());
            insert(format!("{name}.bias"), vec![outputs], 0.0, 0.2);
        }
        Part::Vector(length) => insert(name.to_owned(), vec![length], 0.0, 0.2),
    };
    part("embeddings.word_embeddings", Part::Table(vocab_size, embedding));
    part("embeddings.position_embeddings", Part::Table(geometry.max_position_embeddings, embedding));
    part("embeddings.token_type_embeddings", Part::Table(geometry.type_vocab_size, embedding));
    part("embeddings.LayerNorm", Part::Norm(embedding));
    part("encoder.embedding_hidden_mapping_in", Part::Linear(hidden, embedding));
    for group in 0..geometry.num_hidden_groups {
        for inner in 0..geometry.inner_group_num {
            let block = format!("encoder.albert_layer_groups.{group}.albert_layers.{inner}");
            for name in ["query", "key", "value", "dense"] {
                part(&format!("{block}.attention.{name}"), Part::Linear(hidden, hidden));
            }
            part(&format!("{block}.attention.LayerNorm"), Part::Norm(hidden));
            part(&format!("{block}.ffn"), Part::Linear(intermediate, hidden));
            part(&format!("{block}.ffn_output"), Part::Linear(hidden, intermediate));
            part(&format!("{block}.full_layer_layer_norm"), Part::Norm(hidden));
        }
    }
    if !["AlbertForMaskedLM", "AlbertForTokenClassification", "AlbertForQuestionAnswering"].contains(&geometry.class) {
        part("pooler", Part::Linear(hidden, hidden));
    }
    match geometry.class {
        "AlbertForMaskedLM" | "AlbertForPreTraining" => {
            part("predictions.dense", Part::Linear(embedding, hidden));
            part("predictions.LayerNorm", Part::Norm(embedding));
            part("predictions.bias", Part::Vector(vocab_size));
        }
        _ => {}
    }
    match geometry.class {
        "AlbertForPreTraining" => part("sop_classifier.classifier", Part::Linear(2, hidden)),
        "AlbertForQuestionAnswering" => part("qa_outputs", Part::Linear(2, hidden)),
        "AlbertForMultipleChoice" => part("classifier", Part::Linear(1, hidden)),
        "AlbertForSequenceClassification" | "AlbertForTokenClassification" => {
            part("classifier", Part::Linear(geometry.num_labels, hidden));
        }
        _ => {}
    }
    let config = Config {
        architectures: vec![geometry.class.to_owned()],
        vocab_size,
        hidden_size: hidden,
        num_hidden_layers: geometry.num_hidden_layers,
        num_hidden_groups: geometry.num_hidden_groups,
        inner_group_num: geometry.inner_group_num,
        num_attention_heads: geometry.num_attention_heads,
        hidden_act: geometry.hidden_act.to_owned(),
        layer_norm_eps: 1e-12,
        max_position_embeddings: geometry.max_position_embeddings,
        problem_type: None,
    };
    Reference::new(config, tensors)
}

enum Part {
    Table(usize, usize),
    Norm(usize),
    Linear(usize, usize),
    Vector(usize),
}

/// A sequence of random tokens, some of them masked but never all.
pub fn sequence(geometry: &Geometry, tokens: usize, random: &mut Random) -> Sequence {
    let mut mask: Vec<bool> = (0..tokens).map(|_| random.below(5) > 0).collect();
    mask[random.below(tokens)] = true;
    Sequence {
        ids: (0..tokens).map(|_| random.below(geometry.vocab_size)).collect(),
        token_types: (0..tokens).map(|_| random.below(geometry.type_vocab_size)).collect(),
        mask,
    }
}
