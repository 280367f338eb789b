//! ALBERT for sequence classification on candle's tensors.

use std::path::Path;

use anyhow::Result;
use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::safetensors::MmapedSafetensors;
use candle_core::{Device, Module, Tensor};
use candle_nn::LayerNorm;

/// Values that fit a Q8_0 block; a matrix with another input width stays in f32.
const BLOCK: usize = 32;

struct Linear {
    weight: QMatMul,
    bias: Tensor,
}

impl Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(self.weight.forward(x)?.broadcast_add(&self.bias)?)
    }
}

/// The checkpoint's tensors, and whether to quantize the matrices.
struct Weights {
    tensors: MmapedSafetensors,
    quantized: bool,
}

impl Weights {
    fn tensor(&self, name: &str) -> Result<Tensor> {
        Ok(self.tensors.load(name, &Device::Cpu)?)
    }

    fn linear(&self, name: &str) -> Result<Linear> {
        let weight = self.tensor(&format!("{name}.weight"))?;
        let weight = if self.quantized && weight.dim(1)? % BLOCK == 0 {
            QMatMul::from_qtensor(QTensor::quantize(&weight, GgmlDType::Q8_0)?)?
        } else {
            QMatMul::Tensor(weight)
        };
        Ok(Linear { weight, bias: self.tensor(&format!("{name}.bias"))? })
    }

    fn layer_norm(&self, name: &str) -> Result<LayerNorm> {
        let weight = self.tensor(&format!("{name}.weight"))?;
        Ok(LayerNorm::new(weight, self.tensor(&format!("{name}.bias"))?, 1e-12))
    }
}

/// The model; the one layer is shared by all depths.
pub(crate) struct Albert {
    words: Tensor,
    positions: Tensor,
    token_types: Tensor,
    embedding_norm: LayerNorm,
    embedding_projection: Linear,
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
    pooler: Linear,
    classifier: Linear,
    layers: usize,
    heads: usize,
}

impl Albert {
    /// Reads a checkpoint in the Hugging Face names.
    pub(crate) fn load(path: &Path, layers: usize, heads: usize, quantized: bool) -> Result<Self> {
        // SAFETY: the file is not written while the process runs.
        let tensors = unsafe { MmapedSafetensors::new(path)? };
        let weights = Weights { tensors, quantized };
        let layer = |name: &str| format!("albert.encoder.albert_layer_groups.0.albert_layers.0.{name}");
        Ok(Self {
            words: weights.tensor("albert.embeddings.word_embeddings.weight")?,
            positions: weights.tensor("albert.embeddings.position_embeddings.weight")?,
            token_types: weights.tensor("albert.embeddings.token_type_embeddings.weight")?,
            embedding_norm: weights.layer_norm("albert.embeddings.LayerNorm")?,
            embedding_projection: weights.linear("albert.encoder.embedding_hidden_mapping_in")?,
            query: weights.linear(&layer("attention.query"))?,
            key: weights.linear(&layer("attention.key"))?,
            value: weights.linear(&layer("attention.value"))?,
            attention_output: weights.linear(&layer("attention.dense"))?,
            attention_norm: weights.layer_norm(&layer("attention.LayerNorm"))?,
            intermediate: weights.linear(&layer("ffn"))?,
            output: weights.linear(&layer("ffn_output"))?,
            output_norm: weights.layer_norm(&layer("full_layer_layer_norm"))?,
            pooler: weights.linear("albert.pooler")?,
            classifier: weights.linear("classifier")?,
            layers,
            heads,
        })
    }

    /// `[B, S]` ids to `[B, C]` logits.
    pub(crate) fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let (batch, tokens) = ids.dims2()?;
        let words = self.words.index_select(&ids.flatten_all()?, 0)?.reshape((batch, tokens, ()))?;
        let words = words.broadcast_add(&self.positions.narrow(0, 0, tokens)?)?;
        let words = words.broadcast_add(&self.token_types.get(0)?)?;
        let mut x = self.embedding_projection.forward(&self.embedding_norm.forward(&words)?)?;
        for _ in 0..self.layers {
            x = self.attention_norm.forward(&(self.attention(&x)? + &x)?)?;
            let block = self.output.forward(&self.intermediate.forward(&x)?.gelu()?)?;
            x = self.output_norm.forward(&(block + &x)?)?;
        }
        let pooled = self.pooler.forward(&x.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?)?.tanh()?;
        self.classifier.forward(&pooled)
    }

    fn attention(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, tokens, hidden) = x.dims3()?;
        let head_size = hidden / self.heads;
        let heads = |linear: &Linear| -> Result<Tensor> {
            let all = linear.forward(x)?.reshape((batch, tokens, self.heads, head_size))?;
            Ok(all.transpose(1, 2)?.contiguous()?)
        };
        let (query, key, value) = (heads(&self.query)?, heads(&self.key)?, heads(&self.value)?);
        let scores = (query.matmul(&key.t()?)? / (head_size as f64).sqrt())?;
        let context = candle_nn::ops::softmax_last_dim(&scores)?.matmul(&value)?;
        self.attention_output.forward(&context.transpose(1, 2)?.contiguous()?.reshape((batch, tokens, hidden))?)
    }
}
