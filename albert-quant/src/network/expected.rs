//! Which parameters a configuration has: names, shapes and order.

use albert_core::Model;
use albert_core::config::{Config, Head};
use albert_core::format::Record;
use albert_core::format::layout::{BLOCK_ROLES, EMBEDDING_ROLES, EXIT_ROLES, HEAD_ROLES, role};
use albert_core::format::shapes::{Shape, shape, wanted};

use super::{Kind, Parameter, Source};

/// A parameter by name and shape, before it has a source.
pub(crate) struct Expected {
    pub(crate) name: String,
    pub(crate) role: u16,
    pub(crate) block: u16,
    pub(crate) kind: Kind,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Expected {
    pub(crate) fn bind(self, source: Source) -> Parameter {
        let Self { name, role, block, kind, rows, columns } = self;
        Parameter { name, role, block, kind, rows, columns, source }
    }

    /// The shape that a checkpoint stores.
    pub(super) fn shape(&self) -> Vec<usize> {
        if self.kind == Kind::Vector { vec![self.columns] } else { vec![self.rows, self.columns] }
    }
}

/// Parameters that the configuration leaves open.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extras {
    /// The masked-LM head has a matrix of its own.
    pub(crate) decoder: bool,
    /// Every layer but the last has a classifier of its own.
    pub(crate) exits: bool,
}

/// Every parameter of a configuration in file order. Made one after the other: a configuration may ask for far more than a
/// checkpoint has.
pub(crate) fn expected(config: &Config, extras: Extras) -> impl Iterator<Item = Expected> + use<> {
    let config = *config;
    let wanted = move |role: &u16| wanted(*role, &config) && (*role != role::MLM_DECODER || extras.decoder);
    let outside_blocks = |role| (role, 0, (0, 0));
    let blocks = (0..config.num_hidden_groups)
        .flat_map(move |group| (0..config.inner_group_num).map(move |inner| (group, inner)))
        .enumerate()
        .flat_map(|(block, at)| BLOCK_ROLES.map(move |role| (role, block as u16, at)));
    let last = if extras.exits { config.num_hidden_layers.saturating_sub(1) } else { 0 };
    let exits = (0..last).flat_map(|layer| EXIT_ROLES.map(move |role| (role, layer as u16, (0, 0))));
    let embeddings = EMBEDDING_ROLES.filter(wanted).map(outside_blocks);
    let heads = HEAD_ROLES.filter(wanted).map(outside_blocks);
    let tied = config.head.is_masked_lm() && !extras.decoder;
    embeddings.chain(blocks).chain(heads).chain(exits).map(move |(role, block, at)| {
        let (kind, rows, columns) = match shape(role, &config) {
            Shape::Vector(length) => (Kind::Vector, 1, length),
            Shape::Table(rows, columns) if role == role::MLM_DECODER || (tied && role == role::WORD_EMBEDDINGS) => {
                (Kind::Decoder, rows, columns)
            }
            Shape::Table(rows, columns) => (Kind::Table, rows, columns),
            Shape::Linear(rows, columns) => (Kind::Linear, rows, columns),
        };
        let (rows, columns) = (rows as usize, columns as usize);
        Expected { name: name(config.head, role, block, at), role, block, kind, rows, columns }
    })
}

/// The tensors of a model file, in file order: name and shape as a checkpoint has them, and the record.
pub fn tensors<'m>(model: &Model<'m>) -> impl Iterator<Item = (String, Vec<usize>, Record)> + use<'m> {
    let decoder = model.tensors().any(|record| record.role == role::MLM_DECODER);
    let expected = expected(model.config(), Extras { decoder, exits: model.has_exits() });
    expected.zip(model.tensors()).map(|(expected, record)| (expected.name.clone(), expected.shape(), record))
}

/// What the parameter of a role is called; `at` is the group and the place in it of a block.
fn name(head: Head, role: u16, block: u16, at: (u32, u32)) -> String {
    let classifier = if head == Head::QuestionAnswering { "qa_outputs" } else { "classifier" };
    let name = match role {
        role::WORD_EMBEDDINGS => "embeddings.word_embeddings.weight",
        role::POSITION_EMBEDDINGS => "embeddings.position_embeddings.weight",
        role::TOKEN_TYPE_EMBEDDINGS => "embeddings.token_type_embeddings.weight",
        role::EMBEDDING_NORM_WEIGHT => "embeddings.LayerNorm.weight",
        role::EMBEDDING_NORM_BIAS => "embeddings.LayerNorm.bias",
        role::EMBEDDING_MAPPING => "encoder.embedding_hidden_mapping_in.weight",
        role::EMBEDDING_MAPPING_BIAS => "encoder.embedding_hidden_mapping_in.bias",
        role::POOLER => "pooler.weight",
        role::POOLER_BIAS => "pooler.bias",
        role::CLASSIFIER => return format!("{classifier}.weight"),
        role::CLASSIFIER_BIAS => return format!("{classifier}.bias"),
        role::EXIT_CLASSIFIER => return format!("classifiers.{block}.weight"),
        role::EXIT_CLASSIFIER_BIAS => return format!("classifiers.{block}.bias"),
        role::MLM_DENSE => "predictions.dense.weight",
        role::MLM_DENSE_BIAS => "predictions.dense.bias",
        role::MLM_NORM_WEIGHT => "predictions.LayerNorm.weight",
        role::MLM_NORM_BIAS => "predictions.LayerNorm.bias",
        role::MLM_DECODER => "predictions.decoder.weight",
        role::MLM_DECODER_BIAS => "predictions.decoder.bias",
        role::SENTENCE_DENSE => "2_Dense.linear.weight",
        role::SENTENCE_DENSE_BIAS => "2_Dense.linear.bias",
        role::SENTENCE_ORDER => "sop_classifier.classifier.weight",
        role::SENTENCE_ORDER_BIAS => "sop_classifier.classifier.bias",
        _ => {
            let part = match role {
                role::QUERY => "attention.query.weight",
                role::QUERY_BIAS => "attention.query.bias",
                role::KEY => "attention.key.weight",
                role::KEY_BIAS => "attention.key.bias",
                role::VALUE => "attention.value.weight",
                role::VALUE_BIAS => "attention.value.bias",
                role::ATTENTION_OUTPUT => "attention.dense.weight",
                role::ATTENTION_OUTPUT_BIAS => "attention.dense.bias",
                role::ATTENTION_NORM_WEIGHT => "attention.LayerNorm.weight",
                role::ATTENTION_NORM_BIAS => "attention.LayerNorm.bias",
                role::FFN => "ffn.weight",
                role::FFN_BIAS => "ffn.bias",
                role::FFN_OUTPUT => "ffn_output.weight",
                role::FFN_OUTPUT_BIAS => "ffn_output.bias",
                role::OUTPUT_NORM_WEIGHT => "full_layer_layer_norm.weight",
                _ => "full_layer_layer_norm.bias",
            };
            let (group, inner) = at;
            return format!("encoder.albert_layer_groups.{group}.albert_layers.{inner}.{part}");
        }
    };
    name.to_owned()
}
