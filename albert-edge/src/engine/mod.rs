//! A model and the memory to run it: what all tasks stand on.

mod lane;
mod pool;
mod tokens;
mod watch;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::ControlFlow;

use albert_core::kernels::{self, Kernels};
use albert_core::plan::MAX_WORKERS;
use albert_core::tokenizer::{EncodeError, EncodeOptions, Encoding, Tokenizer};
use albert_core::{ExitPolicy, Input, Positions, Progress, Session};

use crate::batch;
use crate::error::{Error, Result};
use crate::model::Model;
use lane::{Lane, Room};
use pool::Pool;
pub use tokens::Tokens;
pub use watch::Event;
use watch::Watch;

/// Default of [`Engine::group_tokens`]: more rows fill no tile better.
const GROUP_TOKENS: usize = 128;

/// Default of [`Engine::memory_limit`] in bytes: 1 GiB, or a quarter of that on 32 bits.
pub const MEMORY_LIMIT: usize = if usize::BITS > 32 { 1 << 30 } else { 1 << 28 };

/// A model, how to run it, and the memory for that.
///
/// Memory is allocated when it is first needed, kept for the next call, and shared by clones. All methods take `&self` and may be
/// called from several threads at once; each call then has memory of its own.
#[derive(Clone)]
pub struct Engine {
    model: Model,
    pool: Arc<Pool>,
    watch: Option<Watch>,
    settings: Settings,
}

/// How inferences are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) kernels: Kernels,
    pub(crate) threads: usize,
    pub(crate) tile_rows: Option<usize>,
    pub(crate) group_tokens: usize,
    pub(crate) layers: Option<u32>,
    pub(crate) exit: Option<ExitPolicy>,
    pub(crate) memory_limit: usize,
    pub(crate) release_pages: bool,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("model", &self.model).field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine with the best kernels for this CPU, all its cores and all layers. Nothing is allocated yet.
    pub fn new(model: &Model) -> Self {
        let settings = Settings {
            kernels: kernels::detect(),
            threads: batch::cores(),
            tile_rows: None,
            group_tokens: GROUP_TOKENS,
            layers: None,
            exit: None,
            memory_limit: MEMORY_LIMIT,
            release_pages: false,
        };
        Self { model: model.clone(), pool: Arc::default(), watch: None, settings }
    }

    /// Sets the kernels. int8 and codebook models give the same bits with all of them.
    pub fn kernels(mut self, kernels: Kernels) -> Self {
        self.settings.kernels = kernels;
        self
    }

    /// Sets the most threads that a call uses, the caller's included; 1 without the feature `std`. Results do not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = if cfg!(feature = "std") { threads.max(1) } else { 1 };
        self
    }

    /// Sets how many rows go through a layer together; `None` is what is fastest on a computer. Fewer rows take less memory and make
    /// shorter steps; see [`Plan::with_tile_rows`](albert_core::Plan::with_tile_rows). Results do not depend on it.
    pub fn tile_rows(mut self, rows: Option<usize>) -> Self {
        self.settings.tile_rows = rows;
        self
    }

    /// Sets how many tokens of several short inputs run together, for each thread; 128 unless set. Such inputs are texts of a
    /// batch that are classified, ordered or embedded, labels of a zero-shot classification, choices, documents and windows.
    /// With 1 they run one by one: the least memory, and more time. Results do not depend on it.
    pub fn group_tokens(mut self, tokens: usize) -> Self {
        self.settings.group_tokens = tokens;
        self
    }

    /// Runs only this many layers; `None` runs all.
    pub fn layers(mut self, layers: Option<u32>) -> Self {
        self.settings.layers = layers;
        self
    }

    /// Stops an inference after the first layer that satisfies the policy.
    ///
    /// # Errors
    /// [`Error::NoExit`] if the head does not choose one label for a text.
    pub fn early_exit(mut self, policy: Option<ExitPolicy>) -> Result<Self> {
        use albert_core::config::{Head, ProblemType};
        let config = self.model.config();
        let chooses = config.head == Head::SequenceClassification && config.problem_type == ProblemType::SingleLabel;
        if policy.is_some() && !chooses {
            return Err(Error::NoExit);
        }
        self.settings.exit = policy;
        Ok(self)
    }

    /// Sets the most bytes of working memory of one call. A call that needs more is an error.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.settings.memory_limit = bytes;
        self
    }

    /// Gives pages of a mapped model file back as soon as an inference no longer needs them. Less memory is resident, but the next
    /// inference reads them again. For programs that run a single input.
    pub fn release_pages(mut self, release: bool) -> Self {
        self.settings.release_pages = release;
        self
    }

    /// Sets a callback that runs after each step of an inference (some hundred microseconds of work) and after each row of a batch.
    /// [`ControlFlow::Break`] ends the call with [`Error::Cancelled`]. It may be called from several threads.
    pub fn watch(mut self, watch: impl Fn(Event) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The kernels in use.
    pub fn kernels_in_use(&self) -> Kernels {
        self.settings.kernels
    }

    /// Most threads that a call uses.
    pub fn max_threads(&self) -> usize {
        self.settings.threads
    }

    /// Layers of an inference that does not end early.
    pub fn layers_to_run(&self) -> u32 {
        self.settings.layers.unwrap_or(self.model.config().num_hidden_layers)
    }

    /// Whether inferences may end before the last layer.
    pub fn may_exit(&self) -> bool {
        self.settings.exit.is_some()
    }

    /// The tokenizer.
    ///
    /// # Errors
    /// [`Error::NoTokenizer`].
    pub fn tokenizer(&self) -> Result<Tokenizer<'_>> {
        self.model.tokenizer().ok_or(Error::NoTokenizer)
    }

    /// Tokens of a text or a pair.
    ///
    /// # Errors
    /// [`Error::NoTokenizer`], [`Error::TooLong`], [`Error::Encode`], [`Error::MemoryLimit`], [`Error::OutOfMemory`].
    pub fn encode(&self, text: &str, pair: Option<&str>, options: &EncodeOptions) -> Result<Tokens> {
        self.encode_with(text, pair, options, Tokens::new)
    }

    /// As [`Engine::encode`], but passes the encoding to `read`.
    ///
    /// # Errors
    /// As [`Engine::encode`].
    pub fn encode_with<T>(
        &self,
        text: &str,
        pair: Option<&str>,
        options: &EncodeOptions,
        read: impl FnOnce(&Encoding<'_>) -> T,
    ) -> Result<T> {
        let tokenizer = self.tokenizer()?;
        let encoded = self
            .pool
            .with_lane(|lane, _| lane.encode(&tokenizer, text, pair, options, self.settings.memory_limit, read));
        encoded.map_err(|error| match error {
            Error::Encode(EncodeError::TooManyTokens { tokens }) => {
                Error::TooLong { tokens, limit: options.max_tokens.unwrap_or(0) }
            }
            error => error,
        })
    }

    /// The logits of a classifier: `[C]`, or `[tokens][C]` for heads over tokens.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn logits(&self, tokens: &Tokens) -> Result<Vec<f32>> {
        self.run(&tokens.input(), tokens.len(), |session| {
            session.output().map(|output| output.logits().to_vec()).ok_or(Error::NoOutput)
        })
    }

    /// The logits of several inputs, with the same bits as [`Engine::logits`]. Short inputs run together, which is faster.
    ///
    /// # Errors
    /// As [`Engine::run`], for the first input that is wrong.
    pub fn logits_of(&self, inputs: &[Tokens]) -> Result<Vec<Vec<f32>>> {
        let mut logits = Vec::with_capacity(inputs.len());
        let mut rest = inputs;
        while !rest.is_empty() {
            let (group, others) = rest.split_at(self.fitting(rest));
            self.run_group(group, Positions::Head, |session, index| {
                let output = session.output_of(index).ok_or(Error::NoOutput)?;
                logits.push(output.logits().to_vec());
                Ok(())
            })?;
            rest = others;
        }
        Ok(logits)
    }

    /// A result for each input, of these positions: short ones run together. One that is wrong has an error of its own.
    pub(crate) fn run_together<T>(
        &self,
        inputs: impl Iterator<Item = Result<Tokens>>,
        positions: Positions<'_>,
        read: impl Fn(&mut Session<'_, '_>, usize) -> Result<T>,
    ) -> Vec<Result<T>> {
        let inputs: Vec<Result<Tokens>> = inputs.collect();
        let mut results = Vec::with_capacity(inputs.len());
        let mut ready = Vec::new();
        for input in inputs {
            match input {
                Ok(tokens) => ready.push(tokens),
                Err(error) => {
                    self.run_ready(&ready, positions, &read, &mut results);
                    ready.clear();
                    results.push(Err(error));
                }
            }
        }
        self.run_ready(&ready, positions, &read, &mut results);
        results
    }

    fn run_ready<T>(
        &self,
        mut rest: &[Tokens],
        positions: Positions<'_>,
        read: &impl Fn(&mut Session<'_, '_>, usize) -> Result<T>,
        results: &mut Vec<Result<T>>,
    ) {
        while !rest.is_empty() {
            let (group, others) = rest.split_at(self.fitting(rest));
            let before = results.len();
            let outcome = self.run_group(group, positions, |session, index| {
                results.push(read(session, index));
                Ok(())
            });
            if let Err(error) = outcome {
                results.truncate(before);
                if group.len() == 1 || matches!(error, Error::Cancelled) {
                    results.push(Err(error));
                } else {
                    // Memory for one is there, perhaps, and an error is of one.
                    group.chunks(1).for_each(|alone| self.run_ready(alone, positions, read, results));
                }
            }
            rest = others;
        }
    }

    /// How many of the next inputs run together: at least one.
    fn fitting(&self, inputs: &[Tokens]) -> usize {
        let most = self.settings.group_tokens.saturating_mul(self.settings.threads.min(MAX_WORKERS));
        let mut total = 0;
        let fits = |tokens: &&Tokens| {
            total += tokens.len();
            total <= most
        };
        if self.may_exit() { 1 } else { inputs.iter().take_while(fits).count().max(1) }
    }

    /// Runs inputs together, or one alone, and hands each one's index to `read`.
    fn run_group(
        &self,
        group: &[Tokens],
        positions: Positions<'_>,
        mut read: impl FnMut(&mut Session<'_, '_>, usize) -> Result<()>,
    ) -> Result<()> {
        if let [alone] = group {
            return self.run(&alone.input().with_positions(positions), alone.len(), |session| read(session, 0));
        }
        let layers = self.settings.layers;
        let inputs = group.iter().map(|tokens| tokens.input().with_positions(positions));
        let inputs = inputs.map(|input| layers.map_or(input, |layers| input.with_layers(layers)));
        let inputs: Vec<Input<'_>> = inputs.collect();
        let lengths = group.iter().map(Tokens::len);
        let room =
            Room { tokens: lengths.clone().max().unwrap_or(0), sequences: group.len(), total_tokens: lengths.sum() };
        self.session_with(room, |session| {
            session.start_batch(&inputs).map_err(|error| self.input_error(error.error))?;
            while session.step() == Progress::Running {
                self.tell(Event::Step)?;
            }
            (0..group.len()).try_for_each(|index| read(session, index))
        })
    }

    /// Runs an input of `tokens` tokens, and passes the session, which has the output, to `read`.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::Input`], [`Error::MemoryLimit`], [`Error::OutOfMemory`], [`Error::Threads`],
    /// [`Error::Cancelled`], and those of `read`.
    pub fn run<T>(
        &self,
        input: &Input<'_>,
        tokens: usize,
        read: impl FnOnce(&mut Session<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        let input = self.settings.layers.map_or(*input, |layers| input.with_layers(layers));
        self.session(tokens, |session| {
            session.start(&input).map_err(|error| self.input_error(error))?;
            while session.step() == Progress::Running {
                self.tell(Event::Step)?;
            }
            read(session)
        })
    }

    /// Hands a session for inputs of up to `tokens` tokens to `use_session`.
    ///
    /// # Errors
    /// [`Error::MemoryLimit`], [`Error::OutOfMemory`], [`Error::Threads`], and those of `use_session`.
    pub fn session<T>(&self, tokens: usize, use_session: impl FnOnce(&mut Session<'_, '_>) -> Result<T>) -> Result<T> {
        self.session_with(Room { tokens, sequences: 1, total_tokens: tokens }, use_session)
    }

    fn session_with<T>(&self, room: Room, use_session: impl FnOnce(&mut Session<'_, '_>) -> Result<T>) -> Result<T> {
        self.pool.with_lane(|lane: &mut Lane, alone| {
            // Other calls use the other cores.
            let workers = if alone { self.settings.threads } else { 1 };
            lane.session(&self.model, &self.settings, room, workers, use_session)
        })
    }

    /// Tells the watch, if there is one, and ends the call if it says so.
    pub(crate) fn tell(&self, event: Event) -> Result<()> {
        match self.watch.as_ref().map(|watch| watch(event)) {
            Some(ControlFlow::Break(())) => Err(Error::Cancelled),
            _ => Ok(()),
        }
    }

    fn input_error(&self, error: albert_core::InputError) -> Error {
        if let albert_core::InputError::TooLong { tokens, limit } = error {
            return Error::TooLong { tokens, limit };
        }
        let config = self.model.config();
        Error::Input {
            error,
            vocab_size: config.vocab_size,
            type_vocab_size: config.type_vocab_size,
            num_hidden_layers: config.num_hidden_layers,
        }
    }
}
