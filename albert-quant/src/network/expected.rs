//! Which parameters a configuration has: names, shapes and order.

use albert_core::Model;
use albert_core::config::{Config, Head};
use albert_core::format::Record;
use albert_core::format::layout::{BLOCK_ROLES, EMBEDDING_ROLES, EXIT_ROLES, HEAD_ROLES, role};

use super::{Kind, Parameter, Source};

/// A parameter by name and shape, before it has a source.
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) role: u16,
    pub(crate) block: u16,
    pub(crate) kind: Kind,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Slot {
    pub(crate) fn fill(self, source: Source) -> Parameter {
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
pub(crate) fn slots(config: &Config, extras: Extras) -> impl Iterator<Item = Slot> + use<> {
    let config = *config;
    let blocks = (0..config.num_hidden_groups)
        .flat_map(move |group| (0..config.inner_group_num).map(move |inner| (group, inner)))
        .enumerate()
        .flat_map(|(block, at)| BLOCK_ROLES.map(move |role| (role, block as u16, at)));
    let masked_lm = config.head.is_masked_lm();
    let wanted = move |role: &u16| match *role {
        role::POOLER | role::POOLER_BIAS => config.pooler,
        role::CLASSIFIER | role::CLASSIFIER_BIAS => !masked_lm && config.head != Head::None,
        role::MLM_DECODER => masked_lm && extras.decoder,
        role::SENTENCE_ORDER | role::SENTENCE_ORDER_BIAS => config.head == Head::PreTraining,
        role::SENTENCE_DENSE | role::SENTENCE_DENSE_BIAS => config.sentence_dense > 0,
        _ => masked_lm,
    };
    let heads = HEAD_ROLES.filter(wanted).map(|role| (role, 0, (0, 0)));
    let last = if extras.exits { config.num_hidden_layers.saturating_sub(1) } else { 0 };
    let exits = (0..last).flat_map(|layer| EXIT_ROLES.map(move |role| (role, layer as u16, (0, 0))));
    let mapped = config.embedding_mapping;
    let embeddings = EMBEDDING_ROLES.filter(move |&role| mapped || role < role::EMBEDDING_MAPPING);
    let all = embeddings.map(|role| (role, 0, (0, 0))).chain(blocks).chain(heads).chain(exits);
    let tied = masked_lm && !extras.decoder;
    all.map(move |(role, block, at)| slot(&config, role, block, at, tied))
}

/// The tensors of a model file, in file order: name and shape as a checkpoint has them, and the record.
pub fn tensors<'m>(model: &Model<'m>) -> impl Iterator<Item = (String, Vec<usize>, Record)> + use<'m> {
    let decoder = model.tensors().any(|record| record.role == role::MLM_DECODER);
    let slots = slots(model.config(), Extras { decoder, exits: model.has_exits() });
    slots.zip(model.tensors()).map(|(slot, record)| (slot.name.clone(), slot.shape(), record))
}

/// The parameter of one role; `at` is the group and the place in it of a block; `tied` says that the word embeddings are the
/// masked-LM decoder, too.
fn slot(config: &Config, role: u16, block: u16, at: (u32, u32), tied: bool) -> Slot {
    let (vocabulary, positions) = (config.vocab_size as usize, config.max_position_embeddings as usize);
    let (types, labels) = (config.type_vocab_size as usize, config.num_labels as usize);
    let (embedding, hidden) = (config.embedding_size as usize, config.hidden_size as usize);
    let intermediate = config.intermediate_size as usize;
    let vector = |name: &str, length| (name.to_owned(), Kind::Vector, 1, length);
    let table = |name: &str, rows| (name.to_owned(), Kind::Table, rows, embedding);
    let linear = |name: &str, rows, columns| (name.to_owned(), Kind::Linear, rows, columns);
    let classifier = if config.head == Head::QuestionAnswering { "qa_outputs" } else { "classifier" };
    let (name, kind, rows, columns) = match role {
        role::WORD_EMBEDDINGS => {
            let kind = if tied { Kind::Decoder } else { Kind::Table };
            ("embeddings.word_embeddings.weight".to_owned(), kind, vocabulary, embedding)
        }
        role::POSITION_EMBEDDINGS => table("embeddings.position_embeddings.weight", positions),
        role::TOKEN_TYPE_EMBEDDINGS => table("embeddings.token_type_embeddings.weight", types),
        role::EMBEDDING_NORM_WEIGHT => vector("embeddings.LayerNorm.weight", embedding),
        role::EMBEDDING_NORM_BIAS => vector("embeddings.LayerNorm.bias", embedding),
        role::EMBEDDING_MAPPING => linear("encoder.embedding_hidden_mapping_in.weight", hidden, embedding),
        role::EMBEDDING_MAPPING_BIAS => vector("encoder.embedding_hidden_mapping_in.bias", hidden),
        role::POOLER => linear("pooler.weight", hidden, hidden),
        role::POOLER_BIAS => vector("pooler.bias", hidden),
        role::CLASSIFIER => linear(&format!("{classifier}.weight"), labels, hidden),
        role::CLASSIFIER_BIAS => vector(&format!("{classifier}.bias"), labels),
        role::EXIT_CLASSIFIER => linear(&format!("classifiers.{block}.weight"), labels, hidden),
        role::EXIT_CLASSIFIER_BIAS => vector(&format!("classifiers.{block}.bias"), labels),
        role::MLM_DENSE => linear("predictions.dense.weight", embedding, hidden),
        role::MLM_DENSE_BIAS => vector("predictions.dense.bias", embedding),
        role::MLM_NORM_WEIGHT => vector("predictions.LayerNorm.weight", embedding),
        role::MLM_NORM_BIAS => vector("predictions.LayerNorm.bias", embedding),
        role::MLM_DECODER => ("predictions.decoder.weight".to_owned(), Kind::Decoder, vocabulary, embedding),
        role::MLM_DECODER_BIAS => vector("predictions.decoder.bias", vocabulary),
        role::SENTENCE_DENSE => linear("2_Dense.linear.weight", config.sentence_dense as usize, hidden),
        role::SENTENCE_DENSE_BIAS => vector("2_Dense.linear.bias", config.sentence_dense as usize),
        role::SENTENCE_ORDER => linear("sop_classifier.classifier.weight", labels, hidden),
        role::SENTENCE_ORDER_BIAS => vector("sop_classifier.classifier.bias", labels),
        _ => {
            let (part, kind, rows, columns) = match role {
                role::QUERY => linear("attention.query.weight", hidden, hidden),
                role::QUERY_BIAS => vector("attention.query.bias", hidden),
                role::KEY => linear("attention.key.weight", hidden, hidden),
                role::KEY_BIAS => vector("attention.key.bias", hidden),
                role::VALUE => linear("attention.value.weight", hidden, hidden),
                role::VALUE_BIAS => vector("attention.value.bias", hidden),
                role::ATTENTION_OUTPUT => linear("attention.dense.weight", hidden, hidden),
                role::ATTENTION_OUTPUT_BIAS => vector("attention.dense.bias", hidden),
                role::ATTENTION_NORM_WEIGHT => vector("attention.LayerNorm.weight", hidden),
                role::ATTENTION_NORM_BIAS => vector("attention.LayerNorm.bias", hidden),
                role::FFN => linear("ffn.weight", intermediate, hidden),
                role::FFN_BIAS => vector("ffn.bias", intermediate),
                role::FFN_OUTPUT => linear("ffn_output.weight", hidden, intermediate),
                role::FFN_OUTPUT_BIAS => vector("ffn_output.bias", hidden),
                role::OUTPUT_NORM_WEIGHT => vector("full_layer_layer_norm.weight", hidden),
                _ => vector("full_layer_layer_norm.bias", hidden),
            };
            let (group, inner) = at;
            (format!("encoder.albert_layer_groups.{group}.albert_layers.{inner}.{part}"), kind, rows, columns)
        }
    };
    Slot { name, role, block, kind, rows, columns }
}
