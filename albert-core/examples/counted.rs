//! Work whose instructions are counted from outside, so many times over: `counted SET demo TIMES` runs the demo model on a sentence
//! and prints the bits of the logits, `counted SET product ROWS TIMES` multiplies rows of 768 places by 64 channels.

use std::hint::black_box;

use albert_core::format::EmbeddedModel;
use albert_core::kernels::internals::Product;
use albert_core::kernels::{self, Kernels};
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Arena, Model, Plan, Session};

const MODEL: EmbeddedModel = albert_core::include_model!("../../models/clinc-intents-int8.albert");
const PLAN: Plan = Plan::new(&MODEL.config, 32);
const SENTENCE: &str = "what is my balance";
const PLACES: usize = 768;
const PANELS: usize = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let set = |name: &str| match name {
        "auto" => Ok(kernels::detect()),
        name => kernels::by_name(name).map_err(|error| format!("{name}: {error:?}")),
    };
    match arguments[..] {
        [name, "demo", times] => demo(set(name)?, times.parse()?),
        [name, "product", rows, times] => {
            product(set(name)?, rows.parse()?, times.parse()?);
            Ok(())
        }
        _ => Err("counted SET demo TIMES, or counted SET product ROWS TIMES".into()),
    }
}

fn demo(kernels: Kernels, times: usize) -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::from_bytes(MODEL.bytes)?;
    let mut arena = Box::new(Arena::<{ PLAN.arena_bytes() }>::new());
    let mut session = Session::with_kernels(&model, PLAN, &mut arena.0, kernels)?;
    let mut logits = Vec::new();
    for _ in 0..times {
        let output = session.run_text(SENTENCE, None, &EncodeOptions::default())?;
        logits = output.logits().to_vec();
    }
    logits.iter().for_each(|logit| print!(" {:08x}", logit.to_bits()));
    println!();
    Ok(())
}

fn product(kernels: Kernels, rows: usize, times: usize) {
    let size = Product {
        rows,
        row_bytes: PLACES,
        k_groups: PLACES / 4,
        panels: PANELS,
        row_sums: PANELS * 16,
        prefetch: false,
    };
    let byte = |index: usize| (index * 7919 % 255) as u8;
    let a: Vec<u8> = (0..rows * PLACES).map(byte).collect();
    let w: Vec<i8> = (0..PLACES * PANELS * 16).map(|index| (i16::from(byte(index)) - 127) as i8).collect();
    let mut sums = vec![0; rows * size.row_sums];
    for _ in 0..times {
        kernels.matmul_i8(black_box(&size), black_box(&a), black_box(&w), &mut sums);
        black_box(&mut sums);
    }
}
