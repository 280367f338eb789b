//! The memory that a model runs in: an arena for the longest input so far, and the tokenizer's workspace.

use albert_core::executor::Threads;
use albert_core::kernels::Kernels;
use albert_core::tokenizer::{EncodeError, EncodeOptions, Encoding, Offsets, Tokenizer, Truncation};
use albert_core::{ExitPolicy, Input, InputError, Model, Plan, Session};

use crate::error::{At, Error, Result};
use crate::model_file::ModelFile;

/// Bytes that the tokenizer starts with.
const WORKSPACE_BYTES: usize = 1 << 14;

/// A model and the memory to run it, grown as inputs ask for it.
#[derive(Debug)]
pub(crate) struct Engine<'m> {
    model: &'m Model<'m>,
    kernels: Kernels,
    layers: Option<u32>,
    exit: Option<ExitPolicy>,
    /// Gives pages back between the embeddings and the layers.
    releasing: Option<&'m ModelFile<'m>>,
    workers: usize,
    /// Started when they are first needed.
    threads: Option<Threads>,
    arena: Vec<u8>,
    workspace: Vec<u8>,
}

/// Tokens of a text or a pair.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) ids: Vec<u32>,
    pub(crate) types: Vec<u32>,
    pub(crate) offsets: Vec<Offsets>,
    /// Whether the tokenizer added the token.
    pub(crate) special: Vec<bool>,
    /// Word that each token belongs to.
    pub(crate) words: Vec<Option<u32>>,
}

impl Tokens {
    pub(crate) fn new(encoding: &Encoding<'_>) -> Self {
        Self {
            ids: encoding.ids().to_vec(),
            types: encoding.type_ids().iter().map(|&kind| kind.into()).collect(),
            offsets: encoding.offsets().to_vec(),
            special: encoding.special_tokens_mask().iter().map(|&special| special != 0).collect(),
            words: (0..encoding.len()).map(|index| encoding.word_id(index)).collect(),
        }
    }

    /// As an input of a session.
    pub(crate) fn input(&self) -> Input<'_> {
        Input::new(&self.ids).with_token_types(&self.types)
    }
}

impl<'m> Engine<'m> {
    /// Nothing is allocated yet.
    pub(crate) fn new(model: &'m Model<'m>, kernels: Kernels) -> Self {
        Self {
            model,
            kernels,
            layers: None,
            exit: None,
            releasing: None,
            workers: 1,
            threads: None,
            arena: Vec::new(),
            workspace: Vec::new(),
        }
    }

    /// Runs only the first layers.
    pub(crate) fn with_layers(mut self, layers: Option<u32>) -> Self {
        self.layers = layers;
        self
    }

    /// Ends inferences as soon as the policy is content; the head must choose one label.
    pub(crate) fn with_exit(mut self, exit: Option<ExitPolicy>) -> Self {
        self.exit = exit;
        self
    }

    /// Gives pages of the model's file back when an inference has read them for the last time.
    pub(crate) fn releasing(mut self, file: Option<&'m ModelFile<'m>>) -> Self {
        self.releasing = file;
        self
    }

    /// Whether inferences may end before the last layer.
    pub(crate) fn may_exit(&self) -> bool {
        self.exit.is_some()
    }

    /// Shares an inference out to `workers` threads, the caller's counted.
    pub(crate) fn with_workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    pub(crate) fn model(&self) -> &'m Model<'m> {
        self.model
    }

    pub(crate) fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// Longest input, special tokens included: the model's positions, or fewer when its tokenizer says so.
    pub(crate) fn max_tokens(&self) -> usize {
        let positions = self.model.config().max_position_embeddings;
        let by_tokenizer = self.model.tokenizer().and_then(|tokenizer| tokenizer.model_max_length());
        by_tokenizer.map_or(positions, |limit| limit.min(positions)) as usize
    }

    pub(crate) fn tokenizer(&self) -> Result<Tokenizer<'m>> {
        self.model.tokenizer().ok_or_else(|| {
            Error::new("the model has no tokenizer: give input_ids in a --file, or convert a checkpoint that has one")
        })
    }

    /// Tokens of a text or a pair, cut to `limit` when one is given.
    pub(crate) fn encode(&mut self, text: &str, pair: Option<&str>, limit: Option<usize>) -> Result<Tokens> {
        self.encode_with(text, pair, &EncodeOptions { max_tokens: limit, ..EncodeOptions::default() }, Tokens::new)
    }

    /// Encodes and hands the encoding to `read`.
    pub(crate) fn encode_with<T>(
        &mut self,
        text: &str,
        pair: Option<&str>,
        options: &EncodeOptions,
        read: impl Fn(&Encoding<'_>) -> T,
    ) -> Result<T> {
        self.try_encode(text, pair, options, read)?.map_err(|error| Error::new(explain_encoding(error, options)))
    }

    /// As [`Self::encode_with`], for callers that know what to do when a text cannot be encoded.
    pub(crate) fn try_encode<T>(
        &mut self,
        text: &str,
        pair: Option<&str>,
        options: &EncodeOptions,
        read: impl Fn(&Encoding<'_>) -> T,
    ) -> Result<std::result::Result<T, EncodeError>> {
        let tokenizer = self.tokenizer()?;
        loop {
            let missing = match tokenizer.encode(text, pair, options, &mut self.workspace) {
                Ok(encoding) => return Ok(Ok(read(&encoding))),
                Err(EncodeError::MemoryTooSmall { missing }) => missing,
                Err(error) => return Ok(Err(error)),
            };
            let more = missing.max(self.workspace.len()).max(WORKSPACE_BYTES);
            self.workspace.resize(self.workspace.len() + more, 0);
        }
    }

    /// A session for inputs of up to `tokens` tokens.
    pub(crate) fn session(&mut self, tokens: usize) -> Result<Session<'_, '_>> {
        let plan = Plan::new(self.model.config(), tokens).with_large_tiles().with_workers(self.workers);
        // From an address that is not aligned, up to 63 bytes more are needed.
        let bytes = plan.arena_bytes().saturating_add(63);
        if self.arena.len() < bytes {
            // Old contents mean nothing: fresh zeros are not even touched until they are used.
            self.arena = vec![0; bytes];
        }
        if self.workers > 1 && self.threads.is_none() {
            let threads = Threads::new(self.workers).at(format_args!("cannot start {} threads", self.workers))?;
            self.threads = Some(threads);
        }
        let mut session = Session::with_kernels(self.model, plan, &mut self.arena, self.kernels).map_err(Error::new)?;
        if let Some(threads) = &self.threads {
            session.set_executor(threads);
        }
        if let Some(file) = self.releasing {
            session.set_observer(file);
        }
        let fits = session.set_early_exit(self.exit);
        fits.map_err(|_| Error::new("early exit needs a head that chooses one label for a text"))?;
        Ok(session)
    }

    /// The logits of a classifier.
    pub(crate) fn logits(&mut self, tokens: &Tokens) -> Result<Vec<f32>> {
        let mut session = self.run(&tokens.input(), tokens.ids.len())?;
        Ok(session.output().map_or_else(Vec::new, |output| output.logits().to_vec()))
    }

    /// Runs an input; the session that is returned holds the output.
    pub(crate) fn run(&mut self, input: &Input<'_>, tokens: usize) -> Result<Session<'_, '_>> {
        let input = self.layers.map_or(*input, |layers| input.with_layers(layers));
        let config = *self.model.config();
        let mut session = self.session(tokens)?;
        session.run(&input).map_err(|error| match error {
            InputError::Empty | InputError::AllMasked => Error::new("there are no tokens"),
            InputError::TooLong { tokens, limit } => {
                Error::new(format_args!("{tokens} tokens, but the model has {limit} positions; shorten the text"))
            }
            InputError::Id { index, id } => {
                Error::new(format_args!("id {id} at index {index} is beyond the vocabulary of {}", config.vocab_size))
            }
            InputError::TokenType { index, token_type } => Error::new(format_args!(
                "token type {token_type} at index {index} is beyond the {} that the model has",
                config.type_vocab_size
            )),
            InputError::LengthMismatch => Error::new("ids, token types and attention mask differ in length"),
            InputError::Position { index } => Error::new(format_args!("position {index} cannot be selected")),
            InputError::Layers => {
                Error::new(format_args!("--layers must be from 1 to the model's {}", config.num_hidden_layers))
            }
            error => Error::new(error),
        })?;
        Ok(session)
    }
}

/// What to do about a text that cannot be encoded.
fn explain_encoding(error: EncodeError, options: &EncodeOptions) -> String {
    match error {
        EncodeError::TooManyTokens { tokens } => {
            format!(
                "{tokens} tokens, more than --max-tokens {}; allow more or truncate",
                options.max_tokens.unwrap_or(0)
            )
        }
        EncodeError::LimitTooSmall { special_tokens } => {
            format!("--max-tokens must leave room for the {special_tokens} special tokens")
        }
        EncodeError::SequenceTooShort if options.truncation == Truncation::OnlySecond => {
            "the second text is too short to cut; allow more tokens or truncate longest_first".to_owned()
        }
        EncodeError::SequenceTooShort => {
            "the first text is too short to cut; allow more tokens or truncate longest_first".to_owned()
        }
        EncodeError::SecondSequenceMissing => "there is no second text to cut; give --text-pair".to_owned(),
        error => error.to_string(),
    }
}
