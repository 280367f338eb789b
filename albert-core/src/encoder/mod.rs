//! The encoder: embeddings, the shared layer, the pooler, each on a tile of rows.

mod embeddings;
mod layer;
mod one_worker;
mod parallel;
mod partition;
mod pooler;
mod tiles;

pub(crate) use embeddings::embed;
pub(crate) use layer::{attention, feed_forward, keys_values};
pub(crate) use one_worker::OneWorker;
pub(crate) use parallel::{share_tile, shares_tiles};
pub(crate) use pooler::pool;
pub(crate) use tiles::{Tiles, for_tiles, rows_of};
