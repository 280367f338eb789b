//! From ids: they are checked, and the rows to compute are chosen.

use super::{Input, Phase, Positions, Session};
use crate::arena;
use crate::error::InputError;
use crate::plan::Token;

impl Session<'_, '_> {
    /// Takes an input in; an inference that was under way is dropped.
    ///
    /// # Errors
    /// [`InputError`]; nothing is started then.
    pub fn start(&mut self, input: &Input<'_>) -> Result<(), InputError> {
        self.phase = Phase::Idle;
        self.check(input)?;
        let first_masked = input.attention_mask.first() == Some(&0);
        let attended = |position: usize| input.attention_mask.get(position).is_none_or(|&mask| mask != 0);
        let keys = (0..input.ids.len()).filter(|&position| attended(position)).count();
        if keys == 0 {
            return Err(InputError::AllMasked);
        }
        // Position 0 is computed even when it is masked, for the pooler; it is the last row then, after the keys.
        let order = (0..input.ids.len()).filter(|&position| attended(position)).chain(first_masked.then_some(0));
        let one_row = self.reads_first_row();
        let (mut shared, _) = arena::divide(self.arena, &self.plan);
        for (row, position) in order.clone().enumerate() {
            let token = Token {
                id: input.ids.get(position).copied().unwrap_or(0),
                token_type: input.token_types.get(position).copied().unwrap_or(0),
                position: position as u32,
            };
            if let Some(place) = shared.tokens().get_mut(row) {
                *place = token;
            }
            if let Some(label) = shared.rows.get_mut(row) {
                *label = position as u32;
            }
        }
        let rows = keys + usize::from(first_masked);
        self.carries_all = false;
        self.selected = match input.positions {
            Positions::Head if one_row => {
                select(shared.selected, core::iter::once(if first_masked { keys } else { 0 }))
            }
            Positions::Head | Positions::All => {
                self.carries_all = true;
                select(shared.selected, 0..rows)
            }
            Positions::Listed(list) => {
                let rows = shared.rows.get(..rows).unwrap_or(&[]);
                find_rows(rows, list, shared.selected)?;
                list.len()
            }
        };
        self.begin(keys, rows, input.layers);
        Ok(())
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

/// Writes row indices; returns how many.
pub(super) fn select(selected: &mut [u32], rows: impl Iterator<Item = usize>) -> usize {
    selected.iter_mut().zip(rows).map(|(place, row)| *place = row as u32).count()
}

/// Finds the rows of listed positions. In an ascending list every search begins where the last one ended.
fn find_rows(rows: &[u32], list: &[u32], selected: &mut [u32]) -> Result<(), InputError> {
    let (mut next, mut highest) = (0, None);
    for (index, wanted) in list.iter().enumerate() {
        let find = |from: usize| (from..).zip(rows.get(from..)?).find(|(_, position)| *position == wanted);
        let (row, _) = find(next).or_else(|| find(0)).ok_or(InputError::Position { index })?;
        let twice = highest >= Some(row) && selected.iter().take(index).any(|&taken| taken as usize == row);
        let place = selected.get_mut(index).filter(|_| !twice).ok_or(InputError::Position { index })?;
        *place = row as u32;
        (next, highest) = (row + 1, highest.max(Some(row)));
    }
    Ok(())
}
