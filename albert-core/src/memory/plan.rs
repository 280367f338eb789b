//! How the arena is divided: every region's size as a `const fn` of the configuration and the longest input.
//!
//! The arena holds what one run needs and nothing else; S sequences of at most T tokens, together N (1, T and T unless the plan has
//! several):
//!
//! | region | shape | lives |
//! |---|---|---|
//! | hidden | f32 `[N][H]` | from the embeddings to the head |
//! | keys, values | int8 (or f32) in panels as weight matrices, per sequence and head | one layer |
//! | key scales and offsets, value scales and sums | f32 and i32 `[A][N]`, f32 `[A][N]`, i32 `[S][A][D]` | one layer |
//! | tokens | id, token type, position `[N]`, in place of the keys | until the embeddings are computed |
//! | scores | f32 `[C]`, in place of the keys | from the end of a run to the next |
//! | rows, selected | u32 `[N]`: the position that each row of the hidden state stands for, and the rows that the last layer carries on | one run |
//! | sequences | where each one's rows, keys and values lie `[S]`, when there may be several | one run |
//! | pooled, logits | f32 `[S][H]`, `[S][C]` or `[N][C]` | until the next run |
//! | scratch, for each worker | what the widest step needs for one tile of rows | one step |
//!
//! Each sequence is rounded up to 16 tokens in keys and to 4 in values, D to the panel sizes.

use crate::build_features::{CODEBOOK, FLOAT, LARGE_TARGET};
use crate::config::{Config, Head, HeadInput, Precision};
use crate::format::layout::{ALIGNMENT, GROUP_CHANNELS, K_GROUP, K_UNIT, PANEL_CHANNELS, round_up};
use crate::kernels::RowScale;
use crate::memory::Sequence;

/// Rows of a tile unless [`Plan::with_tile_rows`] says otherwise.
pub const DEFAULT_TILE_ROWS: usize = 16;
/// Rows of [`Plan::with_large_tiles`]: integer weights gain by every row more, float rows of 4 bytes must stay in the cache.
const LARGE_TILE_ROWS: [usize; 2] = [128, 48];
/// Most rows of a tile.
pub const MAX_TILE_ROWS: usize = 512;
/// Most tasks that one step runs side by side.
pub const MAX_WORKERS: usize = 16;
/// Query rows that attention handles at a time.
pub(crate) const ATTENTION_ROWS: usize = 16;
/// Rows of sums behind those of a tile, at least, unless [`ATTENTION_ROWS`] already has them: kernels of small cores keep what they make
/// of activations and weights there.
const ROOM_ROWS: usize = 8;
/// Most places of a codebook panel that are expanded at a time for few rows: those of a group of channels stay in the first-level
/// cache.
const PART_PLACES: usize = 320;
/// Most rows that panels are expanded in parts for.
const PART_ROWS: usize = 16;
/// Most rows of a tile that leaves no room for whole panels.
const LITTLE_ROWS: usize = 8;

/// `places` in equal parts that are expanded at a time. Parts of quantized rows start on a cache line.
pub(crate) const fn part_places(places: usize) -> usize {
    match places.div_ceil(PART_PLACES) {
        0 | 1 => places,
        _ if !LARGE_TARGET => places,
        parts => round_up(places.div_ceil(parts), ALIGNMENT),
    }
}
/// How much working memory a session needs, and how it is divided: for one configuration and one longest input.
///
/// ```
/// # use albert_core::{Config, plan::Plan};
/// # const CONFIG: Config = Config::BASE;
/// const PLAN: Plan = Plan::new(&CONFIG, 128);
/// static ARENA: [u8; PLAN.arena_bytes()] = [0; PLAN.arena_bytes()];
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Plan {
    pub(crate) config: Config,
    pub(crate) tokens: usize,
    pub(crate) tile_rows: usize,
    pub(crate) workers: usize,
    /// Labels of a head file.
    pub(crate) labels: usize,
    pub(crate) sequences: usize,
    /// Tokens of all sequences together.
    pub(crate) total_tokens: usize,
}

impl Plan {
    /// A plan for inputs of up to `max_tokens` tokens, special tokens included. The number is limited to the model's positions, and
    /// is at least 1.
    pub const fn new(config: &Config, max_tokens: usize) -> Self {
        let positions = config.max_position_embeddings as usize;
        let tokens = if max_tokens > positions { positions } else { max_tokens };
        let tokens = if tokens == 0 { 1 } else { tokens };
        Self {
            config: *config,
            tokens,
            tile_rows: DEFAULT_TILE_ROWS,
            workers: 1,
            labels: 0,
            sequences: 1,
            total_tokens: tokens,
        }
    }

    /// Sets how many rows go through a layer together: a multiple of 4, from 4 to [`MAX_TILE_ROWS`]; other values are moved to the next of these.
    /// Fewer rows need less memory and make shorter steps; more rows are faster. Results do not depend on it.
    pub const fn with_tile_rows(mut self, rows: usize) -> Self {
        self.tile_rows = match rows {
            0 => 4,
            rows if rows > MAX_TILE_ROWS => MAX_TILE_ROWS,
            rows => round_up(rows, 4),
        };
        self
    }

    /// Sets the tiles that are fastest on computers with a second-level cache of 1 MB or more.
    pub const fn with_large_tiles(self) -> Self {
        let [integer, float] = LARGE_TILE_ROWS;
        let rows = if matches!(self.config.precision, Precision::Int8) { integer } else { float };
        self.with_tile_rows(rows)
    }

    /// Adds scratch memory for `workers` parallel tasks, from 1 to [`MAX_WORKERS`]; see [`Executor`](crate::executor::Executor). Each
    /// worker has tiles of its own; if an input is too short for that, all share one tile.
    pub const fn with_workers(mut self, workers: usize) -> Self {
        self.workers = match workers {
            0 => 1,
            workers if workers > MAX_WORKERS => MAX_WORKERS,
            workers => workers,
        };
        self
    }

    /// Adds room for a head file with up to `labels` labels; see [`Session::set_head`](crate::Session::set_head).
    pub const fn with_labels(mut self, labels: usize) -> Self {
        self.labels = labels;
        self
    }

    /// Adds room for up to `sequences` inputs in one run: each with up to [`Plan::max_tokens`] tokens, all together with up to
    /// `total_tokens`. See [`Session::start_batch`](crate::Session::start_batch). Their rows share tiles, so short inputs are faster
    /// together. 0 sequences count as 1; `total_tokens` is raised to one sequence's tokens and limited to those of all sequences.
    pub const fn with_sequences(mut self, sequences: usize, total_tokens: usize) -> Self {
        self.sequences = max(sequences, 1);
        let most = mul(self.sequences, self.tokens);
        self.total_tokens = if total_tokens > most { most } else { max(total_tokens, self.tokens) };
        self
    }

    /// Most inputs of one run.
    pub const fn max_sequences(&self) -> usize {
        self.sequences
    }

    /// Most tokens of all inputs of one run together.
    pub const fn total_tokens(&self) -> usize {
        self.total_tokens
    }

    /// Most tasks that a step runs in parallel.
    pub const fn workers(&self) -> usize {
        self.workers
    }

    /// Rows of the next tiles when `left` rows are left: as few tiles as can be, and all workers have as much to do.
    pub(crate) fn tile_rows_for(&self, left: usize) -> usize {
        let workers = self.workers.max(1);
        let steps = left.div_ceil((self.tile_rows * workers).max(1)).max(1);
        let share = round_up(left.div_ceil((steps * workers).max(1)), K_GROUP);
        if share < self.tile_rows { share } else { self.tile_rows }
    }

    /// Size of the arena in bytes. An arena that does not start at a multiple of 64 needs up to 63 bytes more.
    ///
    /// `usize::MAX` if the size exceeds the address space.
    pub const fn arena_bytes(&self) -> usize {
        Sizes::new(self).total(self.workers)
    }

    /// Bytes of the memory that [`Session::set_fast_memory`](crate::Session::set_fast_memory) takes, a small part of the arena's. Memory
    /// that does not start at a multiple of 64 needs up to 63 bytes more.
    #[cfg(feature = "fast-memory")]
    pub const fn fast_bytes(&self) -> usize {
        Sizes::new(self).fast(self.workers)
    }

    /// Bytes of the memory that [`Session::copy_weights`](crate::Session::copy_weights) needs for all linears: two panels of the linear with
    /// the most inputs. Memory that does not start at a multiple of 64 needs up to 63 bytes more. Several times as much saves
    /// instructions; a part of it serves the linears with fewer inputs.
    #[cfg(feature = "weight-copies")]
    pub const fn copied_bytes(&self) -> usize {
        mul(2, aligned(mul(PANEL_CHANNELS, round_up(most_places(&self.config), K_UNIT))))
    }

    /// Longest input, in tokens.
    pub const fn max_tokens(&self) -> usize {
        self.tokens
    }

    /// Rows of a tile.
    pub const fn tile_rows(&self) -> usize {
        self.tile_rows
    }
}

/// Regions of the arena, in the order in which they lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    Rows,
    Selected,
    /// One [`Sequence`] each, when there may be several.
    Sequences,
    Hidden,
    Keys,
    Values,
    KeyScales,
    KeyOffsets,
    ValueScales,
    ValueSums,
    Pooled,
    Logits,
    /// f32 rows between two linears. From here on there is a copy for each worker.
    Intermediate,
    /// Quantized rows.
    Bytes,
    /// One [`RowScale`] a row.
    RowScales,
    /// Integer sums of a tile and a group of channels; floats for float weights.
    Accumulators,
    /// Expanded weights of a few panels in a codebook format.
    Panel,
    /// Sums over a part of the places, when [`Region::Panel`] holds a part of them.
    Partial,
    /// Three values for each OCS place of split channels.
    Splits,
    /// One row: softmax, or a smoothed input.
    Row,
    /// Quantized queries of one head, or rows of its keys or values.
    Head,
    /// Scores of one head and a few rows; probabilities in a float model.
    Scores,
    /// Probabilities as bytes.
    Probabilities,
}

/// Number of regions.
const REGIONS: usize = Region::Probabilities as usize + 1;

/// Bytes of each region, not rounded.
pub(crate) struct Sizes([usize; REGIONS]);

/// What the sizes are made of: padded extents.
#[derive(Clone, Copy)]
pub(crate) struct Extents {
    /// Head size padded for keys, a multiple of 4 (int8) or D (f32).
    pub(crate) key_k: usize,
    /// Head size padded for values, a multiple of 16.
    pub(crate) value_channels: usize,
    /// Tokens padded for keys, a multiple of 16.
    pub(crate) key_channels: usize,
    /// Tokens padded for values, a multiple of 4 (int8) or S (f32).
    pub(crate) value_k: usize,
    /// Bytes of one element of keys and values.
    pub(crate) element: usize,
}

impl Extents {
    /// Extents for `tokens` keys.
    pub(crate) const fn new(config: &Config, tokens: usize) -> Self {
        let head = config.head_size() as usize;
        let (key_k, value_k, element) = match config.precision {
            Precision::Float if FLOAT => (head, tokens, 4),
            _ => (round_up(head, K_GROUP), round_up(tokens, K_GROUP), 1),
        };
        let value_channels = round_up(head, PANEL_CHANNELS);
        Self { key_k, value_channels, key_channels: round_up(tokens, PANEL_CHANNELS), value_k, element }
    }
}

impl Sizes {
    /// Total bytes of all regions for `workers` workers, each region aligned; `usize::MAX` on overflow.
    pub(crate) const fn total(&self, workers: usize) -> usize {
        let mut total = 0;
        let mut index = 0;
        while index < self.0.len() {
            let copies = if index < Region::Intermediate as usize { 1 } else { workers };
            total = add(total, mul(aligned(self.0[index]), copies));
            index += 1;
        }
        total
    }

    /// Bytes of the regions that can lie in fast memory, for all workers.
    #[cfg(feature = "fast-memory")]
    pub(crate) const fn fast(&self, workers: usize) -> usize {
        mul(add(aligned(self.bytes(Region::Bytes)), aligned(self.bytes(Region::Accumulators))), workers)
    }

    pub(crate) const fn bytes(&self, region: Region) -> usize {
        self.0[region as usize]
    }

    pub(crate) const fn new(plan: &Plan) -> Self {
        let config = &plan.config;
        let (tokens, rows) = (plan.tokens, plan.tile_rows);
        let (hidden, heads) = (config.hidden_size as usize, config.num_attention_heads as usize);
        let extents = Extents::new(config, tokens);
        let widest = widest(config);
        let integer = !(FLOAT && matches!(config.precision, Precision::Float));
        let places = activation_row_bytes(most_places(config));
        let group = mul(max(rows.saturating_add(ROOM_ROWS), ATTENTION_ROWS), GROUP_CHANNELS * 4);
        let context = mul(ATTENTION_ROWS, mul(extents.value_channels, 4));
        let (sequences, total) = (plan.sequences, plan.total_tokens);
        // The extents of all sequences together: each is padded by itself.
        let key_places = padded(total, sequences, PANEL_CHANNELS);
        let value_places = if integer { padded(total, sequences, K_GROUP) } else { total };
        let keys = mul(heads, mul(key_places, mul(extents.key_k, extents.element)));
        let label_rows = match config.head.input() {
            HeadInput::Tokens => total,
            HeadInput::Pooled | HeadInput::Nothing => sequences,
        };
        let mut sizes = Self([0; REGIONS]);
        sizes.0[Region::Rows as usize] = mul(total, 4);
        sizes.0[Region::Selected as usize] = mul(total, 4);
        sizes.0[Region::Sequences as usize] = if sequences > 1 { mul(sequences, size_of::<Sequence>()) } else { 0 };
        sizes.0[Region::Hidden as usize] = mul(total, mul(hidden, 4));
        // Tokens before the layers and scores after them lie there, too.
        let own = if matches!(config.head, Head::SequenceClassification) { config.num_labels as usize } else { 0 };
        let scores = mul(max(own, plan.labels), 4);
        sizes.0[Region::Keys as usize] = max(max(keys, mul(total, size_of::<Token>())), scores);
        sizes.0[Region::Values as usize] = mul(heads, mul(extents.value_channels, mul(value_places, extents.element)));
        let pools = config.pooler || matches!(config.head.input(), HeadInput::Pooled) || plan.labels > 0;
        sizes.0[Region::Pooled as usize] = if pools { mul(sequences, mul(hidden, 4)) } else { 0 };
        let logits = max(mul(label_rows, config.num_labels as usize), mul(sequences, plan.labels));
        sizes.0[Region::Logits as usize] = mul(logits, 4);
        sizes.0[Region::Accumulators as usize] = max(group, context);
        sizes.0[Region::Intermediate as usize] = mul(rows, mul(widest, 4));
        sizes.0[Region::Scores as usize] = mul(ATTENTION_ROWS, mul(extents.key_channels, 4));
        if integer {
            sizes.0[Region::KeyScales as usize] = mul(heads, mul(key_places, 4));
            sizes.0[Region::KeyOffsets as usize] = mul(heads, mul(key_places, 4));
            sizes.0[Region::ValueScales as usize] = mul(heads, mul(key_places, 4));
            sizes.0[Region::ValueSums as usize] = mul(sequences, mul(heads, mul(extents.value_channels, 4)));
            sizes.0[Region::Bytes as usize] = mul(rows, places);
            sizes.0[Region::Head as usize] = mul(ATTENTION_ROWS, activation_row_bytes(extents.key_k));
            sizes.0[Region::RowScales as usize] = mul(max(rows, ATTENTION_ROWS), size_of::<RowScale>());
            sizes.0[Region::Probabilities as usize] = mul(ATTENTION_ROWS, activation_row_bytes(extents.value_k));
            if CODEBOOK && config.storage.codebook {
                let places = round_up(most_places(config), K_UNIT);
                let stretch = part_places(places);
                // Few rows make no use of more; others are faster with whole panels, but for some sets and formats.
                sizes.0[Region::Panel as usize] = match rows {
                    0..=4 => mul(PANEL_CHANNELS, places),
                    5..=LITTLE_ROWS => mul(GROUP_CHANNELS, stretch),
                    _ => mul(GROUP_CHANNELS, places),
                };
                if rows > 4 && stretch < places {
                    let rows = if rows < PART_ROWS { rows } else { PART_ROWS };
                    sizes.0[Region::Partial as usize] = mul(rows, GROUP_CHANNELS * 4);
                }
            }
            sizes.0[Region::Splits as usize] = mul(config.storage.ocs_places as usize, 3 * 4);
            let smoothed = if config.storage.smoothing { widest } else { 0 };
            sizes.0[Region::Row as usize] = mul(max(extents.key_channels, smoothed), 4);
        }
        sizes
    }
}

/// Most inputs of a linear.
const fn widest(config: &Config) -> usize {
    let (embedding, hidden) = (config.embedding_size as usize, config.hidden_size as usize);
    max(max(hidden, config.intermediate_size as usize), max(embedding, config.sentence_dense as usize))
}

/// Most places in K of a linear.
const fn most_places(config: &Config) -> usize {
    widest(config).saturating_add(config.storage.ocs_places as usize)
}

/// `total` places of up to `sequences` sequences, each padded to a multiple of `unit`.
const fn padded(total: usize, sequences: usize, unit: usize) -> usize {
    let most = total.saturating_add(mul(sequences, unit - 1));
    most - most % unit
}

/// A token on its way into the embeddings.
#[derive(Clone, Copy, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Token {
    pub(crate) id: u32,
    pub(crate) token_type: u32,
    pub(crate) position: u32,
}

/// Bytes from one row of quantized activations to the next.
pub(crate) const fn activation_row_bytes(places: usize) -> usize {
    aligned(places)
}

/// Rounds up to the alignment of regions; `usize::MAX` when that does not fit.
const fn aligned(bytes: usize) -> usize {
    match bytes.checked_next_multiple_of(ALIGNMENT) {
        Some(bytes) => bytes,
        None => usize::MAX,
    }
}

const fn add(a: usize, b: usize) -> usize {
    a.saturating_add(b)
}

// One copy where flash is scarce.
#[cfg_attr(target_os = "none", inline(never))]
const fn mul(a: usize, b: usize) -> usize {
    a.saturating_mul(b)
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}
