//! Every kernel set against the scalar set: bit for bit where integers rule, within a tolerance for float products.
//!
//! Sets that this CPU lacks are skipped and named. `ALBERT_MUST_RUN=avx2,avxvnni` fails the run when one of those is.

mod codebook;
mod dequantization;
mod float;
mod products;
mod quantization;
mod rows;
mod support;
