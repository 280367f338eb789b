//! Every kernel set against the scalar set: bit for bit where integers rule, within a tolerance for float products.
//!
//! Sets that this CPU lacks are skipped and named. The run fails when one is that the standard library finds instructions for, or
//! that `ALBERT_MUST_RUN=avx2,avxvnni` names.

mod codebook;
mod dequantization;
mod float;
// It asks Unix for pages that cannot be touched.
#[cfg(unix)]
mod guard_pages;
mod products;
mod quantization;
mod rows;
mod support;
