//! Why a checkpoint cannot be converted, and what a user should know about one that can.

use std::path::PathBuf;

use albert_core::config::Head;

use crate::one_line::{List, OneLine};

/// Why a checkpoint cannot be converted. One line each: what, where, and what to do when that is not plain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A path leads to a device, a pipe or a directory where a file is needed.
    #[error("{} is no regular file", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// A file stands for one that Git LFS keeps elsewhere.
    #[error("{} is a Git LFS pointer, not the file itself: run git lfs pull", path.display())]
    LfsPointer {
        /// The file.
        path: PathBuf,
    },
    /// A configuration or index file is larger than any that means something.
    #[error("{} has more than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What it may have.
        limit: u64,
    },
    /// The checkpoint's tokenizer cannot be compiled.
    #[error("tokenizer: {0}")]
    Tokenizer(#[source] crate::tokenizer::CompileError),
    /// A directory holds no weights in a known container.
    #[error(
        "no weights in {}: expected model.safetensors, pytorch_model.bin (or an index of shards of either), tf_model.h5, \
         flax_model.msgpack or a TensorFlow checkpoint's .index",
        path.display()
    )]
    NoWeights {
        /// The directory.
        path: PathBuf,
    },
    /// A directory holds several TensorFlow checkpoints, of different training steps.
    #[error("{} has several checkpoints: {}; give the path of one", path.display(), List(files))]
    SeveralWeights {
        /// The directory.
        path: PathBuf,
        /// Names of their index files.
        files: Vec<String>,
    },
    /// A file is not a container that can be read.
    #[error("{} is no checkpoint container; give the checkpoint's directory or its weights file", path.display())]
    UnknownContainer {
        /// The file.
        path: PathBuf,
    },
    /// A container is damaged.
    #[error("{}: {}", path.display(), OneLine(reason))]
    Container {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A sentence-transformers checkpoint has modules that a model file cannot have.
    #[error("{}: {}", path.display(), OneLine(reason))]
    Modules {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An adapter cannot be merged.
    #[error("{}: {}", path.display(), OneLine(reason))]
    Adapter {
        /// The adapter's configuration.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The checkpoint that an adapter was trained on is not here.
    #[error("{} is an adapter of {base:?}, which is not here: give its checkpoint with --base", path.display())]
    AdapterBase {
        /// The adapter's directory.
        path: PathBuf,
        /// What it was trained on.
        base: String,
    },
    /// An adapter changes a tensor that the converted network has not.
    #[error("the adapter changes {name}, which the converted network does not have")]
    AdapterUnused {
        /// Name without prefixes.
        name: String,
    },
    /// The configuration is unusable.
    #[error("{}: {problem}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: ConfigProblem,
    },
    /// Two tensors of the checkpoint have the same meaning and different values.
    #[error("tensor {name} occurs twice with different values")]
    DuplicateTensor {
        /// Name without prefixes.
        name: String,
    },
    /// A tensor that the network needs is missing.
    #[error("tensor {name} is missing; the head {head} needs it (choose another with --head)")]
    MissingHeadTensor {
        /// Name without prefixes.
        name: String,
        /// The head that needs it.
        head: Head,
    },
    /// A tensor that every ALBERT has is missing.
    #[error("tensor {name} is missing")]
    MissingTensor {
        /// Name without prefixes.
        name: String,
    },
    /// A tensor has another shape than the configuration says.
    #[error("tensor {name} has shape {found:?}; the configuration asks for {expected:?}")]
    Shape {
        /// Name without prefixes.
        name: String,
        /// Shape by the configuration.
        expected: Vec<usize>,
        /// Shape in the checkpoint.
        found: Vec<usize>,
    },
    /// A tensor has an element type that is none of f32, f16, bf16, f64.
    #[error("tensor {name} has element type {}; expected f32, f16, bf16 or f64", OneLine(found))]
    ElementType {
        /// Name without prefixes.
        name: String,
        /// Type in the checkpoint.
        found: String,
    },
    /// A weight is NaN or infinite.
    #[error("tensor {name} holds {value} at {index:?}")]
    NotFinite {
        /// Name without prefixes.
        name: String,
        /// Row and column, or index in a vector.
        index: Vec<usize>,
        /// NaN or an infinity.
        value: f32,
    },
    /// A weight is beyond the range of binary16.
    #[error("tensor {name} holds {value} at {index:?}, too large for fp16; use int8 or fp32")]
    Fp16Range {
        /// Name without prefixes.
        name: String,
        /// Row and column.
        index: Vec<usize>,
        /// The weight.
        value: f32,
    },
    /// An exception names no matrix.
    #[error("no matrix is called {name}; albert inspect shows the names of a model's")]
    KeepName {
        /// The name.
        name: String,
    },
    /// An exception asks for integers in a float model.
    #[error("{name} cannot be {format}: a model of {} weights has float matrices alone", weights.name())]
    KeepInteger {
        /// The name.
        name: String,
        /// What it asks for.
        format: &'static str,
        /// The model's weights.
        weights: crate::formats::Weights,
    },
    /// The layers cannot be as small as asked for.
    #[error("the layers' matrices take at least {least} bytes, more than the budget of {most}")]
    Budget {
        /// The budget.
        most: u64,
        /// What they take in the smallest formats.
        least: u64,
    },
    /// A budget was given where nothing can be measured.
    #[error("a budget needs integer weights and calibration: sensitivity is measured on the calibration sample")]
    BudgetNeedsCalibration,
    /// The reader refuses the converted network.
    #[error("the converted model is not valid: {0}")]
    Model(albert_core::FormatError),
    /// Texts to calibrate on need a tokenizer.
    #[error("the checkpoint has no tokenizer: calibrate on ids, or on the built-in sample")]
    CalibrationNeedsTokenizer,
    /// There is nothing to calibrate on.
    #[error("the calibration sample is empty")]
    CalibrationEmpty,
    /// An id of the sample is beyond the vocabulary.
    #[error("calibration input {input} holds id {id}; the vocabulary has {vocab_size}")]
    CalibrationId {
        /// Index of the input.
        input: usize,
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        vocab_size: u32,
    },
    /// A word of a text in the sample becomes too long.
    #[error(
        "calibration input {input} takes more than {} MiB to encode: the tokenizer's normalizer can make a text {factor} times as \
         long; shorten its replacements, or the input's longest word",
        limit >> 20
    )]
    CalibrationTextGrows {
        /// Index of the text.
        input: usize,
        /// Bytes that encoding may take.
        limit: usize,
        /// Most characters for one.
        factor: u32,
    },
    /// A text of the sample cannot be encoded.
    #[error("calibration input {input}: {error}")]
    CalibrationText {
        /// Index of the text.
        input: usize,
        /// Why.
        error: albert_core::tokenizer::EncodeError,
    },
    /// The tokenizer has ids that the network has no embeddings for.
    #[error("the tokenizer has {tokens} tokens, the network's vocabulary {vocab_size}: they do not belong together")]
    TokenizerTooLarge {
        /// Tokens of the tokenizer.
        tokens: usize,
        /// Rows of the word embeddings.
        vocab_size: u32,
    },
    /// A vocabulary can only be cut by a tokenizer.
    #[error("the checkpoint has no tokenizer: its vocabulary cannot be cut")]
    VocabularyNeedsTokenizer,
    /// The head's tensors have another number of outputs than the head.
    #[error("the head {head} has {expected} outputs, tensor {name} has {found} rows")]
    HeadOutputs {
        /// The head.
        head: Head,
        /// Name without prefixes.
        name: String,
        /// Outputs of this head.
        expected: u32,
        /// Rows in the checkpoint.
        found: usize,
    },
}

/// What makes a `config.json` unusable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigProblem {
    /// Not JSON.
    #[error("not JSON: {}", OneLine(.0))]
    Json(serde_json::Error),
    /// The JSON is no object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A size is not there. Sizes are never guessed: the reference's defaults are those of its largest model.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A value has the wrong type or is out of range.
    #[error("{key} is {}; expected {expected}", OneLine(found))]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        found: String,
        /// What would do.
        expected: String,
    },
    /// Another kind of network.
    #[error("model_type {0:?} is another network; known are {names}", names = crate::family::Family::names())]
    ModelType(String),
    /// The same tensors make another network.
    #[error("{key} is {}: {reason}", OneLine(found))]
    Unsupported {
        /// The key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it means.
        reason: &'static str,
    },
    /// Positions start after the padding token's id, and none are left.
    #[error("max_position_embeddings is {rows}; the first token has position {first}")]
    Positions {
        /// Rows of the position embeddings.
        rows: u32,
        /// Row of the first token.
        first: u32,
    },
    /// A class that is none of the reference's.
    #[error("unknown architecture {0:?}; choose a head with --head")]
    Architecture(String),
    /// An activation function that the reference does not know.
    #[error("unknown hidden_act {0:?}")]
    Activation(String),
    /// Relative positions, which no ALBERT release computes alike.
    #[error("position_embedding_type {0:?} is not supported, only \"absolute\"")]
    PositionEmbedding(String),
    /// Attention heads do not divide the hidden size.
    #[error("hidden_size {hidden_size} is no multiple of num_attention_heads {num_attention_heads}")]
    HeadSize {
        /// Width of the hidden state.
        hidden_size: u32,
        /// Attention heads.
        num_attention_heads: u32,
    },
}

/// What a user should know about a conversion that succeeded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// The checkpoint's longest text is longer than its positions.
    #[error("max_seq_length is {stated}, but there are {positions} positions: texts are cut to them")]
    SequenceLength {
        /// Tokens by the configuration.
        stated: u32,
        /// Positions of the network.
        positions: u32,
    },
    /// Texts are put in lower case by the checkpoint, not by its tokenizer.
    #[error("sentence_bert_config.json asks for lower case (do_lower_case): the tokenizer must do it")]
    SentenceLowerCase,
    /// The model takes ids only.
    #[error("the checkpoint has no tokenizer: the model takes ids, not text")]
    NoTokenizer,
    /// Something about the tokenizer.
    #[error("{0}")]
    Tokenizer(crate::tokenizer::Note),
    /// Added tokens that the network has no embeddings for: a text with one cannot be run.
    #[error("the network's vocabulary of {vocab_size} has no place for the added tokens {}", List(tokens))]
    TokensBeyondVocabulary {
        /// The tokens.
        tokens: Vec<String>,
        /// Rows of the word embeddings.
        vocab_size: u32,
    },
    /// The tokenizer does not know the language of the calibration text.
    #[error(
        "{unknown} of {tokens} tokens of the calibration text are unknown to the tokenizer: give a text of the model's language with --calibration"
    )]
    UnknownCalibration {
        /// Unknown tokens.
        unknown: usize,
        /// Tokens.
        tokens: usize,
    },
    /// An integer model without tokenizer was calibrated on random ids.
    #[error(
        "calibrated on random ids, since there is no tokenizer; rows of your own, a few hundred with input_ids, bring the model closer to fp32"
    )]
    RandomCalibration,
    /// Tensors that mean nothing to an ALBERT of this configuration.
    #[error("unused tensors: {}", List(.0))]
    UnusedTensors(Vec<String>),
    /// Number of labels in the configuration and rows of the head differ; the rows count.
    #[error("config.json names {config} labels, the head has {head}; missing names become LABEL_i")]
    LabelCount {
        /// Labels by the configuration.
        config: usize,
        /// Rows of the head.
        head: usize,
    },
    /// The configuration does not say what kind of network it is of.
    #[error("config.json has no model_type: taken to be {0}")]
    GuessedFamily(&'static str),
    /// A key that means nothing in this family.
    #[error("config.json has {0}, which this kind of network has not: it is ignored")]
    IgnoredKey(&'static str),
    /// A head that has no counterpart.
    #[error("the head for {0} is left out")]
    HeadLeftOut(&'static str),
    /// `hidden_act` is absent: the reference's default is used.
    #[error("config.json has no hidden_act: the reference's default is used")]
    DefaultActivation,
    /// The configuration does not say which head the tensors are.
    #[error("config.json has no architectures: the head is taken to be {0}")]
    GuessedHead(Head),
    /// The sentence-order head is missing: the masked-LM head alone is converted.
    #[error("the checkpoint has no sentence-order head: converted as a masked LM")]
    NoSentenceOrder,
    /// Two different masked-LM biases; the reference uses `predictions.decoder.bias`.
    #[error("predictions.bias and predictions.decoder.bias differ: {used} is used")]
    TwoMlmBiases {
        /// What is used.
        used: &'static str,
    },
    /// The decoder differs from the word embeddings that the configuration ties it to.
    #[error("predictions.decoder.weight differs from the word embeddings: it is kept, as in transformers 5")]
    UntiedDecoder,
}
