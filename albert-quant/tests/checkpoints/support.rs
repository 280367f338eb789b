//! Small checkpoints of the tests' own.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, View};
use serde_json::{Value, json};

/// A tensor in some element type.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl View for &Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        (&self.bytes).into()
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

impl Stored {
    pub(crate) fn f32(shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dtype: Dtype::F32, shape: shape.to_vec(), bytes }
    }

    pub(crate) fn values(&self) -> Vec<f32> {
        assert_eq!(self.dtype, Dtype::F32);
        self.bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    }

    /// The same tensor with elements encoded otherwise.
    pub(crate) fn encoded<const N: usize>(&self, dtype: Dtype, encode: impl Fn(f32) -> [u8; N]) -> Self {
        Self { dtype, shape: self.shape.clone(), bytes: self.values().into_iter().flat_map(encode).collect() }
    }
}

/// A checkpoint before it is written.
#[derive(Clone)]
pub(crate) struct Checkpoint {
    pub(crate) config: Value,
    pub(crate) tensors: BTreeMap<String, Stored>,
}

pub(crate) const VOCABULARY: usize = 37;
const EMBEDDING: usize = 6;
pub(crate) const HIDDEN: usize = 12;
const INTERMEDIATE: usize = 21;

impl Checkpoint {
    /// A classifier with `labels` labels, two groups of two blocks, odd sizes.
    pub(crate) fn classifier(labels: usize) -> Self {
        let mut checkpoint = Self::model(json!(["AlbertForSequenceClassification"]));
        checkpoint.linear("classifier", labels, HIDDEN);
        checkpoint
    }

    /// A masked LM whose decoder is tied.
    pub(crate) fn masked_lm() -> Self {
        let mut checkpoint = Self::model(json!(["AlbertForMaskedLM"]));
        checkpoint.linear("predictions.dense", EMBEDDING, HIDDEN);
        checkpoint.norm("predictions.LayerNorm", EMBEDDING);
        checkpoint.random("predictions.bias", &[VOCABULARY]);
        checkpoint
    }

    /// An encoder with pooler.
    pub(crate) fn model(architectures: Value) -> Self {
        let config = json!({
            "model_type": "albert", "architectures": architectures, "hidden_act": "gelu_new",
            "vocab_size": VOCABULARY, "embedding_size": EMBEDDING, "hidden_size": HIDDEN,
            "intermediate_size": INTERMEDIATE, "num_hidden_layers": 3, "num_hidden_groups": 2, "inner_group_num": 2,
            "num_attention_heads": 3, "max_position_embeddings": 16, "type_vocab_size": 2, "layer_norm_eps": 1e-12
        });
        let mut checkpoint = Self { config, tensors: BTreeMap::new() };
        for (table, rows) in [("word", VOCABULARY), ("position", 16), ("token_type", 2)] {
            checkpoint.random(&format!("albert.embeddings.{table}_embeddings.weight"), &[rows, EMBEDDING]);
        }
        checkpoint.norm("albert.embeddings.LayerNorm", EMBEDDING);
        checkpoint.linear("albert.encoder.embedding_hidden_mapping_in", HIDDEN, EMBEDDING);
        for (group, inner) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let part = |name: &str| format!("albert.encoder.albert_layer_groups.{group}.albert_layers.{inner}.{name}");
            for name in ["query", "key", "value", "dense"] {
                checkpoint.linear(&part(&format!("attention.{name}")), HIDDEN, HIDDEN);
            }
            checkpoint.norm(&part("attention.LayerNorm"), HIDDEN);
            checkpoint.linear(&part("ffn"), INTERMEDIATE, HIDDEN);
            checkpoint.linear(&part("ffn_output"), HIDDEN, INTERMEDIATE);
            checkpoint.norm(&part("full_layer_layer_norm"), HIDDEN);
        }
        checkpoint.linear("albert.pooler", HIDDEN, HIDDEN);
        checkpoint
    }

    fn linear(&mut self, name: &str, rows: usize, columns: usize) {
        self.random(&format!("{name}.weight"), &[rows, columns]);
        self.random(&format!("{name}.bias"), &[rows]);
    }

    fn norm(&mut self, name: &str, width: usize) {
        self.random(&format!("{name}.weight"), &[width]);
        self.random(&format!("{name}.bias"), &[width]);
    }

    /// Values that depend on the name, with few bits, so that every element type holds them exactly.
    pub(crate) fn random(&mut self, name: &str, shape: &[usize]) {
        let mut state = name.bytes().fold(17u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let count = shape.iter().product();
        let values: Vec<f32> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 56) as f32 - 127.5) / 256.0
        })
        .take(count)
        .collect();
        self.tensors.insert(name.to_owned(), Stored::f32(shape, &values));
    }

    pub(crate) fn tensor(&mut self, name: &str) -> &mut Stored {
        self.tensors.get_mut(name).unwrap()
    }

    /// The same tensors under other names.
    pub(crate) fn renamed(&self, rename: impl Fn(&str) -> String) -> Self {
        let tensors = self.tensors.iter().map(|(name, tensor)| (rename(name), tensor.clone())).collect();
        Self { config: self.config.clone(), tensors }
    }

    /// The same tensors in another element type.
    pub(crate) fn mapped(&self, map: impl Fn(&Stored) -> Stored) -> Self {
        let tensors = self.tensors.iter().map(|(name, tensor)| (name.clone(), map(tensor))).collect();
        Self { config: self.config.clone(), tensors }
    }

    /// Writes `config.json` and `model.safetensors`.
    pub(crate) fn write(&self, directory: &Path) {
        self.write_config(directory);
        write_tensors(&self.tensors, &directory.join("model.safetensors"));
    }

    pub(crate) fn write_config(&self, directory: &Path) {
        std::fs::write(directory.join("config.json"), self.config.to_string()).unwrap();
    }

    /// Writes `config.json`, an index and two shards.
    pub(crate) fn write_sharded(&self, directory: &Path) {
        self.write_config(directory);
        let file = |index: usize| format!("model-0000{}-of-00002.safetensors", index % 2 + 1);
        for shard in 0..2 {
            let part = self.tensors.iter().enumerate().filter(|(index, _)| index % 2 == shard);
            let part = part.map(|(_, (name, tensor))| (name.clone(), tensor.clone())).collect();
            write_tensors(&part, &directory.join(file(shard)));
        }
        let map: BTreeMap<&String, String> =
            self.tensors.keys().enumerate().map(|(index, name)| (name, file(index))).collect();
        let index = json!({ "metadata": { "total_size": 1 }, "weight_map": map });
        std::fs::write(directory.join("model.safetensors.index.json"), index.to_string()).unwrap();
    }
}

fn write_tensors(tensors: &BTreeMap<String, Stored>, path: &Path) {
    std::fs::write(path, safetensors::serialize(tensors.iter(), None).unwrap()).unwrap();
}
