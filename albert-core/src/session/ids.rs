//! From ids: they are checked, and the rows to compute are chosen.

use super::{Input, Phase, Positions, Session};
use crate::attention::places_behind;
use crate::error::{BatchError, InputError};
use crate::memory::Sequence;
use crate::memory::arena::Shared;
use crate::memory::plan::Token;
use crate::slices::{OrEmpty, part, part_mut, put};

impl Session<'_, '_> {
    /// Starts an inference. A running inference is dropped.
    ///
    /// # Errors
    /// [`InputError`] says what is wrong with the input; nothing is started then.
    pub fn start(&mut self, input: &Input<'_>) -> Result<(), InputError> {
        self.phase = Phase::Idle;
        let mut end = Sequence::default();
        self.place(input, 0, &mut end)?;
        self.begin(1, &end, input.layers);
        Ok(())
    }

    /// Starts several inputs, which run together: their rows share tiles, and each input attends only to itself. The results have the
    /// same bits as in runs one by one; see [`Session::output_of`], [`Session::scores_of`] and [`Session::vocabulary_logits_of`]. All
    /// inputs must have the same number of layers ([`Input::with_layers`]).
    ///
    /// The plan must have room for them ([`Plan::with_sequences`](crate::Plan::with_sequences)). Short inputs gain most, because all
    /// weights are read for every tile of rows, however few rows it has.
    ///
    /// # Errors
    /// [`BatchError`] names the input and says what is wrong with it; nothing is started then.
    pub fn start_batch(&mut self, inputs: &[Input<'_>]) -> Result<(), BatchError> {
        self.phase = Phase::Idle;
        let fail = |index, error| Err(BatchError { index, error });
        let Some(first) = inputs.first() else { return fail(0, InputError::Empty) };
        if inputs.len() > 1 && self.exit.policy.is_some() {
            return fail(1, InputError::ExitPolicy);
        }
        let mut end = Sequence::default();
        for (index, input) in inputs.iter().enumerate() {
            if input.layers != first.layers {
                return fail(index, InputError::Layers);
            }
            self.place(input, index, &mut end).map_err(|error| BatchError { index, error })?;
        }
        self.begin(inputs.len(), &end, first.layers);
        Ok(())
    }

    /// Checks an input and puts it behind those that are there; `end` moves behind it.
    fn place(&mut self, input: &Input<'_>, index: usize, end: &mut Sequence) -> Result<(), InputError> {
        self.check(input)?;
        let first_masked = input.attention_mask.first() == Some(&0);
        let attended = |position: usize| input.attention_mask.get(position).is_none_or(|&mask| mask != 0);
        let keys = (0..input.ids.len()).filter(|&position| attended(position)).count();
        if keys == 0 {
            return Err(InputError::AllMasked);
        }
        let rows = keys + usize::from(first_masked);
        let (first, first_selected) = (end.first as usize, end.selected as usize);
        self.check_room(index, first + rows)?;
        // Position 0 is computed even when it is masked, for the pooler; it is the last row then, after the keys.
        let order = (0..input.ids.len()).filter(|&position| attended(position)).chain(first_masked.then_some(0));
        let one_row = self.reads_first_row();
        let (mut shared, _) = self.arena.divide();
        for (position, row) in order.zip(first..) {
            let token = Token {
                id: input.ids.get(position).copied().or_empty(),
                token_type: input.token_types.get(position).copied().unwrap_or(0),
                position: position as u32,
            };
            set_row(&mut shared, row, token);
        }
        let selected = part_mut(shared.selected, first_selected..);
        let all = match input.positions {
            Positions::All => true,
            Positions::Head => !one_row,
            Positions::Listed(_) => false,
        };
        let selected = match input.positions {
            Positions::Head if one_row => {
                select(selected, core::iter::once(first + if first_masked { keys } else { 0 }))
            }
            Positions::Head | Positions::All => select(selected, first..first + rows),
            Positions::Listed(list) => {
                find_rows(part(shared.rows, first..first + rows), list, first, selected)?;
                list.len()
            }
        };
        let poolable = if all { keys } else { 0 };
        let (rows, keys, selected, poolable) = (rows as u32, keys as u32, selected as u32, poolable as u32);
        self.append(index, Sequence { rows, keys, selected, poolable, ..*end }, end);
        Ok(())
    }

    /// Enters a sequence, and moves `end` behind it.
    pub(super) fn append(&mut self, index: usize, sequence: Sequence, end: &mut Sequence) {
        put(self.arena.sequences_mut(), index, sequence);
        (end.first_key, end.first_value) = places_behind(self.context.model.config(), &sequence);
        (end.first, end.selected) = (end.first + sequence.rows, end.selected + sequence.selected);
    }

    /// Whether the plan has room for one more sequence, and for all of these rows.
    fn check_room(&self, index: usize, rows: usize) -> Result<(), InputError> {
        if index >= self.plan.sequences {
            return Err(InputError::TooManySequences { limit: self.plan.sequences });
        }
        let limit = self.plan.total_tokens;
        if rows > limit { Err(InputError::BatchTooLong { limit }) } else { Ok(()) }
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
            return Err(InputError::LengthMismatch);
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
}

/// Puts a token into a row.
pub(super) fn set_row(shared: &mut Shared<'_>, row: usize, token: Token) {
    put(shared.tokens(), row, token);
    put(shared.rows, row, token.position);
}

/// Writes row indices; returns how many.
pub(super) fn select(selected: &mut [u32], rows: impl Iterator<Item = usize>) -> usize {
    selected.iter_mut().zip(rows).map(|(place, row)| *place = row as u32).count()
}

/// Finds the rows of listed positions; `rows` are the positions of the rows from `first` on. In an ascending list every search
/// begins where the last one ended.
fn find_rows(rows: &[u32], list: &[u32], first: usize, selected: &mut [u32]) -> Result<(), InputError> {
    let (mut next, mut highest) = (0, None);
    for (index, wanted) in list.iter().enumerate() {
        let find = |from: usize| (from..).zip(rows.get(from..)?).find(|(_, position)| *position == wanted);
        let (row, _) = find(next).or_else(|| find(0)).ok_or(InputError::Position { index })?;
        let twice = highest >= Some(row) && selected.iter().take(index).any(|&taken| taken as usize == first + row);
        let place = selected.get_mut(index).filter(|_| !twice).ok_or(InputError::Position { index })?;
        *place = (first + row) as u32;
        (next, highest) = (row + 1, highest.max(Some(row)));
    }
    Ok(())
}
