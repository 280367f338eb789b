//! The latency of a zero-shot classification and of a multiple choice, from ids to logits: their inputs one by one, and together, as the
//! tasks run them. Prints a table.
//!
//! `cargo run --release -p albert-edge --example together`; `cargo xtask together` writes the table into the documents.

use std::error::Error;
use std::time::Instant;

use albert_edge::albert_core::config::Head;
use albert_edge::albert_core::kernels;
use albert_edge::{Engine, Model, Tokens};
use albert_quant::{Geometry, Options, Weights, synth};

/// A task, its number of inputs, and the tokens of each: a short text with a label of 8 tokens, or a question with an answer.
const CASES: [(&str, Head, usize, usize); 2] = [
    ("zero-shot, 10 labels", Head::SequenceClassification, 10, 24),
    ("multiple choice, 4 choices", Head::MultipleChoice, 4, 32),
];
const GEOMETRIES: [&str; 2] = ["base", "tiny"];
/// Kernel sets, if this CPU runs them, and threads.
const ENGINES: [(&str, usize); 4] = [("amx", 1), ("avx512vnni", 1), ("avx512vnni", 2), ("avx2", 1)];
/// Times that each is run, by turns.
const ROUNDS: usize = 21;

fn main() -> Result<(), Box<dyn Error>> {
    println!("| geometry | kernels | threads | task | one by one, ms | together, ms | ratio | middle half |");
    println!("|---|---|--:|---|--:|--:|--:|--:|");
    for name in GEOMETRIES {
        let geometry: Geometry = name.parse()?;
        for (task, head, count, tokens) in CASES {
            let mut options = Options::default();
            options.weights = Weights::Int8;
            let model = Model::from_bytes(&synth(geometry, head, 0, &options)?.bytes)?;
            for (set, threads) in ENGINES {
                let Ok(kernels) = kernels::by_name(set) else { continue };
                let engine = Engine::new(&model).threads(threads).kernels(kernels);
                let row = measure(&engine.clone().group_tokens(1), &engine, &inputs(&model, count, tokens))?;
                println!("| {name} | {set} | {threads} | {task} | {row} |");
            }
        }
    }
    Ok(())
}

/// Made-up ids, as the comparison with other engines has them.
fn inputs(model: &Model, count: usize, tokens: usize) -> Vec<Tokens> {
    let vocabulary = model.config().vocab_size as usize;
    let id = |input: usize, index: usize| ((index * 7919 + input * 104_729 + 13) % vocabulary) as u32;
    let ids = |input| (0..tokens).map(|index| id(input, index)).collect::<Vec<_>>();
    (0..count).map(|input| Tokens::from_ids(&ids(input), &[])).collect()
}

/// The cells of a row: medians of the times and of the ratios of single rounds, and the middle half of these ratios.
fn measure(alone: &Engine, together: &Engine, inputs: &[Tokens]) -> Result<String, Box<dyn Error>> {
    let timed = |engine: &Engine| {
        let start = Instant::now();
        let logits = engine.logits_of(inputs)?;
        Ok::<_, Box<dyn Error>>((start.elapsed().as_secs_f64(), logits))
    };
    let (mut one, mut all, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    // Memory is allocated in a round before the first.
    assert!(timed(alone)?.1 == timed(together)?.1, "logits differ");
    for round in 0..ROUNDS {
        let (first, second) = if round % 2 == 0 { (alone, together) } else { (together, alone) };
        let (first, second) = (timed(first)?.0, timed(second)?.0);
        let (separate, grouped) = if round % 2 == 0 { (first, second) } else { (second, first) };
        ratios.push(separate / grouped);
        one.push(separate);
        all.push(grouped);
    }
    for times in [&mut one, &mut all, &mut ratios] {
        times.sort_by(f64::total_cmp);
    }
    let (half, quarter) = (ROUNDS / 2, ROUNDS / 4);
    let [one, all] = [one[half], all[half]];
    let (low, ratio, high) = (ratios[quarter], ratios[half], ratios[ROUNDS - 1 - quarter]);
    Ok(format!("{:.2} | {:.2} | {ratio:.2} | {low:.2}–{high:.2}", one * 1e3, all * 1e3))
}
