//! What each step does, and which comes next.

use super::{Carried, Phase, Progress, Session, layers_of};
use crate::attention::{CacheWriter, Caches, sum_cache};
use crate::build_features::{HEAD_FILES, POOLING, THREADS};
use crate::config::{HeadInput, Pooling};
use crate::encoder::{self, OneWorker, Tiles, for_tiles, rows_of, share_tile, shares_tiles};
use crate::heads;
use crate::memory::arena::Shared;
use crate::slices::{part, part_mut};
use core::ops::Range;

impl Session<'_, '_> {
    /// Does one bounded piece of work: one sub-layer on one tile of rows, or on one tile for each worker.
    pub fn step(&mut self) -> Progress {
        match self.phase {
            Phase::Idle | Phase::Done => {}
            Phase::Embed => self.embed(),
            Phase::KeysValues => self.keys_values(),
            Phase::Attention => self.attention(),
            Phase::FeedForward => self.feed_forward(),
            Phase::Pool => self.pool(),
            Phase::Head => self.classify(),
        }
        if matches!(self.phase, Phase::Idle | Phase::Done) { Progress::Done } else { Progress::Running }
    }

    /// Embeddings of the next tiles.
    fn embed(&mut self) {
        let tiles = self.tiles(false);
        let (context, width) = (&self.context, self.width());
        let (mut shared, workers) = self.arena.divide();
        let table = shared.sequences;
        let (tokens, hidden) = shared.tokens_and_hidden();
        for_tiles(self.executor, &tiles, table, hidden, width, workers, &|work| encoder::embed(context, tokens, work));
        let ends = tiles.rows.end == self.rows;
        self.advance(tiles.rows.end, self.rows, Phase::KeysValues);
        if ends {
            self.show_states();
        }
    }

    /// Keys and values of the next tiles; queries too, when the workers' memory can hold those of all rows until the next step.
    fn keys_values(&mut self) {
        let last = self.is_last();
        let tiles = self.tiles(true);
        let ends = tiles.rows.end == self.rows;
        let keeps_queries = tiles.are_shared() && self.is_whole(&tiles) && !last;
        let (context, width, block) = (&self.context, self.width(), self.block());
        let config = context.model.config();
        let (mut shared, workers) = self.arena.divide();
        let table = shared.sequences;
        let (hidden, cache) = CacheWriter::new(config, table, &mut shared);
        if tiles.are_shared() {
            let hidden = rows_of(hidden, &tiles.rows, width);
            share_tile(self.executor, workers, config, tiles.rows.clone(), hidden, |tile| {
                encoder::keys_values(context, block, tile, &cache, keeps_queries);
            });
        } else {
            for_tiles(self.executor, &tiles, table, hidden, width, workers, &|work| {
                encoder::keys_values(context, block, &mut OneWorker(work), &cache, false);
            });
        }
        if ends {
            let (mut shared, mut workers) = self.arena.divide();
            let table = shared.sequences;
            if let Some(mut worker) = workers.next() {
                sum_cache(context.kernels, config, table, &mut shared, &mut worker.attention);
            }
            if last {
                self.carry_selected();
            }
        }
        self.carried = if keeps_queries { Carried::Queries } else { Carried::Nothing };
        self.advance(tiles.rows.end, if ends { tiles.rows.end } else { self.rows }, Phase::Attention);
    }

    /// Attention sub-layer of the next tiles.
    fn attention(&mut self) {
        let tiles = self.tiles(true);
        let queries = core::mem::take(&mut self.carried) == Carried::Queries;
        debug_assert!(
            !queries || (tiles.are_shared() && self.is_whole(&tiles)),
            "queries are those of a whole shared tile"
        );
        let keeps_quantized = tiles.are_shared() && self.is_whole(&tiles);
        let (last, width, block) = (self.is_last(), self.width(), self.block());
        let context = &self.context;
        let config = context.model.config();
        let (mut shared, workers) = self.arena.divide();
        let table = shared.sequences;
        if last {
            shared.gather(tiles.rows.clone(), width);
        }
        let (hidden, cache) = Caches::new(config, table, &mut shared);
        if tiles.are_shared() {
            let hidden = rows_of(hidden, &tiles.rows, width);
            share_tile(self.executor, workers, config, tiles.rows.clone(), hidden, |tile| {
                encoder::attention(context, block, tile, &cache, queries, keeps_quantized);
            });
        } else {
            for_tiles(self.executor, &tiles, table, hidden, width, workers, &|work| {
                encoder::attention(context, block, &mut OneWorker(work), &cache, false, false);
            });
        }
        self.carried = if keeps_quantized { Carried::QuantizedRows } else { Carried::Nothing };
        self.advance(tiles.rows.end, self.rows, Phase::FeedForward);
    }

    /// Feed-forward sub-layer of the next tiles.
    fn feed_forward(&mut self) {
        let tiles = self.tiles(true);
        let quantized = core::mem::take(&mut self.carried) == Carried::QuantizedRows;
        debug_assert!(
            !quantized || (tiles.are_shared() && self.is_whole(&tiles)),
            "rows are those of a whole shared tile"
        );
        let (last, width, block) = (self.is_last(), self.width(), self.block());
        let context = &self.context;
        let config = context.model.config();
        let (shared, workers) = self.arena.divide();
        let table = shared.sequences;
        if tiles.are_shared() {
            let hidden = rows_of(shared.hidden, &tiles.rows, width);
            share_tile(self.executor, workers, config, tiles.rows.clone(), hidden, |tile| {
                encoder::feed_forward(context, block, tile, quantized);
            });
        } else {
            for_tiles(self.executor, &tiles, table, shared.hidden, width, workers, &|work| {
                encoder::feed_forward(context, block, &mut OneWorker(work), false);
            });
        }
        let ends = tiles.rows.end == self.rows;
        let ends_layer = (self.block_run + 1).is_multiple_of(config.inner_group_num as usize);
        let pools = last || (ends_layer && self.exit.policy.is_some());
        self.advance(tiles.rows.end, self.rows, if pools { Phase::Pool } else { Phase::KeysValues });
        if ends {
            self.block_run += 1;
        }
        if ends && ends_layer {
            self.show_states();
        }
    }

    /// Pooled vectors of the next sequences.
    fn pool(&mut self) {
        let (next, head, width) = (self.next_sequences(), self.head_in_use(), self.width());
        let (mut shared, mut workers) = self.arena.divide();
        let table = shared.sequences;
        let positions = core::mem::take(&mut shared.rows);
        let rows = |index: usize| head.pooled_rows(positions, table.0.get(index)?);
        if POOLING && head.pooling != Pooling::Pooler {
            for index in next.clone() {
                if let Some(rows) = rows(index) {
                    let hidden = part(shared.hidden, rows.start * width..rows.end * width);
                    heads::pool(head.pooling, hidden, part_mut(shared.pooled, index * width..(index + 1) * width));
                }
            }
        } else if next.clone().any(|index| rows(index).is_some())
            && let Some(mut worker) = workers.next()
        {
            let row = |index| rows(index).map(|rows| rows.start);
            encoder::pool(&self.context, &mut shared, &mut worker, next.clone(), row);
        }
        self.advance(next.end, self.arena.sequences, Phase::Head);
    }

    /// Logits of the next rows, or of the next sequences.
    fn classify(&mut self) {
        match self.head_in_use().input {
            HeadInput::Tokens => self.classify_tokens(),
            HeadInput::Pooled => self.classify_pooled(),
            HeadInput::Nothing => self.advance(self.rows, self.rows, Phase::Done),
        }
    }

    fn classify_tokens(&mut self) {
        let tile = self.next_row..self.rows.min(self.next_row + self.plan.tile_rows_for(self.rows - self.next_row));
        let (mut shared, mut workers) = self.arena.divide();
        if let Some(mut worker) = workers.next() {
            heads::classify_tokens(&self.context, &mut shared, &mut worker, tile.clone());
        }
        self.advance(tile.end, self.rows, Phase::Done);
    }

    fn classify_pooled(&mut self) {
        let (next, head, width) = (self.next_sequences(), self.head_in_use(), self.width());
        let layers = layers_of(self.context.model.config(), self.block_run);
        let (mut shared, mut workers) = self.arena.divide();
        let table = shared.sequences;
        let pooled = |index: usize| table.0.get(index).and_then(|own| head.pooled_rows(shared.rows, own)).is_some();
        if next.clone().any(pooled)
            && let Some(mut worker) = workers.next()
        {
            let own = if HEAD_FILES { self.head } else { None };
            heads::classify_pooled(&self.context, own, &mut shared, &mut worker, next.clone(), layers);
            if self.block_run < self.block_runs {
                // A policy looks at the only sequence.
                if !self.exit.suffices(part(shared.logits, ..head.labels)) {
                    return self.advance(next.end, self.arena.sequences, Phase::KeysValues);
                }
                // What a last layer would have carried on.
                shared.gather(0..self.selected, width);
                self.carry_selected();
            }
        }
        self.advance(next.end, self.arena.sequences, Phase::Done);
    }

    /// The rows of the next step, in tiles. `in_layer` says that workers may share a tile.
    fn tiles(&mut self, in_layer: bool) -> Tiles {
        let (start, rows) = (self.next_row, self.rows);
        let shared = THREADS && in_layer && shares_tiles(&self.context.model, &self.plan, self.block(), self.rows);
        let (tile_rows, side_by_side) = match shared {
            true => (self.plan.tile_rows, 1),
            false => (self.plan.tile_rows_for(rows - start), self.plan.workers),
        };
        let (Shared { sequences, .. }, _) = self.arena.divide();
        let end = (0..side_by_side).fold(start, |start, _| sequences.tile_end(start, tile_rows, rows));
        Tiles { rows: start..end, tile_rows, shared }
    }

    /// Whether the tiles of a step are all rows.
    fn is_whole(&self, tiles: &Tiles) -> bool {
        tiles.rows == (0..self.rows)
    }

    /// As many sequences as a tile has rows.
    fn next_sequences(&self) -> Range<usize> {
        self.next_row..self.arena.sequences.min(self.next_row + self.plan.tile_rows)
    }

    /// Whether the layer at hand is the last.
    fn is_last(&self) -> bool {
        self.block_run + 1 == self.block_runs
    }

    fn block(&self) -> usize {
        self.context.model.block_of(self.block_run)
    }

    fn width(&self) -> usize {
        self.context.model.config().hidden_size as usize
    }

    /// From here on the rows are those that the last layer carries on.
    fn carry_selected(&mut self) {
        self.rows = self.selected;
        let (count, mut first) = (self.arena.sequences, 0);
        for sequence in self.arena.sequences_mut().iter_mut().take(count) {
            (sequence.first, sequence.rows) = (first, sequence.selected);
            first += sequence.rows;
        }
    }

    /// Shows the hidden states to the observer.
    fn show_states(&mut self) {
        let values = self.rows * self.width();
        let (shared, _) = self.arena.divide();
        let hidden = part(shared.hidden, ..values);
        self.context.observer.show_states(layers_of(self.context.model.config(), self.block_run), hidden);
    }

    /// Goes on with row `done`, or with the first row of `next` when all `rows` are done.
    fn advance(&mut self, done: usize, rows: usize, next: Phase) {
        if done < rows {
            self.next_row = done;
        } else {
            self.next_row = 0;
            self.phase = next;
        }
    }
}
