//! A trained checkpoint from its files to its answers: tokenizer, conversion to each kind of weights, outputs.
//!
//! The fixture has the weights in fp16; what it is compared with are the original framework's outputs of the fp32 weights that
//! they were rounded from, so the bounds here hold the rounding too.

use std::fs;

use albert_core::Model;
use albert_core::tokenizer::EncodeOptions;
use albert_quant::{ModelBytes, Options, Weights, convert};
use albert_tests::closeness::Closeness;
use albert_tests::engine::{self, Run};
use albert_tests::fixtures::{self, Fixture};

/// Smallest mean of the tokens' cosines, smallest cosine of a token, smallest share of tokens with the right tag.
fn bounds(weights: Weights) -> [f64; 3] {
    match weights {
        Weights::Fp32 | Weights::Fp16 => [0.999_999, 0.999_99, 1.0],
        Weights::Int8 => [0.9998, 0.999, 0.99],
        Weights::Mixed => [0.999, 0.98, 0.98],
        Weights::Int4 => [0.995, 0.9, 0.95],
        other => panic!("no bounds for {}", other.name()),
    }
}

fn converted(fixture: &Fixture, weights: Weights) -> ModelBytes {
    let mut options = Options::default();
    options.weights = weights;
    convert(&fixture.directory, &options).unwrap_or_else(|error| panic!("{error}")).bytes
}

#[test]
fn every_kind_of_weights_stays_within_its_bounds() {
    let fixture = fixtures::trained();
    let mut missed = Vec::new();
    for weights in Weights::ALL {
        let results = engine::run(&converted(&fixture, weights), &fixture.sequences, &Run::default());
        let closeness = Closeness::new(&fixture, "logits", &results);
        let line = format!("| {} {closeness} |", weights.name());
        println!("{line}");
        let [mean, worst, agreement] = bounds(weights);
        if closeness.cosines.cosine_mean < mean
            || closeness.cosines.cosine_min < worst
            || closeness.agreement < agreement
        {
            missed.push(line);
        }
    }
    assert!(missed.is_empty(), "bounds missed:\n{}", missed.join("\n"));
}

#[test]
fn its_tokenizer_gives_the_recorded_ids() {
    let fixture = fixtures::trained();
    let file = converted(&fixture, Weights::Fp16);
    let model = Model::from_bytes(&file).expect("a valid model file");
    let tokenizer = model.tokenizer().expect("a tokenizer");
    let texts = fs::read_to_string(fixture.directory.join("texts.jsonl")).expect("texts");
    let texts: Vec<serde_json::Value> = texts.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(texts.len(), fixture.sequences.len());
    for (text, sequence) in texts.iter().zip(&fixture.sequences) {
        let text = text["text"].as_str().expect("a text");
        let mut memory = vec![0; 1 << 16];
        let encoding = tokenizer.encode(text, None, &EncodeOptions::default(), &mut memory).expect("room");
        let wanted = sequence.ids.iter().zip(&sequence.mask).filter(|(_, attended)| **attended);
        let wanted: Vec<u32> = wanted.map(|(&id, _)| id as u32).collect();
        assert_eq!(encoding.ids(), wanted, "{text}");
    }
}
