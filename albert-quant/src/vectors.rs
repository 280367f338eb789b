//! Loops in the widest vectors that the CPU has. Rust fuses and reorders nothing on its own, so their results are the same bits
//! everywhere.

/// Runs `work` compiled for this CPU. Loops in functions that are not inlined stay as they are, which
/// large closures are, too: `#[inline(always)]` stands in front of those.
#[inline(always)]
pub fn widest<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(not(target_family = "wasm"))]
    return pulp::Arch::new().dispatch(work);
    #[cfg(target_family = "wasm")]
    work()
}
