//! What each step does, and which comes next.

use super::{Phase, Progress, Session, layers_of};
use crate::arena;
use crate::build_features::LARGE_TARGET;
use crate::config::{HeadInput, Pooling};
use crate::encoder::{self, team};
use crate::executor::{TileWork, for_tiles, rows_of};
use crate::heads;
use team::Team;

impl Session<'_, '_> {
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
        let head = self.head_in_use();
        let rows = if self.phase == Phase::KeysValues { self.heads.keys } else { self.rows };
        let block = context.model.block_of(self.application);
        let in_layer = matches!(self.phase, Phase::KeysValues | Phase::Attention | Phase::FeedForward);
        let shared_tiles = LARGE_TARGET && in_layer && team::shares_tiles(&context.model, &self.plan, block, rows);
        let (tile_rows, side_by_side) = match shared_tiles {
            true => (self.plan.tile_rows, 1),
            false => (self.plan.tile_rows_for(rows - self.next_row), self.plan.workers),
        };
        let tiles = self.next_row..rows.min(self.next_row + tile_rows * side_by_side);
        // What one sub-layer leaves in the workers' memory is there in the next. Not all rows that go on need be keys.
        let whole = tiles == (0..rows);
        let queries = whole && !last && self.rows == self.heads.keys;
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
                if shared_tiles {
                    let mut team = Team::new(self.executor, workers, config);
                    let hidden = rows_of(hidden, &tiles, width);
                    team::keys_values(context, block, &mut team, tiles.clone(), hidden, &cache, queries);
                } else {
                    run(hidden, workers, &|work| encoder::keys_values(context, block, work, &cache));
                }
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
                if shared_tiles {
                    let mut team = Team::new(self.executor, workers, config);
                    let hidden = rows_of(hidden, &tiles, width);
                    team::attention(context, block, &mut team, hidden, &cache, queries, whole);
                } else {
                    run(hidden, workers, &|work| encoder::attention(context, block, work, &cache));
                }
                Phase::FeedForward
            }
            Phase::FeedForward => {
                if shared_tiles {
                    let mut team = Team::new(self.executor, workers, config);
                    team::feed_forward(context, block, &mut team, rows_of(shared.hidden, &tiles, width), whole);
                } else {
                    run(shared.hidden, workers, &|work| encoder::feed_forward(context, block, work));
                }
                if tiles.end == rows {
                    self.application += 1;
                }
                if last || (ends_layer && self.exit.policy.is_some()) { Phase::Pool } else { Phase::KeysValues }
            }
            Phase::Pool => {
                let pooled = head.pooled_rows(&shared, rows);
                if let (Some(rows), Some(mut worker)) = (pooled, workers.next()) {
                    if head.pooling == Pooling::Pooler {
                        encoder::pool(context, &mut shared, &mut worker, rows.start);
                    } else {
                        let hidden = shared.hidden.get(rows.start * width..rows.end * width).unwrap_or(&[]);
                        heads::pool(head.pooling, hidden, shared.pooled);
                    }
                }
                self.phase = Phase::Head;
                return Progress::Running;
            }
            Phase::Head => {
                let Some(mut worker) = workers.next() else { return Progress::Done };
                let tile = tiles.start..tiles.end.min(tiles.start + tile_rows);
                match head.input {
                    HeadInput::Tokens => {
                        heads::classify_tokens(context, &mut shared, &mut worker, tile.clone());
                        return self.advance(tile.end, rows, Phase::Done);
                    }
                    HeadInput::Pooled if head.pooled_rows(&shared, rows).is_some() => {
                        let layers = layers_of(config, self.application);
                        heads::classify_pooled(context, self.head.as_ref(), &mut shared, &mut worker, layers);
                        if self.application < self.applications {
                            let logits = shared.logits.get(..head.labels).unwrap_or(&[]);
                            if !self.exit.suffices(logits) {
                                return self.advance(rows, rows, Phase::KeysValues);
                            }
                            // What a last layer would have carried on.
                            shared.gather(0..self.selected, width);
                            self.rows = self.selected;
                        }
                    }
                    HeadInput::Pooled | HeadInput::Nothing => {}
                }
                return self.advance(rows, rows, Phase::Done);
            }
        };
        let ends = self.phase == Phase::Embed || (self.phase == Phase::FeedForward && ends_layer);
        if ends && tiles.end == rows {
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
}
