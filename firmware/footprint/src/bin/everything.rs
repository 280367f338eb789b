#![no_std]
#![no_main]
//! Every public door of the core, so that none hides a panic.

use albert_core::executor::Executor;
use albert_core::format::verify_checksum;
use albert_core::heads::{Candidate, TopK, argmax};
use albert_core::tokenizer::{EncodeOptions, Truncation, windows};
use albert_core::{ExitPolicy, Input, Model, Observer, Plan, Positions, Progress, Session, kernels};
use footprint as _;

/// What a program on a board was handed; everything in it is unknown to the optimizer.
#[repr(C)]
pub struct Given<'g> {
    file: &'g [u8],
    arena: &'g mut [u8],
    memory: &'g mut [u8],
    text: &'g str,
    pair: Option<&'g str>,
    ids: &'g [u32],
    token_types: &'g [u32],
    mask: &'g [u32],
    positions: &'g [u32],
    options: EncodeOptions,
    strategy: &'g str,
    kernels: &'g str,
    tokens: usize,
    tile_rows: usize,
    workers: usize,
    layers: u32,
    exit: Option<ExitPolicy>,
    index: usize,
    best: &'g mut [Candidate],
    observer: &'g dyn Observer,
    executor: &'g dyn Executor,
    out: &'g mut dyn core::fmt::Write,
    numbers: &'g mut [u32],
    /// Takes every number that came out, so that nothing is optimized away.
    sink: fn(usize),
}

/// Calls everything once; the result says whether all of it succeeded.
#[unsafe(export_name = "_start")]
pub extern "C" fn everything(given: &mut Given<'_>) -> bool {
    network(given).is_some() & text(given).is_some()
}

fn network(given: &mut Given<'_>) -> Option<()> {
    let sink = given.sink;
    let model = Model::from_bytes(given.file).ok()?;
    sink(verify_checksum(given.file).is_ok().into());
    sink(model.label(given.index)?.len() + model.provenance().len() + model.bytes().len());
    sink(model.block_of(given.index) + model.block_runs());
    model.tensors().for_each(|tensor| sink(tensor.bytes()));
    let plan = Plan::new(model.config(), given.tokens).with_tile_rows(given.tile_rows).with_workers(given.workers);
    sink(plan.arena_bytes() + plan.max_tokens() + plan.tile_rows() + plan.workers());
    let kernels = kernels::by_name(given.kernels).ok()?;
    let mut session = Session::with_kernels(&model, plan, given.arena, kernels).ok()?;
    session.set_executor(given.executor);
    session.set_observer(given.observer);
    sink(session.set_early_exit(given.exit).is_ok().into());
    let input = Input::new(given.ids)
        .with_token_types(given.token_types)
        .with_attention_mask(given.mask)
        .with_positions(Positions::Listed(given.positions))
        .with_layers(given.layers);
    let output = session.run(&input).ok()?;
    sink(output.last_hidden_state().len() + output.hidden_size() + output.positions().len() + output.layers() as usize);
    sink(argmax(output.pooled()?)? + argmax(output.logits())?);
    let mut top = TopK::new(given.best);
    let mut vocabulary = session.vocabulary_logits(given.index)?;
    while let Some(chunk) = vocabulary.next_chunk() {
        top.push(chunk.first, chunk.logits);
    }
    top.finish().iter().for_each(|candidate| sink(candidate.id as usize + candidate.score.to_bits() as usize));
    sink(argmax(session.scores()?)?);
    session.start_text(given.text, given.pair, &given.options).ok()?;
    while session.step() == Progress::Running {}
    sink(session.output()?.logits().len());
    Some(())
}

fn text(given: &mut Given<'_>) -> Option<()> {
    let sink = given.sink;
    let tokenizer = Model::from_bytes(given.file).ok()?.tokenizer()?;
    let options = EncodeOptions { truncation: Truncation::from_name(given.strategy)?, ..given.options };
    let encoding = tokenizer.encode(given.text, given.pair, &options, given.memory).ok()?;
    for index in 0..encoding.len() {
        sink(encoding.token(&tokenizer, index)?.len());
        sink(encoding.word_id(index)? as usize + usize::from(encoding.sequence_id(index)?));
    }
    encoding.offsets().iter().for_each(|offsets| sink((offsets.end - offsets.start) as usize));
    encoding.type_ids().iter().chain(encoding.special_tokens_mask()).for_each(|&byte| sink(byte.into()));
    tokenizer.decode(encoding.ids(), given.index == 0, given.out).ok()?;
    sink(tokenizer.token_to_id(given.text)? as usize + tokenizer.vocab_size());
    [
        tokenizer.cls(),
        tokenizer.sep(),
        tokenizer.mask(),
        tokenizer.pad(),
        tokenizer.unk(),
        tokenizer.model_max_length(),
    ]
    .into_iter()
    .flatten()
    .for_each(|id| sink(id as usize + usize::from(tokenizer.is_special(id))));
    sink(tokenizer.special_token_count(given.index == 0));
    sink(tokenizer.build_inputs(given.ids, Some(given.token_types), given.numbers).ok()?);
    sink(tokenizer.special_tokens_mask(given.tokens, Some(given.index), given.memory).ok()?);
    sink(tokenizer.token_types(given.tokens, Some(given.index), given.memory).ok()?);
    windows(given.tokens, given.tile_rows, given.index).for_each(|window| sink(window.len()));
    Some(())
}
