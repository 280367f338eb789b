//! The parameters of a model file, in file order, each bound to where its values come from.

use std::sync::Arc;

use albert_core::Model;
use albert_core::config::{
    Activation, Config, Head, HeadInput, Pooling, Precision, ProblemType, SentenceEmbedding, Storage,
};
use albert_core::format::Record;
use albert_core::format::layout::{BLOCK_ROLES, EMBEDDING_ROLES, EXIT_ROLES, HEAD_ROLES, role};

use crate::checkpoint::{Checkpoint, ElementType, LowRank, Sentence, Tensor};
use crate::error::{Error, Warning};
use crate::family::Family;
use crate::head::{self, HeadChoice, MlmBias};
use crate::random::Random;
use crate::sections::Usage;

/// A network before quantization.
///
/// Invariant: `parameters` are those that the model file's specification asks for, in its order, and every source has
/// the parameter's shape.
pub(crate) struct Network {
    /// `precision` and `storage` are not decided yet.
    pub(crate) config: Config,
    pub(crate) usage: Usage,
    /// Group of each of the L applications.
    pub(crate) groups: Vec<u16>,
    /// Names of the head's labels; empty when the head has none.
    pub(crate) labels: Vec<String>,
    pub(crate) parameters: Vec<Parameter>,
}

/// One parameter of the network.
pub(crate) struct Parameter {
    /// Name without prefixes, as the reference library has it.
    pub(crate) name: String,
    pub(crate) role: u16,
    pub(crate) block: u16,
    pub(crate) kind: Kind,
    /// Output channels; 1 for a vector.
    pub(crate) rows: usize,
    /// Inputs, or the length of a vector.
    pub(crate) columns: usize,
    pub(crate) source: Source,
}

/// What a parameter is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bias or a layer norm's weight.
    Vector,
    /// An embedding table, whose rows are looked up.
    Table,
    /// The masked-LM decoder, which may be the word embeddings.
    Decoder,
    /// The matrix of a linear.
    Linear,
}

/// Where a parameter's values come from.
pub(crate) enum Source {
    Tensor(Tensor),
    /// The element-wise sum of two vectors.
    Sum(Tensor, Tensor),
    Random(Random),
    Constant(f32),
    /// A matrix and what an adapter adds to it.
    Adapted(Tensor, LowRank),
    /// These, row by row.
    Values(Vec<f32>),
    /// Some rows of a matrix, or some elements of a vector.
    Rows(Box<Parameter>, Arc<[u32]>),
    /// A vector whose values calibration has moved.
    Moved {
        values: Vec<f32>,
        /// What it takes in the checkpoint.
        checkpoint_bytes: usize,
    },
}

impl Source {
    /// Reads one row of a matrix, or the whole of a vector as row 0.
    pub(crate) fn read_row(&self, row: usize, out: &mut [f32]) {
        match self {
            Self::Tensor(tensor) => tensor.read_row(row, out),
            Self::Sum(a, b) => {
                a.read_row(row, out);
                let mut other = vec![0.0; out.len()];
                b.read_row(row, &mut other);
                out.iter_mut().zip(other).for_each(|(x, y)| *x += y);
            }
            Self::Random(random) => random.row(row, out),
            Self::Adapted(tensor, added) => {
                tensor.read_row(row, out);
                added.add_row(row, out);
            }
            Self::Constant(value) => out.fill(*value),
            Self::Values(values) => out.copy_from_slice(&values[row * out.len()..(row + 1) * out.len()]),
            Self::Rows(of, rows) if of.kind == Kind::Vector => {
                let mut whole = vec![0.0; of.columns];
                of.source.read_row(0, &mut whole);
                out.iter_mut().zip(rows.iter()).for_each(|(x, &row)| *x = whole[row as usize]);
            }
            Self::Rows(of, rows) => of.source.read_row(rows[row] as usize, out),
            Self::Moved { values, .. } => out.copy_from_slice(values),
        }
    }

    /// Bytes that the values take in the checkpoint.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Tensor(tensor) => tensor.bytes(),
            Self::Sum(a, b) => a.bytes() + b.bytes(),
            Self::Adapted(tensor, added) => tensor.bytes() + added.bytes(),
            Self::Rows(of, _) => of.source.bytes(),
            Self::Moved { checkpoint_bytes, .. } => *checkpoint_bytes,
            Self::Random(_) | Self::Constant(_) | Self::Values(_) => 0,
        }
    }
}

impl Parameter {
    /// The parameter that this one has some rows of, or itself.
    pub(crate) fn whole(&self) -> &Self {
        match &self.source {
            Source::Rows(of, _) => of,
            _ => self,
        }
    }

    /// Leaves these rows, or elements of a vector.
    fn keep_rows(self, rows: &Arc<[u32]>) -> Self {
        let count = rows.len();
        let (rows_left, columns) = if self.kind == Kind::Vector { (self.rows, count) } else { (count, self.columns) };
        let Self { ref name, role, block, kind, .. } = self;
        let name = name.clone();
        Self { name, role, block, kind, rows: rows_left, columns, source: Source::Rows(Box::new(self), rows.clone()) }
    }
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
    fn shape(&self) -> Vec<usize> {
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

impl Network {
    /// Binds every parameter to a tensor of the checkpoint, checking shapes and element types.
    pub(crate) fn from_checkpoint(
        mut checkpoint: Checkpoint,
        choice: HeadChoice,
        mlm_bias: MlmBias,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Error> {
        let exits = exits(&mut checkpoint);
        let family = checkpoint.config.family;
        let config_path = checkpoint.config_path.clone();
        let failed = |problem| Error::Config { path: config_path.clone(), problem };
        let head = head::choose(
            choice,
            checkpoint.config.architecture.as_deref(),
            &|name: &str| checkpoint.rows(name),
            warnings,
        )
        .map_err(failed)?;
        let pooler_act = family.adapt(&checkpoint.config, head, &mut checkpoint.tensors).map_err(failed)?;
        let sentence = checkpoint.sentence.take().filter(|_| head == Head::None);
        let usage = usage(&mut checkpoint, sentence.as_ref(), pooler_act, warnings);
        drop_identity(&mut checkpoint);
        let config = config(&checkpoint, choice, head, sentence.as_ref())?;
        let labels = labels(&checkpoint, &config, warnings);
        let groups = checkpoint.config.groups();
        let decoder = masked_lm(&mut checkpoint, &config, mlm_bias, warnings)?;
        let mut parameters = Vec::new();
        let exits = exits && config.head == Head::SequenceClassification;
        for slot in slots(&config, Extras { decoder: decoder.own_matrix, exits }) {
            let tensor = match checkpoint.tensors.remove(&slot.name) {
                Some(tensor) => tensor,
                // DistilBERT has no token types, and a dense layer may have no bias.
                None if slot.role == role::TOKEN_TYPE_EMBEDDINGS && family == Family::DistilBert => {
                    parameters.push(slot.fill(Source::Constant(0.0)));
                    continue;
                }
                None if slot.role == role::SENTENCE_DENSE_BIAS => {
                    parameters.push(slot.fill(Source::Constant(0.0)));
                    continue;
                }
                None if slot.role >= role::POOLER => {
                    return Err(Error::MissingHeadTensor { name: slot.name, head: config.head });
                }
                None => return Err(Error::MissingTensor { name: slot.name }),
            };
            check(&slot.name, &slot.shape(), &tensor)?;
            if let Some(added) = checkpoint.added.remove(&slot.name) {
                parameters.push(slot.fill(Source::Adapted(tensor, added)));
                continue;
            }
            parameters.push(match decoder.second_bias.as_ref().filter(|_| slot.role == role::MLM_DECODER_BIAS) {
                Some(second) => {
                    check("predictions.bias", &slot.shape(), second)?;
                    slot.fill(Source::Sum(tensor, second.clone()))
                }
                None => slot.fill(Source::Tensor(tensor)),
            });
        }
        if let Some(name) = checkpoint.added.into_keys().next() {
            return Err(Error::AdapterUnused { name });
        }
        let unused: Vec<String> = checkpoint.tensors.into_keys().filter(|name| !droppable(name)).collect();
        if !unused.is_empty() {
            warnings.push(Warning::UnusedTensors(unused));
        }
        Ok(Self { config, usage, groups, labels, parameters })
    }
}

/// Tensors of other heads: left out knowingly, without a warning.
fn droppable(name: &str) -> bool {
    const HEADS: [&str; 9] = [
        "predictions.",
        "sop_classifier.",
        "classifier.",
        "classifiers.",
        "qa_outputs.",
        "pooler.",
        "pre_classifier.",
        "cls.",
        "discriminator_predictions.",
    ];
    HEADS.iter().any(|head| name.starts_with(head))
}

fn check(name: &str, expected: &[usize], tensor: &Tensor) -> Result<(), Error> {
    if let ElementType::Other(found) = tensor.element() {
        return Err(Error::ElementType { name: name.to_owned(), found: found.to_string() });
    }
    if tensor.shape() != expected {
        let (expected, found) = (expected.to_vec(), tensor.shape().to_vec());
        return Err(Error::Shape { name: name.to_owned(), expected, found });
    }
    Ok(())
}

/// The network's configuration: that of the checkpoint, and what its tensors say about the head.
fn config(
    checkpoint: &Checkpoint,
    choice: HeadChoice,
    head: Head,
    sentence: Option<&Sentence>,
) -> Result<Config, Error> {
    let from = &checkpoint.config;
    let rows = |name: &str| checkpoint.rows(name);
    let outputs = match head {
        Head::None | Head::MaskedLm => None,
        Head::QuestionAnswering => Some(("qa_outputs.weight", Some(2))),
        Head::MultipleChoice => Some(("classifier.weight", Some(1))),
        Head::PreTraining => Some(("sop_classifier.classifier.weight", None)),
        _ => Some(("classifier.weight", None)),
    };
    // The original code, and BERT, hand embeddings of the hidden state's width on as they are.
    let unmapped = (checkpoint.original || from.family != Family::Albert || checkpoint.identity)
        && rows(&format!("{MAPPING}.weight")).is_none();
    // An embedding of the text takes its place.
    let pooler_kept = choice != HeadChoice::Encoder && (sentence.is_none() || choice != HeadChoice::Auto);
    let num_labels = match outputs {
        None => 0,
        Some((name, fixed)) => {
            let found = rows(name).ok_or_else(|| Error::MissingHeadTensor { name: name.to_owned(), head })?;
            let rows = u32::try_from(found).ok().filter(|&rows| (1..=MOST_LABELS).contains(&rows));
            match (rows, fixed) {
                (Some(rows), None) => rows,
                (Some(rows), Some(fixed)) if rows == fixed => rows,
                (_, expected) => {
                    let expected = expected.unwrap_or(MOST_LABELS);
                    return Err(Error::HeadOutputs { head, name: name.to_owned(), expected, found });
                }
            }
        }
    };
    Ok(Config {
        vocab_size: from.vocab_size,
        embedding_size: from.embedding_size,
        hidden_size: from.hidden_size,
        intermediate_size: from.intermediate_size,
        num_hidden_layers: from.num_hidden_layers,
        num_hidden_groups: from.num_hidden_groups,
        inner_group_num: from.inner_group_num,
        num_attention_heads: from.num_attention_heads,
        max_position_embeddings: from.max_position_embeddings,
        type_vocab_size: from.type_vocab_size,
        hidden_act: from.hidden_act,
        layer_norm_eps: from.layer_norm_eps,
        precision: Precision::Float,
        head,
        embedding_mapping: !(unmapped && from.embedding_size == from.hidden_size),
        pooler: (pooler_kept && rows("pooler.weight").is_some()) || head.input() == HeadInput::Pooled,
        num_labels,
        problem_type: problem_type(head, from.problem_type, num_labels),
        pooling: Pooling::Pooler,
        sentence_dense: sentence
            .and_then(|sentence| sentence.dense.as_ref())
            .map_or(0, |dense| u32::try_from(dense.outputs).unwrap_or(u32::MAX)),
        storage: Storage::default(),
    })
}

/// The linear from embeddings to hidden states.
const MAPPING: &str = "encoder.embedding_hidden_mapping_in";

/// Takes away a mapping that changes nothing: the identity and no bias, as of a BERT that was written as an ALBERT.
fn drop_identity(checkpoint: &mut Checkpoint) {
    let width = checkpoint.config.hidden_size as usize;
    let [weight, bias] = ["weight", "bias"].map(|part| format!("{MAPPING}.{part}"));
    let tensors = &mut checkpoint.tensors;
    let (Some(matrix), Some(vector)) = (tensors.get(&weight), tensors.get(&bias)) else { return };
    if matrix.shape() != [width, width] || vector.shape() != [width] {
        return;
    }
    let mut values = vec![0.0; width];
    let mut row_is = |tensor: &Tensor, row: usize, one: Option<usize>| {
        tensor.read_row(row, &mut values);
        values.iter().enumerate().all(|(column, &value)| value == f32::from(u8::from(Some(column) == one)))
    };
    if row_is(vector, 0, None) && (0..width).all(|row| row_is(matrix, row, Some(row))) {
        tensors.remove(&weight);
        tensors.remove(&bias);
        checkpoint.identity = true;
    }
}

/// What a sentence-transformers checkpoint says about its use; its dense layer goes to the other tensors.
fn usage(
    checkpoint: &mut Checkpoint,
    sentence: Option<&Sentence>,
    pooler_act: Activation,
    warnings: &mut Vec<Warning>,
) -> Usage {
    let usage = Usage { pooler_act, ..Usage::default() };
    let Some(sentence) = sentence else { return usage };
    if let Some(dense) = &sentence.dense {
        checkpoint.tensors.insert("2_Dense.linear.weight".to_owned(), dense.weight.clone());
        if let Some(bias) = &dense.bias {
            checkpoint.tensors.insert("2_Dense.linear.bias".to_owned(), bias.clone());
        }
    }
    let positions = checkpoint.config.max_position_embeddings;
    if let Some(stated) = sentence.max_sequence.filter(|&stated| stated > positions) {
        warnings.push(Warning::SequenceLength { stated, positions });
    }
    let named = |name: &String| sentence.prompts.iter().position(|(prompt, _)| prompt == name);
    Usage {
        max_sequence: sentence.max_sequence.filter(|&stated| stated < positions),
        sentence: Some(SentenceEmbedding {
            pooling: sentence.pooling,
            dense: sentence.dense.as_ref().map(|dense| dense.activation),
            normalize: sentence.normalize,
        }),
        prompts: sentence.prompts.clone(),
        default_prompt: sentence.default_prompt.as_ref().and_then(named).map(|index| index as u32),
        ..usage
    }
}

/// Most labels of a head.
const MOST_LABELS: u32 = 1 << 20;

/// How the reference's text-classification pipeline makes scores of the logits.
fn problem_type(head: Head, stated: Option<ProblemType>, num_labels: u32) -> ProblemType {
    match stated {
        _ if head != Head::SequenceClassification => ProblemType::SingleLabel,
        Some(ProblemType::Regression) => ProblemType::Regression,
        Some(ProblemType::MultiLabel) => ProblemType::MultiLabel,
        _ if num_labels == 1 => ProblemType::MultiLabel,
        _ => ProblemType::SingleLabel,
    }
}

/// The label names of a classifier: those of the configuration by id, `LABEL_i` where it has none.
fn labels(checkpoint: &Checkpoint, config: &Config, warnings: &mut Vec<Warning>) -> Vec<String> {
    if !matches!(config.head, Head::SequenceClassification | Head::TokenClassification) {
        return Vec::new();
    }
    let names = &checkpoint.config.labels;
    let head = config.num_labels as usize;
    if !names.is_empty() && names.len() != head {
        warnings.push(Warning::LabelCount { config: names.len(), head });
    }
    (0..config.num_labels).map(|id| names.get(&id).cloned().unwrap_or_else(|| format!("LABEL_{id}"))).collect()
}

/// Whether the checkpoint has a classifier for every layer, as PABEE trains them: `classifiers.{layer}`. The last one is
/// `classifier` afterwards.
fn exits(checkpoint: &mut Checkpoint) -> bool {
    let tensors = &mut checkpoint.tensors;
    if !tensors.contains_key("classifiers.0.weight") {
        return false;
    }
    let last = checkpoint.config.num_hidden_layers.saturating_sub(1);
    for part in ["weight", "bias"] {
        if let Some(tensor) = tensors.remove(&format!("classifiers.{last}.{part}")) {
            tensors.insert(format!("classifier.{part}"), tensor);
        }
    }
    true
}

/// How the masked-LM decoder is made up.
#[derive(Default)]
struct Decoder {
    /// It has a matrix that is not the word embeddings.
    own_matrix: bool,
    /// Added to `predictions.decoder.bias`.
    second_bias: Option<Tensor>,
}

/// Settles which of the masked-LM decoder's tensors count, as the reference does: afterwards the bias is
/// `predictions.decoder.bias`, and `predictions.decoder.weight` is there only when it is untied.
fn masked_lm(
    checkpoint: &mut Checkpoint,
    config: &Config,
    mlm_bias: MlmBias,
    warnings: &mut Vec<Warning>,
) -> Result<Decoder, Error> {
    const WORDS: &str = "embeddings.word_embeddings.weight";
    const WEIGHT: &str = "predictions.decoder.weight";
    const BIAS: &str = "predictions.decoder.bias";
    let tied = checkpoint.config.tie_word_embeddings;
    let tensors = &mut checkpoint.tensors;
    if !tensors.contains_key(WORDS)
        && let Some(decoder) = tensors.get(WEIGHT)
    {
        let words = decoder.clone();
        tensors.insert(WORDS.to_owned(), words);
    }
    if !matches!(config.head, Head::MaskedLm | Head::PreTraining) {
        return Ok(Decoder::default());
    }
    let own_matrix = match (tensors.get(WORDS), tensors.get(WEIGHT)) {
        (Some(words), Some(decoder)) => !words.same_values(decoder),
        (Some(_), None) if tied => false,
        _ => return Err(Error::MissingHeadTensor { name: WEIGHT.to_owned(), head: config.head }),
    };
    if own_matrix && tied {
        warnings.push(Warning::UntiedDecoder);
    }
    let mut second_bias = None;
    match (tensors.remove("predictions.bias"), tensors.get(BIAS)) {
        (Some(bias), None) => {
            tensors.insert(BIAS.to_owned(), bias);
        }
        (Some(bias), Some(decoder_bias)) if !bias.same_values(decoder_bias) => {
            warnings.push(Warning::TwoMlmBiases { used: mlm_bias.name() });
            match mlm_bias {
                MlmBias::Decoder => {}
                MlmBias::Predictions => {
                    tensors.insert(BIAS.to_owned(), bias);
                }
                MlmBias::Sum => second_bias = Some(bias),
            }
        }
        _ => {}
    }
    Ok(Decoder { own_matrix, second_bias })
}
