//! The sub-layers on a tile that a team shares.

use super::{Cut, Team, input_and_products, multiply_part};
use crate::arena::{AttentionScratch, Products, Scratch};
use crate::encoder::attention_i8::{attend, store_keys, store_values};
use crate::encoder::{Cache, CacheWriter, Context};
use crate::executor::for_each;
use crate::format::layout::GROUP_CHANNELS;
use crate::format::layout::role;
use crate::kernels::Store;
use core::ops::Range;

/// Keys and values of the rows `hidden`, whose first is a multiple of 4; with `queries` also those, which stay in the panels.
pub(crate) fn keys_values(
    context: &Context<'_>,
    block: usize,
    team: &mut Team<'_>,
    rows: Range<usize>,
    hidden: &mut [f32],
    cache: &CacheWriter<'_>,
    queries: bool,
) {
    let [key, value, query] = [role::KEY, role::VALUE, role::QUERY].map(|role| context.model.linear(role, block));
    let size = cache.heads().size.max(1);
    team.round_hidden(context, &key.matrix, Some((role::QUERY, block)), hidden);
    let cut = team.cut(&key, size);
    let Some((rounded, products)) = input_and_products(&mut team.scratch) else { return };
    let jobs = products.zip(team.panels.iter_mut().flatten()).zip(team.attention.iter_mut().flatten()).zip(cut.all());
    type Job<'j, 'a> = (((&'j mut Products<'a>, &'j mut &'a mut [f32]), &'j mut AttentionScratch<'a>), Range<usize>);
    for_each(team.executor, jobs, &|(((products, panel), attention), part): Job<'_, '_>| {
        let heads = part.start / size..part.end / size;
        let (kernels, count) = (context.kernels, rows.len());
        multiply_part(context, &key, part.clone(), Store::Write, rounded, count, panel, products);
        store_keys(kernels, panel, rows.clone(), cache, heads.clone(), attention.head);
        multiply_part(context, &value, part.clone(), Store::Write, rounded, count, panel, products);
        store_values(kernels, panel, rows.clone(), cache, heads, attention.head);
        if queries {
            multiply_part(context, &query, part, Store::Write, rounded, count, panel, products);
        }
    });
}

/// Attention sub-layer of the rows `hidden`, in place. With `queries` they are in the panels; with `on` the rows are rounded for
/// the feed-forward sub-layer.
pub(crate) fn attention(
    context: &Context<'_>,
    block: usize,
    team: &mut Team<'_>,
    hidden: &mut [f32],
    cache: &Cache<'_>,
    queries: bool,
    on: bool,
) {
    let model = &context.model;
    let [query, output, ffn] = [role::QUERY, role::ATTENTION_OUTPUT, role::FFN].map(|role| model.linear(role, block));
    let rows = hidden.len() / query.matrix.columns.max(1);
    let cut = team.cut(&query, cache.heads.size);
    if !queries {
        team.round_hidden(context, &query.matrix, None, hidden);
        team.multiply(context, &query, cut, Store::Write, rows);
    }
    team.attend(context, cache, cut, rows);
    team.round_panels(context, &output.matrix, (role::ATTENTION_OUTPUT, block), cut, rows);
    let cut = team.cut(&output, GROUP_CHANNELS);
    team.multiply(context, &output, cut, Store::Write, rows);
    let next = on.then_some((&ffn.matrix, role::FFN, block));
    team.add_and_normalize(context, &model.norm(role::ATTENTION_NORM_WEIGHT, block), cut, hidden, next);
}

/// Feed-forward sub-layer of the rows `hidden`, in place; with `rounded` that has been done with them.
pub(crate) fn feed_forward(
    context: &Context<'_>,
    block: usize,
    team: &mut Team<'_>,
    hidden: &mut [f32],
    rounded: bool,
) {
    let model = &context.model;
    let (input, output) = (model.linear(role::FFN, block), model.linear(role::FFN_OUTPUT, block));
    let rows = hidden.len() / input.matrix.columns.max(1);
    if !rounded {
        team.round_hidden(context, &input.matrix, Some((role::FFN, block)), hidden);
    }
    let cut = team.cut(&input, GROUP_CHANNELS);
    team.multiply(context, &input, cut, Store::Activate(model.config().hidden_act), rows);
    team.round_panels(context, &output.matrix, (role::FFN_OUTPUT, block), cut, rows);
    let cut = team.cut(&output, GROUP_CHANNELS);
    team.multiply(context, &output, cut, Store::Write, rows);
    team.add_and_normalize(context, &model.norm(role::OUTPUT_NORM_WEIGHT, block), cut, hidden, None);
}

impl Team<'_> {
    /// Replaces the queries in the panels by their context, each worker those of its heads.
    fn attend(&mut self, context: &Context<'_>, cache: &Cache<'_>, cut: Cut, rows: usize) {
        let size = cache.heads.size.max(1);
        let memory = self.scratch.iter_mut().flatten().zip(self.attention.iter_mut().flatten());
        let jobs = self.panels.iter_mut().flatten().zip(memory).zip(cut.all());
        type Job<'j, 'a> = ((&'j mut &'a mut [f32], (&'j mut Scratch<'a>, &'j mut AttentionScratch<'a>)), Range<usize>);
        for_each(self.executor, jobs, &|((panel, (scratch, attention)), part): Job<'_, '_>| {
            let queries = panel.get_mut(..rows * part.len()).unwrap_or(&mut []);
            attend(context.kernels, cache, part.start / size..part.end / size, queries, attention, scratch);
        });
    }
}
