//! Inputs one by one and together: texts a second of both, alternating, and that the logits are the same bits.
//!
//! `cargo run --release -p albert-core --example batch -- MODEL TOKENS INPUTS [KERNELS]`

use albert_core::{Input, Model, Plan, Progress, Session, kernels};
use std::error::Error;
use std::time::Instant;

/// Times that each is measured.
const ROUNDS: usize = 15;

/// Bytes at a multiple of 64.
#[derive(Clone)]
#[repr(C, align(64))]
struct Line([u8; 64]);

fn aligned(bytes: usize) -> Vec<Line> {
    vec![Line([0; 64]); bytes.div_ceil(64)]
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path, tokens, inputs, rest @ ..] = &arguments[..] else {
        return Err("give MODEL TOKENS INPUTS [KERNELS]".into());
    };
    let (tokens, count): (usize, usize) = (tokens.parse()?, inputs.parse()?);
    let read = std::fs::read(path)?;
    let mut file = aligned(read.len());
    let file = bytes(&mut file);
    file[..read.len()].copy_from_slice(&read);
    let model = Model::from_bytes(&file[..read.len()])?;
    let kernels = match rest.first() {
        Some(name) => kernels::by_name(name).map_err(|error| format!("{name}: {error:?}"))?,
        None => kernels::detect(),
    };

    let vocabulary = model.config().vocab_size as usize;
    let ids: Vec<u32> = (0..tokens * count).map(|index| ((index * 7919 + 13) % vocabulary) as u32).collect();
    let inputs: Vec<Input<'_>> = ids.chunks(tokens).map(Input::new).collect();
    let plan = Plan::new(model.config(), tokens).with_large_tiles();
    let (mut one, mut all) =
        (aligned(plan.arena_bytes()), aligned(plan.with_sequences(count, ids.len()).arena_bytes()));
    let mut one = Session::with_kernels(&model, plan, bytes(&mut one), kernels)?;
    let mut all = Session::with_kernels(&model, plan.with_sequences(count, ids.len()), bytes(&mut all), kernels)?;

    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let mut logits: Vec<Vec<u32>> = Vec::new();
        for input in &inputs {
            logits.push(bits(one.run(input)?.logits()));
        }
        alone.push(begin.elapsed());
        let begin = Instant::now();
        all.start_batch(&inputs)?;
        while all.step() == Progress::Running {}
        together.push(begin.elapsed());
        for (index, expected) in logits.iter().enumerate() {
            let found = all.output_of(index).map(|output| bits(output.logits()));
            assert_eq!(found.as_ref(), Some(expected), "input {index}");
        }
    }
    alone.sort_unstable();
    together.sort_unstable();
    let rate = |times: &[std::time::Duration]| count as f64 / times[ROUNDS / 2].as_secs_f64();
    let (alone, together) = (rate(&alone), rate(&together));
    println!(
        "{}: {count} inputs of {tokens} tokens: {alone:.0} a second one by one, {together:.0} together: {:.2} times",
        kernels.name(),
        together / alone
    );
    Ok(())
}

fn bytes(lines: &mut [Line]) -> &mut [u8] {
    let length = lines.len() * 64;
    // SAFETY: a `Line` is 64 bytes and nothing else.
    unsafe { core::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), length) }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
