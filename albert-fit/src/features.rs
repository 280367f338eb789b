//! What the frozen encoder says about each text: the very numbers that a device will compute.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use albert_core::config::Pooling;
use albert_core::heads::pool;
use albert_core::tokenizer::{EncodeError, EncodeOptions, Truncation};
use albert_core::{Input, Model, Plan, Positions, Session};
use rayon::prelude::*;

use crate::error::{Error, InferenceError};
use crate::examples::Example;
use crate::matrix::Matrix;

/// Bytes that the tokenizer starts with, and the most that it gets for a text.
const WORKSPACE: usize = 1 << 14;
const MOST_WORKSPACE: usize = 1 << 28;

/// What an encoder computes for texts: one pooled vector each.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// How the hidden states were pooled.
    pub pooling: Pooling,
    /// Elements of a vector: the encoder's hidden size.
    pub width: usize,
    /// The vectors one after the other, `[texts][width]`.
    pub values: Vec<f32>,
}

impl Features {
    /// The vector of text `row`, from 0.
    ///
    /// # Panics
    /// When there are not as many texts.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// The vectors of some texts.
    pub(crate) fn pick(&self, rows: &[usize]) -> Self {
        let values = rows.iter().flat_map(|&row| self.row(row)).copied().collect();
        Self { pooling: self.pooling, width: self.width, values }
    }

    /// In f64.
    pub(crate) fn widen(&self) -> Matrix {
        let values: Vec<f64> = self.values.iter().map(|&x| x.into()).collect();
        Matrix { rows: values.len() / self.width.max(1), columns: self.width, values }
    }
}

/// Runs all examples through an encoder and returns their vectors, one [`Features`] for each of `poolings`. To fit several classifiers
/// on the same texts, compute features once and call [`fit_features`](crate::fit_features).
///
/// - `encoder` has no head; see [`without_head`](albert_quant::without_head).
/// - `max_tokens` cuts longer texts; `None` means as many as the encoder was made for.
/// - `threads` share the examples.
/// - `done` is called with the number of examples done, from several threads, and ends the work by [`ControlFlow::Break`].
///
/// # Errors
/// [`Error::NoPooler`] when `poolings` has the pooler and the encoder does not; [`Error::Encoder`] with the first row that cannot be
/// run; [`Error::Threads`]; [`Error::Stopped`] when `done` says so.
pub fn features(
    encoder: &Model<'_>,
    examples: &[Example],
    poolings: &[Pooling],
    max_tokens: Option<usize>,
    threads: usize,
    done: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
) -> Result<Vec<Features>, Error> {
    let config = encoder.config();
    if poolings.contains(&Pooling::Pooler) && !config.pooler {
        return Err(Error::NoPooler);
    }
    let width = config.hidden_size as usize;
    let limit = input_limit(encoder, max_tokens);
    let (finished, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let of_row = |memory: &mut Memory, example: &Example| {
        if stopped.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let vectors = vectors(encoder, example, poolings, limit, memory);
        if done(finished.fetch_add(1, Ordering::Relaxed) + 1).is_break() {
            stopped.store(true, Ordering::Relaxed);
        }
        vectors
    };
    let rows: Vec<_> =
        crate::threads::run(threads, || examples.par_iter().map_init(Memory::default, of_row).collect())?;
    if stopped.into_inner() {
        return Err(Error::Stopped);
    }
    let mut all: Vec<Features> = poolings
        .iter()
        .map(|&pooling| Features { pooling, width, values: Vec::with_capacity(examples.len() * width) })
        .collect();
    for (row, vectors) in rows.into_iter().enumerate() {
        let vectors = vectors.map_err(|source| Error::Encoder { row: row + 1, source })?;
        all.iter_mut().zip(vectors).for_each(|(features, vector)| features.values.extend(vector));
    }
    Ok(all)
}

/// Most tokens of an input: what the model was made for, and what the caller wants.
fn input_limit(encoder: &Model<'_>, max_tokens: Option<usize>) -> usize {
    let positions = encoder.config().max_position_embeddings;
    let made_for = encoder.max_sequence().unwrap_or(positions).min(positions) as usize;
    max_tokens.map_or(made_for, |tokens| tokens.min(made_for))
}

/// A thread's memory.
#[derive(Default)]
struct Memory {
    workspace: Vec<u8>,
    arena: Vec<u8>,
}

fn vectors(
    encoder: &Model<'_>,
    example: &Example,
    poolings: &[Pooling],
    limit: usize,
    memory: &mut Memory,
) -> Result<Vec<Vec<f32>>, InferenceError> {
    let (ids, types) = encode(encoder, example, limit, &mut memory.workspace)?;
    let plan = Plan::new(encoder.config(), ids.len()).with_large_tiles();
    // The arena may start anywhere.
    let bytes = plan.arena_bytes() + 63;
    if memory.arena.len() < bytes {
        memory.arena.resize(bytes, 0);
    }
    let mut session = Session::new(encoder, plan, &mut memory.arena).map_err(InferenceError::Session)?;
    let input = Input::new(&ids).with_token_types(&types).with_positions(Positions::All);
    let output = session.run(&input).map_err(InferenceError::Input)?;
    let pooled = |&pooling: &Pooling| {
        let mut vector = vec![0.0; output.hidden_size()];
        match (pooling, output.pooled()) {
            (Pooling::Pooler, Some(pooler)) => vector.copy_from_slice(pooler),
            _ => pool(pooling, output.last_hidden_state(), &mut vector),
        }
        vector
    };
    Ok(poolings.iter().map(pooled).collect())
}

/// Ids and token types.
fn encode(
    encoder: &Model<'_>,
    example: &Example,
    limit: usize,
    workspace: &mut Vec<u8>,
) -> Result<(Vec<u32>, Vec<u32>), InferenceError> {
    let tokenizer = encoder.tokenizer().ok_or(InferenceError::NoTokenizer)?;
    let options =
        EncodeOptions { truncation: Truncation::LongestFirst, max_tokens: Some(limit), ..EncodeOptions::default() };
    loop {
        match tokenizer.encode(&example.text, example.pair.as_deref(), &options, workspace) {
            Ok(encoding) => {
                let types = encoding.type_ids().iter().map(|&kind| kind.into()).collect();
                return Ok((encoding.ids().to_vec(), types));
            }
            Err(EncodeError::MemoryTooSmall { missing }) => {
                let bytes = (workspace.len() + missing).max(2 * workspace.len()).max(WORKSPACE);
                if bytes > MOST_WORKSPACE {
                    return Err(InferenceError::TooLong);
                }
                workspace.resize(bytes, 0);
            }
            Err(error) => return Err(InferenceError::Encode(error)),
        }
    }
}
