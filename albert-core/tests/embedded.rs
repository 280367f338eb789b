//! A model inside the program: aligned, with the configuration that the reader finds.

use albert_core::format::EmbeddedModel;
use albert_core::heads::argmax;
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Arena, Model, Plan, Session, kernels};

const MODEL: EmbeddedModel = albert_core::include_model!("../../models/clinc-intents-int8.albert");
const PLAN: Plan = Plan::new(&MODEL.config, 32).with_tile_rows(4);

#[test]
fn plan_of_the_constant_fits_the_model() {
    let model = Model::from_bytes(MODEL.bytes).unwrap();
    assert_eq!(*model.config(), MODEL.config);
    let mut arena = Box::new(Arena::<{ PLAN.arena_bytes() }>::new());
    assert!(Session::new(&model, PLAN, &mut arena.0).is_ok());
}

/// What the firmware prints: for each text a line `text: label`, and lines of logits, the bits of each in hexadecimal.
const GOLDEN: &str = include_str!("../../firmware/programs/src/bin/text_to_intent.out");

/// The same bits on every kernel set, and on every machine that runs this test.
#[test]
fn logits_are_those_of_the_firmware() {
    let model = Model::from_bytes(MODEL.bytes).unwrap();
    let mut arena = Box::new(Arena::<{ PLAN.arena_bytes() }>::new());
    let sets: Vec<_> = kernels::compiled().iter().filter_map(|set| set.kernels()).collect();
    println!("kernel sets: {sets:?}");
    let mut compared = 0;
    for (&set, (text, label, golden)) in sets.iter().flat_map(|set| golden().into_iter().map(move |row| (set, row))) {
        let mut session = Session::with_kernels(&model, PLAN, &mut arena.0, set).unwrap();
        let output = session.run_text(text, None, &EncodeOptions::default()).unwrap();
        let bits: Vec<u32> = output.logits().iter().map(|logit| logit.to_bits()).collect();
        assert_eq!(bits, golden, "{set:?}: {text}");
        assert_eq!(argmax(output.logits()).and_then(|best| model.label(best)), Some(label), "{set:?}: {text}");
        compared += 1;
    }
    assert!(compared >= sets.len());
}

/// Scores can be asked for again and again; the output stays as it is.
#[test]
fn scores_leave_the_output() {
    let model = Model::from_bytes(MODEL.bytes).unwrap();
    let mut arena = Box::new(Arena::<{ PLAN.arena_bytes() }>::new());
    let mut session = Session::new(&model, PLAN, &mut arena.0).unwrap();
    let output = session.run_text("what is my balance", None, &EncodeOptions::default()).unwrap();
    let (logits, pooled) = (output.logits().to_vec(), output.pooled().unwrap().to_vec());
    let hidden = output.last_hidden_state().to_vec();
    let scores = session.scores().unwrap().to_vec();
    assert_eq!(argmax(&scores), argmax(&logits));
    assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    assert_eq!(session.scores(), Some(&scores[..]));
    let output = session.output().unwrap();
    assert_eq!((output.logits(), output.pooled()), (&logits[..], Some(&pooled[..])));
    assert_eq!(output.last_hidden_state(), hidden);
}

/// Text, label and logits.
fn golden() -> Vec<(&'static str, &'static str, Vec<u32>)> {
    let mut rows: Vec<(_, _, Vec<u32>)> = Vec::new();
    for line in GOLDEN.lines() {
        if let Some((text, label)) = line.split_once(": ") {
            rows.push((text, label, Vec::new()));
        } else {
            let bits = line.split_whitespace().map(|word| u32::from_str_radix(word, 16).unwrap());
            rows.last_mut().unwrap().2.extend(bits);
        }
    }
    rows
}

// A panic cannot be caught where it ends the program, as on WebAssembly.
#[cfg(panic = "unwind")]
#[test]
fn other_files_do_not_compile() {
    let refused = |file: &[u8]| {
        let file = file.to_vec();
        std::panic::catch_unwind(move || albert_core::format::config_of_embedded(&file)).is_err()
    };
    let mut version = MODEL.bytes.to_vec();
    version[8] ^= 1;
    assert!(refused(b"ALBERT") && refused(&[0; 128]) && refused(&version));
    assert!(refused(&MODEL.bytes[..MODEL.bytes.len() - 1]));
    assert!(!refused(MODEL.bytes));
}
