//! The state machine from ids to logits. One [`Session::step`] is one bounded piece of work.

mod exit;
mod input;
mod output;
mod text;

use exit::Exit;
pub use exit::ExitPolicy;
pub use input::{Input, Positions};
pub use output::Output;
pub use text::TextError;

use crate::arena::{self, Shared};
use crate::config::{Config, Head, ProblemType, Reads};
use crate::encoder::{self, Context, Heads};
use crate::error::{InputError, SessionError};
use crate::executor::{Executor, Serial, TileWork, for_tiles};
use crate::format::Model;
use crate::heads;
use crate::kernels::{self, Kernels};
use crate::observer::{Observer, Observing};
use crate::plan::{Plan, Token};

/// Whether a session has more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Progress {
    /// More steps are needed.
    Running,
    /// The output is there, or nothing was started.
    Done,
}

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

/// One inference at a time over a model, in a caller-owned arena.
pub struct Session<'m, 'a> {
    context: Context<'m>,
    plan: Plan,
    arena: &'a mut [u8],
    phase: Phase,
    /// First row of the next tile.
    next_row: usize,
    /// Application of a block that runs, and how many there are.
    application: usize,
    applications: usize,
    /// Extents of the heads for the input; its keys are the first rows of the hidden state.
    heads: Heads,
    executor: &'m dyn Executor,
    /// Rows of the hidden state that the current sub-layer works on.
    rows: usize,
    /// Rows that the last application carries on; their indices are in the arena.
    selected: usize,
    exit: Exit,
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
    /// [`SessionError::PlanMismatch`] when the plan was made for another configuration, [`SessionError::ArenaTooSmall`] with
    /// the bytes that are missing.
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
        let arena = arena::fit(arena, &plan)?;
        Ok(Self {
            context: Context { model: *model, kernels, observer: Observing::default() },
            plan,
            arena,
            phase: Phase::Idle,
            next_row: 0,
            application: 0,
            applications: 0,
            heads: Heads::new(model.config(), 0),
            executor: &Serial,
            rows: 0,
            selected: 0,
            exit: Exit::default(),
        })
    }

    /// Ends inferences from now on as soon as `policy` is content with the answer, after any layer; `None` runs all layers.
    /// The results are those of [`Input::with_layers`] with as many layers, to the bit. An inference under way is dropped.
    ///
    /// Until the exit every layer is computed for all positions, and the pooler and the classifier run after each: an
    /// inference that goes through to the last layer costs a little more than one without a policy.
    ///
    /// # Errors
    /// [`SessionError::NoExit`] when the head does not choose one label for the whole input.
    pub fn exit_early(&mut self, policy: Option<ExitPolicy>) -> Result<(), SessionError> {
        let config = self.context.model.config();
        let chooses = config.head == Head::SequenceClassification && config.problem_type == ProblemType::SingleLabel;
        if policy.is_some() && !chooses {
            return Err(SessionError::NoExit);
        }
        self.phase = Phase::Idle;
        self.exit = Exit::new(policy);
        Ok(())
    }

    /// Lets `executor` run the tiles of a step side by side, as many as the plan has workers. Results stay the same bits.
    pub fn execute_on(&mut self, executor: &'m dyn Executor) {
        self.executor = executor;
    }

    /// Shows the inputs of the linears and the hidden states to `observer` from now on.
    pub fn observe(&mut self, observer: &'m dyn Observer) {
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

    /// Takes an input in; an inference that was under way is dropped.
    ///
    /// # Errors
    /// [`InputError`]; nothing is started then.
    pub fn start(&mut self, input: &Input<'_>) -> Result<(), InputError> {
        self.phase = Phase::Idle;
        self.check(input)?;
        let first_masked = input.attention_mask.first() == Some(&0);
        let attended = |position: usize| input.attention_mask.get(position).is_none_or(|&mask| mask != 0);
        let keys = (0..input.ids.len()).filter(|&position| attended(position)).count();
        if keys == 0 {
            return Err(InputError::NothingAttended);
        }
        // Position 0 is computed even when it is masked, for the pooler; it is the last row then, after the keys.
        let order = (0..input.ids.len()).filter(|&position| attended(position)).chain(first_masked.then_some(0));
        let (mut shared, _) = arena::divide(self.arena, &self.plan);
        for (row, position) in order.clone().enumerate() {
            let token = Token {
                id: input.ids.get(position).copied().unwrap_or(0),
                token_type: input.token_types.get(position).copied().unwrap_or(0),
                position: position as u32,
            };
            if let Some(place) = shared.tokens().get_mut(row) {
                *place = token;
            }
            if let Some(label) = shared.rows.get_mut(row) {
                *label = position as u32;
            }
        }
        let rows = keys + usize::from(first_masked);
        self.selected = match input.positions {
            Positions::Head if reads_pooled(self.context.model.config()) => {
                select(shared.selected, core::iter::once(if first_masked { keys } else { 0 }))
            }
            Positions::Head | Positions::All => select(shared.selected, 0..rows),
            Positions::Listed(list) => {
                let rows = shared.rows.get(..rows).unwrap_or(&[]);
                find_rows(rows, list, shared.selected)?;
                list.len()
            }
        };
        self.begin(keys, rows, input.layers);
        Ok(())
    }

    /// Sets off: the tokens, the rows' positions and the selected rows are in the arena.
    fn begin(&mut self, keys: usize, rows: usize, layers: Option<u32>) {
        let config = self.context.model.config();
        self.heads = Heads::new(config, keys);
        self.rows = rows;
        let layers = layers.unwrap_or(config.num_hidden_layers);
        self.applications = layers as usize * config.inner_group_num as usize;
        self.application = 0;
        self.exit = Exit::new(self.exit.policy);
        self.next_row = 0;
        self.phase = Phase::Embed;
    }

    fn check(&self, input: &Input<'_>) -> Result<(), InputError> {
        let config = self.context.model.config();
        let tokens = input.ids.len();
        let same = |length: usize| length == 0 || length == tokens;
        if tokens == 0 {
            return Err(InputError::Empty);
        }
        if tokens > self.plan.tokens {
            return Err(InputError::TooLong { tokens, limit: self.plan.tokens });
        }
        if !same(input.token_types.len()) || !same(input.attention_mask.len()) {
            return Err(InputError::Lengths);
        }
        if let Some((index, &id)) = input.ids.iter().enumerate().find(|&(_, &id)| id >= config.vocab_size) {
            return Err(InputError::Id { index, id });
        }
        let mut types = input.token_types.iter().enumerate();
        if let Some((index, &token_type)) = types.find(|&(_, &token_type)| token_type >= config.type_vocab_size) {
            return Err(InputError::TokenType { index, token_type });
        }
        if input.layers.is_some_and(|layers| layers == 0 || layers > config.num_hidden_layers) {
            return Err(InputError::Layers);
        }
        Ok(())
    }

    /// Does one bounded piece of work: one sub-layer on one tile of rows, or on as many tiles as there are workers.
    pub fn step(&mut self) -> Progress {
        let context = &self.context;
        let config = context.model.config();
        let width = config.hidden_size as usize;
        let last = self.application + 1 == self.applications;
        let ends_layer = (self.application + 1).is_multiple_of(config.inner_group_num as usize);
        if self.phase == Phase::Attention && last {
            self.rows = self.selected;
        }
        let rows = if self.phase == Phase::KeysValues { self.heads.keys } else { self.rows };
        let tile_rows = self.plan.tile_rows_for(rows - self.next_row);
        let tiles = self.next_row..rows.min(self.next_row + tile_rows * self.plan.workers);
        let block = context.model.block_of(self.application);
        let (mut shared, mut workers) = arena::divide(self.arena, &self.plan);
        let run = |hidden: &mut [f32], workers, work: &(dyn Fn(TileWork<'_>) + Sync)| {
            for_tiles(self.executor, tiles.clone(), tile_rows, hidden, width, workers, work);
        };
        let next = match self.phase {
            Phase::Idle | Phase::Done => return Progress::Done,
            Phase::Embed => {
                let (tokens, hidden) = shared.tokens_and_hidden();
                run(hidden, workers, &|work| encoder::embed(context, tokens, work));
                Phase::KeysValues
            }
            Phase::KeysValues => {
                let (hidden, cache) = encoder::write(self.heads, &mut shared);
                run(hidden, workers, &|work| encoder::keys_values(context, block, work, &cache));
                if tiles.end == rows {
                    let (mut shared, mut workers) = arena::divide(self.arena, &self.plan);
                    if let Some(mut worker) = workers.next() {
                        encoder::sum_cache(context.kernels, &self.heads, &mut shared, &mut worker.attention);
                    }
                }
                Phase::Attention
            }
            Phase::Attention => {
                if last {
                    shared.gather(tiles.clone(), width);
                }
                let (hidden, cache) = encoder::read(self.heads, &mut shared);
                run(hidden, workers, &|work| encoder::attention(context, block, work, &cache));
                Phase::FeedForward
            }
            Phase::FeedForward => {
                run(shared.hidden, workers, &|work| encoder::feed_forward(context, block, work));
                if tiles.end == rows {
                    self.application += 1;
                }
                if last || (ends_layer && self.exit.policy.is_some()) { Phase::Pool } else { Phase::KeysValues }
            }
            Phase::Pool => {
                if let (Some(row), Some(mut worker)) = (first_row(&shared, rows, config), workers.next()) {
                    encoder::pool(context, &mut shared, &mut worker, row);
                }
                self.phase = Phase::Head;
                return Progress::Running;
            }
            Phase::Head => {
                let Some(mut worker) = workers.next() else { return Progress::Done };
                let tile = tiles.start..tiles.end.min(tiles.start + tile_rows);
                match config.head.reads() {
                    Reads::Tokens => {
                        heads::classify_tokens(context, &mut shared, &mut worker, tile.clone());
                        return self.advance(tile.end, rows, Phase::Done);
                    }
                    Reads::Pooled if first_row(&shared, rows, config).is_some() => {
                        heads::classify_pooled(context, &mut shared, &mut worker, layers_of(config, self.application));
                        if self.application < self.applications {
                            let logits = shared.logits.get(..config.num_labels as usize).unwrap_or(&[]);
                            if !self.exit.suffices(logits) {
                                return self.advance(rows, rows, Phase::KeysValues);
                            }
                            // What a last layer would have carried on.
                            shared.gather(0..self.selected, width);
                            self.rows = self.selected;
                        }
                    }
                    Reads::Pooled | Reads::Nothing => {}
                }
                return self.advance(rows, rows, Phase::Done);
            }
        };
        let whole = self.phase == Phase::Embed || (self.phase == Phase::FeedForward && ends_layer);
        if whole && tiles.end == rows {
            let (shared, _) = arena::divide(self.arena, &self.plan);
            let hidden = shared.hidden.get(..rows * width).unwrap_or(&[]);
            context.observer.show_states(layers_of(config, self.application), hidden);
        }
        self.advance(tiles.end, rows, next)
    }

    /// Goes on with row `done`, or with the first row of `next` when all `rows` are done.
    fn advance(&mut self, done: usize, rows: usize, next: Phase) -> Progress {
        if done < rows {
            self.next_row = done;
        } else {
            self.next_row = 0;
            self.phase = next;
        }
        if self.phase == Phase::Done { Progress::Done } else { Progress::Running }
    }

    /// The results, once [`Session::step`] has said that it is done.
    pub fn output(&mut self) -> Option<Output<'_>> {
        if self.phase != Phase::Done {
            return None;
        }
        let config = self.context.model.config();
        let hidden_size = config.hidden_size as usize;
        let (shared, _) = arena::divide(self.arena, &self.plan);
        let pooled = first_row(&shared, self.rows, config).is_some();
        let labels = config.num_labels as usize;
        let logits = match config.head.reads() {
            Reads::Tokens => self.rows * labels,
            Reads::Pooled if pooled => labels,
            Reads::Pooled | Reads::Nothing => 0,
        };
        let layers = layers_of(config, self.application) as u32;
        Some(Output {
            layers,
            hidden: shared.hidden.get(..self.rows * hidden_size).unwrap_or(&[]),
            hidden_size,
            positions: shared.rows.get(..self.rows).unwrap_or(&[]),
            pooled: if pooled { shared.pooled } else { &[] },
            logits: shared.logits.get(..logits).unwrap_or(&[]),
        })
    }

    /// The scores of a classifier that reads the pooled output: softmax, sigmoid or the logits themselves, by the problem
    /// type. They replace the logits in the arena; `None` for another head or before the end.
    pub fn scores(&mut self) -> Option<&[f32]> {
        let labels = self.output()?.logits().len();
        let config = self.context.model.config();
        if config.head != Head::SequenceClassification || labels == 0 {
            return None;
        }
        let problem_type = config.problem_type;
        let logits = arena::divide(self.arena, &self.plan).0.logits.get_mut(..labels)?;
        heads::scores(self.context.kernels, problem_type, logits);
        self.phase = Phase::Idle;
        Some(logits)
    }

    /// Vocabulary logits of row `row` of the last hidden state; `None` without a masked-LM head, before the end, or beyond
    /// the rows. The hidden states stay as they are.
    pub fn vocabulary_logits(&mut self, row: usize) -> Option<heads::VocabularyLogits<'_>> {
        let masked_lm = self.context.model.config().head.is_masked_lm();
        if !masked_lm || self.phase != Phase::Done || row >= self.rows {
            return None;
        }
        let (mut shared, mut workers) = arena::divide(self.arena, &self.plan);
        Some(heads::VocabularyLogits::new(self.context, &mut shared, workers.next()?, row))
    }

    /// Runs an input from start to end.
    ///
    /// # Errors
    /// As [`Session::start`].
    pub fn run(&mut self, input: &Input<'_>) -> Result<Output<'_>, InputError> {
        self.start(input)?;
        while self.step() == Progress::Running {}
        self.output().ok_or(InputError::Empty)
    }
}

/// Layers that so many applications of blocks make up.
fn layers_of(config: &Config, applications: usize) -> usize {
    applications.checked_div(config.inner_group_num as usize).unwrap_or(0)
}

/// Whether the head reads nothing but the pooled output.
fn reads_pooled(config: &Config) -> bool {
    config.head.reads() == Reads::Pooled && !config.head.is_masked_lm()
}

/// Writes row indices; returns how many.
fn select(selected: &mut [u32], rows: impl Iterator<Item = usize>) -> usize {
    selected.iter_mut().zip(rows).map(|(place, row)| *place = row as u32).count()
}

/// Finds the rows of listed positions. In an ascending list every search begins where the last one ended.
fn find_rows(rows: &[u32], list: &[u32], selected: &mut [u32]) -> Result<(), InputError> {
    let (mut next, mut highest) = (0, None);
    for (index, wanted) in list.iter().enumerate() {
        let find = |from: usize| (from..).zip(rows.get(from..)?).find(|(_, position)| *position == wanted);
        let (row, _) = find(next).or_else(|| find(0)).ok_or(InputError::Position { index })?;
        let twice = highest >= Some(row) && selected.iter().take(index).any(|&taken| taken as usize == row);
        let place = selected.get_mut(index).filter(|_| !twice).ok_or(InputError::Position { index })?;
        *place = row as u32;
        (next, highest) = (row + 1, highest.max(Some(row)));
    }
    Ok(())
}

/// The row of position 0, when there is a pooler to read it.
fn first_row(shared: &Shared<'_>, rows: usize, config: &Config) -> Option<usize> {
    let positions = shared.rows.get(..rows)?;
    let row = positions.iter().position(|&position| position == 0)?;
    config.pooler.then_some(row)
}
