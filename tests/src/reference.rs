//! ALBERT in f64, straight from the definition: no tiles, no packing, no shared code with the product.
//!
//! Matrices are row-major `Vec<f64>`; S tokens, E embedding size, H hidden size, I intermediate size, A heads of D = H / A,
//! C labels, V vocabulary. Sources: Lan et al. 2019 (arXiv 1909.11942), and the implementation of Hugging Face
//! transformers 5 where the paper leaves a choice.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::tensors::{self, Tensor};

/// The keys of `config.json` that change what is computed.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the file")]
pub struct Config {
    pub architectures: Vec<String>,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_hidden_groups: usize,
    pub inner_group_num: usize,
    pub num_attention_heads: usize,
    pub hidden_act: String,
    pub layer_norm_eps: f64,
    pub max_position_embeddings: usize,
    pub problem_type: Option<String>,
}

/// A checkpoint, ready to run.
#[derive(Debug)]
pub struct Reference {
    /// Its configuration.
    pub config: Config,
    tensors: BTreeMap<String, Tensor>,
}

/// One sequence; the three slices are equally long.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Token ids.
    pub ids: Vec<usize>,
    /// Token types.
    pub token_types: Vec<usize>,
    /// Whether a token is attended to.
    pub mask: Vec<bool>,
}

/// Results for one sequence under the names that Hugging Face gives them:
/// `last_hidden_state` S x H, `pooler_output` H, `logits` C, S x C or S x V, `prediction_logits` S x V, `sop_logits` C,
/// `start_logits` S, `end_logits` S. Multiple choice gives one logit for each sequence.
pub type Output = BTreeMap<&'static str, Vec<f64>>;

impl Reference {
    /// A checkpoint in memory; the names lack the prefix `albert.`.
    pub fn new(config: Config, tensors: BTreeMap<String, Tensor>) -> Self {
        Self { config, tensors }
    }

    /// Leaves out the tensors whose names begin with `prefix`.
    pub fn without(mut self, prefix: &str) -> Self {
        self.tensors.retain(|name, _| !name.starts_with(prefix));
        self
    }

    /// Adds a tensor.
    pub fn with(mut self, name: &str, tensor: Tensor) -> Self {
        self.tensors.insert(name.to_owned(), tensor);
        self
    }

    /// Reads `config.json` and `model.safetensors` of a Hugging Face directory.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn load(directory: &Path) -> Self {
        let text = fs::read_to_string(directory.join("config.json")).expect("config.json is readable");
        let config = serde_json::from_str(&text).expect("config.json has the keys of an ALBERT");
        let tensors = tensors::read(&directory.join("model.safetensors"))
            .into_iter()
            .map(|(name, tensor)| (name.strip_prefix("albert.").unwrap_or(&name).to_owned(), tensor))
            .collect();
        Self { config, tensors }
    }

    /// Everything that the checkpoint's class computes for one sequence.
    ///
    /// # Panics
    /// When the sequence is longer than the positions, an id is too large, or a tensor is missing.
    pub fn run(&self, sequence: &Sequence) -> Output {
        let x = self.encode(sequence);
        let mut output = Output::new();
        let pooled = self.has("pooler.weight").then(|| {
            let first = &x[..self.config.hidden_size];
            self.linear("pooler", first).into_iter().map(f64::tanh).collect::<Vec<_>>()
        });
        if let Some(pooled) = &pooled {
            output.insert("pooler_output", pooled.clone());
        }
        let pooled = || pooled.as_deref().expect("the class has a pooler");

        match self.class() {
            "AlbertModel" => {}
            "AlbertForSequenceClassification" | "AlbertForMultipleChoice" => {
                output.insert("logits", self.linear("classifier", pooled()));
            }
            "AlbertForTokenClassification" => {
                output.insert("logits", self.linear("classifier", &x));
            }
            "AlbertForQuestionAnswering" => {
                let logits = self.linear("qa_outputs", &x);
                output.insert("start_logits", logits.iter().copied().step_by(2).collect());
                output.insert("end_logits", logits.iter().copied().skip(1).step_by(2).collect());
            }
            "AlbertForMaskedLM" => {
                output.insert("logits", self.predictions(&x));
            }
            "AlbertForPreTraining" => {
                output.insert("prediction_logits", self.predictions(&x));
                output.insert("sop_logits", self.linear("sop_classifier.classifier", pooled()));
            }
            other => panic!("unknown class {other}"),
        }
        output.insert("last_hidden_state", x);
        output
    }

    /// Embeddings, mapping to the hidden size, and all layers: S x H.
    fn encode(&self, sequence: &Sequence) -> Vec<f64> {
        let words = self.tensor("embeddings.word_embeddings.weight");
        let positions = self.tensor("embeddings.position_embeddings.weight");
        let types = self.tensor("embeddings.token_type_embeddings.weight");
        let mut x = Vec::new();
        for (position, (&id, &token_type)) in sequence.ids.iter().zip(&sequence.token_types).enumerate() {
            let rows = words.row(id).iter().zip(types.row(token_type)).zip(positions.row(position));
            x.extend(rows.map(|((word, token_type), position)| word + token_type + position));
        }
        let x = self.layer_norm("embeddings.LayerNorm", &x);
        let mapping = "encoder.embedding_hidden_mapping_in";
        let mapped = self.has(&format!("{mapping}.weight"));
        let mut x = if mapped { self.linear(mapping, &x) } else { x };
        for layer in 0..self.config.num_hidden_layers {
            let group = group_of_layer(layer, self.config.num_hidden_layers, self.config.num_hidden_groups);
            for inner in 0..self.config.inner_group_num {
                let block = format!("encoder.albert_layer_groups.{group}.albert_layers.{inner}");
                x = self.block(&block, &x, &sequence.mask);
            }
        }
        x
    }

    /// One transformer block, S x H to S x H; the norms come after the residuals.
    fn block(&self, name: &str, x: &[f64], mask: &[bool]) -> Vec<f64> {
        let attended = self.attention(&format!("{name}.attention"), x, mask);
        let x = self.layer_norm(&format!("{name}.attention.LayerNorm"), &sum(x, &attended));
        let inner = self.activate(self.linear(&format!("{name}.ffn"), &x));
        let outer = self.linear(&format!("{name}.ffn_output"), &inner);
        self.layer_norm(&format!("{name}.full_layer_layer_norm"), &sum(&outer, &x))
    }

    /// Multi-head attention with its output projection; the mask hides keys, never queries.
    fn attention(&self, name: &str, x: &[f64], mask: &[bool]) -> Vec<f64> {
        let width = self.config.hidden_size;
        let size = width / self.config.num_attention_heads;
        let [query, key, value] = ["query", "key", "value"].map(|part| self.linear(&format!("{name}.{part}"), x));
        let mut context = vec![0.0; x.len()];
        for head in 0..self.config.num_attention_heads {
            let slice = |matrix: &'_ [f64], token: usize| matrix[token * width + head * size..][..size].to_vec();
            for token in 0..mask.len() {
                let query = slice(&query, token);
                let score = |other: usize| match mask[other] {
                    true => dot(&query, &slice(&key, other)) / (size as f64).sqrt(),
                    false => f64::NEG_INFINITY,
                };
                let probabilities = softmax(&(0..mask.len()).map(score).collect::<Vec<_>>());
                for (other, probability) in probabilities.into_iter().enumerate() {
                    let context = &mut context[token * width + head * size..][..size];
                    context.iter_mut().zip(slice(&value, other)).for_each(|(sum, v)| *sum += probability * v);
                }
            }
        }
        self.linear(&format!("{name}.dense"), &context)
    }

    /// Masked-LM logits, S x V. The decoder is the word embeddings unless the file has one of its own.
    fn predictions(&self, x: &[f64]) -> Vec<f64> {
        let x = self.activate(self.linear("predictions.dense", x));
        let x = self.layer_norm("predictions.LayerNorm", &x);
        let first_of = |names: [&str; 2]| {
            let name = names.into_iter().find(|name| self.has(name));
            self.tensor(name.expect("one of the two names is in the file"))
        };
        let weight = first_of(["predictions.decoder.weight", "embeddings.word_embeddings.weight"]);
        let bias = first_of(["predictions.decoder.bias", "predictions.bias"]);
        affine(&x, weight, bias)
    }

    /// The class of the original framework.
    ///
    /// # Panics
    /// When `architectures` is empty.
    pub fn class(&self) -> &str {
        self.config.architectures.first().expect("architectures names the class")
    }

    /// Whether the checkpoint has a tensor of this name, the prefix `albert.` left out.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The tensor of this name, the prefix `albert.` left out.
    ///
    /// # Panics
    /// When there is none.
    pub fn tensor(&self, name: &str) -> &Tensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("the checkpoint has no {name}"))
    }

    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        affine(x, self.tensor(&format!("{name}.weight")), self.tensor(&format!("{name}.bias")))
    }

    /// Rows to mean 0 and (biased) variance 1, then scaled and shifted.
    fn layer_norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let weight = &self.tensor(&format!("{name}.weight")).values;
        let bias = &self.tensor(&format!("{name}.bias")).values;
        let n = weight.len() as f64;
        let norm = |row: &[f64]| {
            let mean = row.iter().sum::<f64>() / n;
            let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
            let deviation = (variance + self.config.layer_norm_eps).sqrt();
            let scaled = row.iter().zip(weight).zip(bias).map(|((x, w), b)| (x - mean) / deviation * w + b);
            scaled.collect::<Vec<_>>()
        };
        x.chunks_exact(weight.len()).flat_map(norm).collect()
    }

    fn activate(&self, mut x: Vec<f64>) -> Vec<f64> {
        x.iter_mut().for_each(|value| *value = activation(&self.config.hidden_act, *value));
        x
    }
}

/// The group whose weights a layer uses. Hugging Face divides in floating point; at 18 layers and 14 groups the exact
/// quotient would give another answer.
pub fn group_of_layer(layer: usize, layers: usize, groups: usize) -> usize {
    (layer as f64 / (layers as f64 / groups as f64)) as usize
}

/// An activation function under its Hugging Face name.
///
/// # Panics
/// When there is none of this name.
#[expect(clippy::approx_constant, reason = "`laplace` is defined with rounded constants")]
pub fn activation(name: &str, x: f64) -> f64 {
    use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let gelu = |x: f64| 0.5 * x * (1.0 + libm::erf(x * FRAC_1_SQRT_2));
    match name {
        "gelu" | "gelu_python" => gelu(x),
        "gelu_10" => gelu(x).clamp(-10.0, 10.0),
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_python_tanh" | "gelu_fast" | "gelu_accurate" => {
            0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
        }
        "quick_gelu" => x * sigmoid(1.702 * x),
        "relu" => x.max(0.0),
        "relu2" => x.max(0.0).powi(2),
        "relu6" => x.clamp(0.0, 6.0),
        "leaky_relu" => x.max(0.01 * x),
        "silu" | "swish" => x * sigmoid(x),
        "hardswish" => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        "mish" => x * softplus(x).tanh(),
        "tanh" => x.tanh(),
        "sigmoid" => sigmoid(x),
        "linear" => x,
        "laplace" => 0.5 * (1.0 + libm::erf((x - 0.707107) / (0.282095 * SQRT_2))),
        "sqrtsoftplus" => softplus(x).sqrt(),
        other => panic!("unknown activation {other}"),
    }
}

/// `x Wᵀ + b` for every row of `x`; W is outputs x inputs.
fn affine(x: &[f64], weight: &Tensor, bias: &Tensor) -> Vec<f64> {
    let inputs = weight.shape[1];
    let product = |row| (0..weight.shape[0]).map(move |output| dot(row, weight.row(output)) + bias.values[output]);
    x.chunks_exact(inputs).flat_map(product).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the activation functions that other sources print.
    #[test]
    fn published_values() {
        let points = [-3.0, -1.0, -0.5, 0.5, 1.0, 3.0];
        let gelu = [-0.0040497, -0.1586553, -0.1542688, 0.3457312, 0.8413447, 2.9959503];
        let gelu_new = [-0.0036374, -0.1588080, -0.1542860, 0.3457140, 0.8411920, 2.9963626];
        for ((x, gelu), gelu_new) in points.into_iter().zip(gelu).zip(gelu_new) {
            assert!((activation("gelu", x) - gelu).abs() < 5e-8);
            assert!((activation("gelu_new", x) - gelu_new).abs() < 5e-8);
        }
    }

    /// Sequences of groups as Hugging Face runs them, two of them where rounding decides.
    #[test]
    fn groups_of_layers() {
        let sequence =
            |layers, groups| (0..layers).map(|layer| group_of_layer(layer, layers, groups)).collect::<Vec<_>>();
        assert_eq!(sequence(12, 5), [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4]);
        assert_eq!(sequence(5, 4), [0, 0, 1, 2, 3]);
        assert_eq!(sequence(2, 3), [0, 1]);
        assert_eq!(group_of_layer(9, 18, 14), 6);
        assert_eq!(group_of_layer(9, 27, 21), 6);
    }
}
