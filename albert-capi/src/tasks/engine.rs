//! How inferences are run.

use albert_edge::albert_core::kernels;
use albert_edge::{Engine, Model};

use super::error::Failure;
use super::text::albert_text;
use crate::session::exit_policy;

/// How inferences are run. Zeros mean what a null pointer in place of it means: all cores, all layers, the best kernels.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_engine {
    /// Most threads that a call uses, the caller's counted; 0 for one a core. Results do not depend on it.
    pub threads: usize,
    /// Most bytes of working memory that a call takes; 0 for 1 GiB (256 MiB on 32 bits).
    pub memory_limit: usize,
    /// Name of a kernel set; no text for the best that this CPU runs.
    pub kernels: albert_text,
    /// Runs only the first layers; 0 for all.
    pub layers: u32,
    /// An ALBERT_EXIT_ number: when an inference may end before the last layer.
    pub early_exit: u32,
    /// The number of layers or the probability that goes with `early_exit`.
    pub early_exit_value: f32,
    /// Gives pages of a mapped file back when an inference has read them, for programs that run a single input.
    pub release_pages: bool,
    /// Rows that go through a layer together, a multiple of 4 up to 128; 0 for what is fastest on a computer. Fewer rows take
    /// less memory and make shorter steps. Results do not depend on it.
    pub tile_rows: usize,
    /// Tokens of several short inputs that run together, for each thread; 0 for 128. Such inputs are labels of a zero-shot
    /// classification, choices, documents and windows. 1 runs them one by one, in the least memory. Results do not depend on it.
    pub group_tokens: usize,
}

/// The engine for a model.
///
/// # Safety
/// The texts are as [`albert_text::get`] says.
pub(super) unsafe fn build_engine(model: &Model, settings: Option<&albert_engine>) -> Result<Engine, Failure> {
    let mut engine = Engine::new(model);
    let Some(settings) = settings else { return Ok(engine) };
    if settings.threads > 0 {
        engine = engine.threads(settings.threads);
    }
    if settings.memory_limit > 0 {
        engine = engine.memory_limit(settings.memory_limit);
    }
    if settings.tile_rows > 0 {
        engine = engine.tile_rows(Some(settings.tile_rows));
    }
    if settings.group_tokens > 0 {
        engine = engine.group_tokens(settings.group_tokens);
    }
    // SAFETY: the caller's promise.
    if let Some(name) = unsafe { settings.kernels.get() }? {
        engine = engine.kernels(kernels::by_name(name)?);
    }
    let layers = (settings.layers > 0).then_some(settings.layers);
    let exit = exit_policy(settings.early_exit, settings.early_exit_value)?;
    Ok(engine.layers(layers).early_exit(exit)?.release_pages(settings.release_pages))
}
