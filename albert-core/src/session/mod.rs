//! The state machine from ids to logits. One [`Session::step`] is one bounded piece of work.

mod exit;
mod head;
mod ids;
mod input;
mod output;
mod steps;
mod text;

use exit::Exit;
pub use exit::ExitPolicy;
pub use input::{Input, Positions};
pub use output::Output;
pub use text::TextError;

use crate::config::{Classifier, Config, HeadInput, Pooling, SentenceEmbedding};
use crate::context::Context;
use crate::error::{InputError, SessionError};
use crate::executor::{Executor, Serial};
use crate::format::{HeadFile, Model};
use crate::heads;
use crate::kernels::{self, Kernels};
use crate::memory::Sequence;
use crate::memory::arena::{self, Memory};
#[cfg(feature = "weight-copies")]
use crate::memory::copies::{Copies, CopyWeights};
use crate::memory::plan::Plan;
use crate::observer::{Observer, Observing};
use crate::progress::Progress;
use crate::slices::{OrEmpty, copy, part};
use crate::tokenizer::EncodeOptions;

/// What the next step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Embed,
    KeysValues,
    Attention,
    FeedForward,
    Pool,
    Head,
    Done,
}

/// Runs inputs through a model, one inference (or one batch) at a time, in an arena that the caller owns.
///
/// [`Session::run`] and [`Session::run_text`] run an input from start to end. [`Session::start`] or [`Session::start_text`], and then
/// [`Session::step`], do the same in bounded pieces, for programs that have other work in between.
pub struct Session<'m, 'a> {
    context: Context<'m>,
    plan: Plan,
    arena: Memory<'a>,
    phase: Phase,
    /// First row of the next tile.
    next_row: usize,
    /// The layer that runs, counted in blocks, and how many there are.
    block_run: usize,
    block_runs: usize,
    executor: &'m dyn Executor,
    /// Rows of the hidden state that the current sub-layer works on, of all sequences.
    rows: usize,
    /// Rows that the last layer carries on, of all sequences; their indices are in the arena.
    selected: usize,
    carried: Carried,
    exit: Exit,
    head: Option<&'m HeadFile<'m>>,
}

/// What a step leaves in the workers' memory for the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Carried {
    #[default]
    Nothing,
    /// The queries of all rows.
    Queries,
    /// All rows, quantized for the feed-forward sub-layer.
    QuantizedRows,
}

impl core::fmt::Debug for Session<'_, '_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session").field("plan", &self.plan).field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl<'m, 'a> Session<'m, 'a> {
    /// A session with the best kernels for this CPU.
    ///
    /// # Errors
    /// [`SessionError::PlanMismatch`] if the plan was made for another configuration, [`SessionError::ArenaTooSmall`] with the number
    /// of missing bytes.
    pub fn new(model: &Model<'m>, plan: Plan, arena: &'a mut [u8]) -> Result<Self, SessionError> {
        Self::with_kernels(model, plan, arena, kernels::detect())
    }

    /// A session with chosen kernels.
    ///
    /// # Errors
    /// As [`Session::new`].
    pub fn with_kernels(
        model: &Model<'m>,
        plan: Plan,
        arena: &'a mut [u8],
        kernels: Kernels,
    ) -> Result<Self, SessionError> {
        if plan.config != *model.config() {
            return Err(SessionError::PlanMismatch);
        }
        let arena = Memory::new(arena, &plan)?;
        Ok(Self {
            context: Context { model: *model, kernels, observer: Observing::default() },
            plan,
            arena,
            phase: Phase::Idle,
            next_row: 0,
            block_run: 0,
            block_runs: 0,
            executor: &Serial,
            rows: 0,
            selected: 0,
            carried: Carried::Nothing,
            exit: Exit::default(),
            head: None,
        })
    }

    /// Sets the policy for early exit: later inferences stop after the first layer whose answer satisfies it. `None` runs all layers.
    /// The results are those of [`Input::with_layers`] with the same number of layers, bit for bit. A running inference is dropped.
    ///
    /// Until the exit, every layer is computed for all positions, and pooler and classifier run after each layer. If no exit is taken,
    /// an inference costs slightly more than one without a policy.
    ///
    /// # Errors
    /// [`SessionError::NoExit`] if the head does not choose one label for the whole input.
    pub fn set_early_exit(&mut self, policy: Option<ExitPolicy>) -> Result<(), SessionError> {
        if policy.is_some() && !self.classifier().is_some_and(head::chooses) {
            return Err(SessionError::NoExit);
        }
        self.phase = Phase::Idle;
        self.exit = Exit::new(policy);
        Ok(())
    }

    /// Sets the executor that runs the tasks of a step in parallel, at most one for each worker of the plan. Results have the same
    /// bits.
    pub fn set_executor(&mut self, executor: &'m dyn Executor) {
        self.executor = executor;
    }

    /// Has the operands and sums of products lie in `memory` instead of the arena: for memory that is faster than the arena's, such as
    /// tightly coupled RAM. Results have the same bits. A running inference is dropped.
    ///
    /// # Errors
    /// [`SessionError::ArenaTooSmall`] with the number of bytes that are missing to [`Plan::fast_bytes`].
    #[cfg(feature = "fast-memory")]
    pub fn set_fast_memory(&mut self, memory: &'a mut [u8]) -> Result<(), SessionError> {
        self.phase = Phase::Idle;
        self.arena.set_fast(memory)
    }

    /// Has int8 and codebook weights of linears copied to `memory` by `copier`, while the weights before them are multiplied: as many
    /// panels of 16 channels at a time as half of the memory holds, up to four. [`Plan::copied_bytes`] have room for one panel of every
    /// linear; those with a panel that half of a smaller memory does not hold are read in place. Results have the same bits. With several
    /// workers, the first one's weights are copied. A running inference is dropped.
    #[cfg(feature = "weight-copies")]
    pub fn copy_weights(&mut self, copier: &'a dyn CopyWeights, memory: &'a mut [u8]) {
        self.phase = Phase::Idle;
        self.arena.copies = Copies::new(copier, memory);
    }

    /// Sets an observer, which sees the inputs of linears and the hidden states of later inferences.
    pub fn set_observer(&mut self, observer: &'m dyn Observer) {
        self.context.observer = Observing(Some(observer));
    }

    /// The model.
    pub fn model(&self) -> &Model<'m> {
        &self.context.model
    }

    /// The kernels in use.
    pub fn kernels(&self) -> Kernels {
        self.context.kernels
    }

    /// Starts the run. Expects tokens, the rows' positions, selected rows and sequences in the arena; `end` is where another
    /// sequence would begin.
    fn begin(&mut self, sequences: usize, end: &Sequence, layers: Option<u32>) {
        let config = self.context.model.config();
        self.arena.sequences = sequences;
        (self.rows, self.selected) = (end.first as usize, end.selected as usize);
        let layers = layers.unwrap_or(config.num_hidden_layers);
        self.block_runs = layers as usize * config.inner_group_num as usize;
        self.block_run = 0;
        self.exit = Exit::new(self.exit.policy);
        self.carried = Carried::Nothing;
        self.next_row = 0;
        self.phase = Phase::Embed;
    }

    /// Number of inputs of the last run.
    pub fn sequences(&self) -> usize {
        self.arena.sequences
    }

    /// The results, once [`Session::step`] has returned [`Progress::Done`]; of several inputs, those of the first.
    pub fn output(&mut self) -> Option<Output<'_>> {
        self.output_of(0)
    }

    /// The results of input `index` (from 0) of [`Session::start_batch`]; `None` before the end and beyond the last input.
    pub fn output_of(&mut self, index: usize) -> Option<Output<'_>> {
        if self.phase == Phase::Done && index < self.arena.sequences { Some(self.results(index)) } else { None }
    }

    /// What the arena holds of a sequence after the last step.
    fn results(&mut self, index: usize) -> Output<'_> {
        let config = self.context.model.config();
        let hidden_size = config.hidden_size as usize;
        let head = self.head_in_use();
        let (shared, _) = self.arena.divide();
        let table = shared.sequences;
        let sequence = table.0.get(index).copied().or_empty();
        let rows = sequence.rows();
        let pooled = head.pooled_rows(shared.rows, &sequence).is_some();
        let logits = match head.input {
            HeadInput::Tokens => rows.start * head.labels..rows.end * head.labels,
            HeadInput::Pooled if pooled => index * head.labels..(index + 1) * head.labels,
            HeadInput::Pooled | HeadInput::Nothing => 0..0,
        };
        Output {
            layers: layers_of(config, self.block_run) as u32,
            hidden: part(shared.hidden, rows.start * hidden_size..rows.end * hidden_size),
            hidden_size,
            positions: part(shared.rows, rows),
            pooled: if pooled { part(shared.pooled, index * hidden_size..(index + 1) * hidden_size) } else { &[] },
            logits: part(shared.logits, logits),
        }
    }

    /// Scores `[C]` of a classifier of whole inputs: softmax, sigmoid or the plain logits, as the problem type says, at the
    /// classifier's temperature. `None` for another head or before the end. The output is not changed.
    pub fn scores(&mut self) -> Option<&[f32]> {
        self.scores_of(0)
    }

    /// As [`Session::scores`], for input `index`. The scores of other inputs are overwritten.
    pub fn scores_of(&mut self, index: usize) -> Option<&[f32]> {
        let labels = self.output_of(index)?.logits().len();
        let Classifier { problem_type, temperature, .. } = self.classifier()?;
        if labels == 0 {
            return None;
        }
        let (shared, _) = self.arena.divide();
        let scores = arena::scores(shared.keys).get_mut(..labels)?;
        copy(scores, shared.logits.get(index * labels..(index + 1) * labels)?);
        heads::scores(self.context.kernels, problem_type, temperature, scores);
        Some(scores)
    }

    /// Vocabulary logits of row `row` of the last hidden state; `None` without a masked-LM head, before the end, or beyond the rows.
    /// The hidden states are not changed.
    pub fn vocabulary_logits(&mut self, row: usize) -> Option<heads::VocabularyLogits<'_>> {
        self.vocabulary_logits_of(0, row)
    }

    /// As [`Session::vocabulary_logits`], for input `index`.
    pub fn vocabulary_logits_of(&mut self, index: usize, row: usize) -> Option<heads::VocabularyLogits<'_>> {
        if !self.context.model.config().head.is_masked_lm() || row >= self.output_of(index)?.positions().len() {
            return None;
        }
        let (mut shared, mut workers) = self.arena.divide();
        let table = shared.sequences;
        let row = table.0.get(index)?.first as usize + row;
        Some(heads::VocabularyLogits::new(self.context, &mut shared, workers.next()?, row))
    }

    /// The embedding of the text: `[H]`, or `[D]` if there is a dense layer. The model file says how it is made, or else
    /// [`SentenceEmbedding::DEFAULT`] does. `None` before the end. Also `None` if pooling reads all positions and not all went through
    /// the last layer: for a model with a head, start with [`Positions::All`]. The results are not changed.
    pub fn sentence_embedding(&mut self) -> Option<&[f32]> {
        self.sentence_embedding_of(0)
    }

    /// As [`Session::sentence_embedding`], for input `index`.
    pub fn sentence_embedding_of(&mut self, index: usize) -> Option<&[f32]> {
        if self.phase != Phase::Done {
            return None;
        }
        let recipe = self.context.model.sentence_embedding().unwrap_or(SentenceEmbedding::DEFAULT);
        let head = self.head_in_use();
        if recipe.pooling == Pooling::Pooler && head.pooling != Pooling::Pooler {
            return None;
        }
        let (mut shared, mut workers) = self.arena.divide();
        let table = shared.sequences;
        let rows = head.pooled_by(recipe.pooling).pooled_rows(shared.rows, table.0.get(index)?)?;
        Some(heads::embed_text(&self.context, &recipe, &mut shared, workers.next()?, index, rows))
    }

    /// Runs an input from start to end.
    ///
    /// # Errors
    /// As [`Session::start`].
    pub fn run(&mut self, input: &Input<'_>) -> Result<Output<'_>, InputError> {
        self.start(input)?;
        Ok(self.finish())
    }

    /// Runs a text, or a pair of texts, from start to end.
    ///
    /// # Errors
    /// As [`Session::start_text`].
    pub fn run_text(
        &mut self,
        text: &str,
        pair: Option<&str>,
        options: &EncodeOptions,
    ) -> Result<Output<'_>, TextError> {
        self.start_text(text, pair, options)?;
        Ok(self.finish())
    }

    /// Runs all steps of what was started.
    fn finish(&mut self) -> Output<'_> {
        while self.step() == Progress::Running {}
        self.results(0)
    }
}

/// How many whole layers a number of block runs makes.
fn layers_of(config: &Config, block_runs: usize) -> usize {
    block_runs.checked_div(config.inner_group_num as usize).unwrap_or(0)
}
