//! Which matrix is stored in what: recipes, exceptions, budgets.

use crate::support::Checkpoint;
use albert_core::Model;
use albert_core::config::Precision;
use albert_core::format::layout::{BLOCK_ROLES, dtype, role};
use albert_quant::{Budget, Calibration, Converted, Error, Format, Keep, Options, Weights, convert};

fn quantized(options: &Options<'_>) -> Result<Converted, Error> {
    let directory = tempfile::tempdir().unwrap();
    Checkpoint::classifier(3).write(directory.path());
    convert(directory.path(), options)
}

fn options(weights: Weights) -> Options<'static> {
    let mut options = Options::default();
    options.weights = weights;
    options
}

fn keep(name: &str, format: Format) -> Keep {
    Keep { name: name.to_owned(), format }
}

/// Format of every matrix by name.
fn formats(converted: &Converted) -> Vec<(String, &'static str)> {
    Model::from_bytes(&converted.bytes).unwrap();
    let matrices = converted.report.tensors.iter().filter(|tensor| tensor.name.ends_with("weight") && tensor.rows > 1);
    matrices.map(|tensor| (tensor.name.clone(), tensor.dtype)).collect()
}

fn layer_bytes(converted: &Converted) -> usize {
    let tensors = converted.report.tensors.iter();
    tensors.filter(|tensor| tensor.name.contains("albert_layers") && tensor.rows > 1).map(|tensor| tensor.bytes).sum()
}

#[test]
fn recipes_are_about_the_layers() {
    for (weights, layer) in [(Weights::Int8, dtype::I8), (Weights::Mixed, dtype::C5), (Weights::Int4, dtype::C4)] {
        let converted = quantized(&options(weights)).unwrap();
        let model = Model::from_bytes(&converted.bytes).unwrap();
        assert_eq!((model.config().precision, model.config().storage.codebook), (Precision::Int8, layer != dtype::I8));
        for record in model.tensors().filter(|record| record.dtype != dtype::F32) {
            let expected = match record.role {
                role::ATTENTION_OUTPUT if weights == Weights::Int4 => dtype::C5,
                role if BLOCK_ROLES.contains(&role) => layer,
                _ => dtype::I8,
            };
            assert_eq!(record.dtype, expected, "{weights:?}, role {}", record.role);
        }
        let provenance: serde_json::Value = serde_json::from_str(model.provenance()).unwrap();
        assert_eq!(provenance["weights"], weights.name());
    }
}

#[test]
fn the_last_exception_that_matches_counts() {
    let keep = [
        keep("attention.dense", Format::Int8),
        keep("ffn", Format::Fp16),
        keep("albert_layers.1.ffn", Format::Int5),
        keep("word_embeddings", Format::Int4),
        keep("pooler", Format::Fp32),
    ];
    let mut options = options(Weights::Int4);
    options.keep = &keep;
    for (name, found) in formats(&quantized(&options).unwrap()) {
        let expected = match name.as_str() {
            name if name.contains("attention.dense") => "int8",
            name if name.contains("albert_layers.1.ffn.") => "int5",
            name if name.contains(".ffn.") => "f16",
            "embeddings.word_embeddings.weight" => "int4",
            "pooler.weight" => "f32",
            name if name.contains("albert_layers") => "int4",
            _ => "int8",
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn exceptions_must_make_sense() {
    let message = |weights, keep: &[Keep]| {
        let mut options = options(weights);
        options.keep = keep;
        quantized(&options).unwrap_err().to_string()
    };
    assert!(message(Weights::Int4, &[keep("attention.dens", Format::Int8)]).contains("attention.dens;"));
    assert!(message(Weights::Fp16, &[keep("ffn", Format::Int8)]).starts_with("ffn cannot be int8"));
}

#[test]
fn budgets_are_kept_and_spent() {
    let int8 = layer_bytes(&quantized(&options(Weights::Int8)).unwrap());
    // The recipe keeps the attention output in 5 bits; a budget may take all to 4.
    let all = [keep("attention.dense", Format::Int4)];
    let mut smallest = options(Weights::Int4);
    smallest.keep = &all;
    let int4 = layer_bytes(&quantized(&smallest).unwrap());
    let within = |budget| {
        let mut options = options(Weights::Int8);
        options.budget = Some(budget);
        quantized(&options).map(|converted| layer_bytes(&converted))
    };
    assert_eq!(within(Budget::Bytes(int8 as u64)).unwrap(), int8);
    assert_eq!(within(Budget::Percent(100.0)).unwrap(), int8);
    let half_way = (int8 + int4) / 2;
    let bytes = within(Budget::Bytes(half_way as u64)).unwrap();
    assert!(bytes <= half_way && bytes > int4, "{bytes} of {half_way}");
    assert_eq!(within(Budget::Bytes(int4 as u64)).unwrap(), int4);
    assert!(matches!(within(Budget::Bytes(int4 as u64 - 1)), Err(Error::Budget { least, .. }) if least == int4 as u64));
}

#[test]
fn budgets_need_something_to_measure_on() {
    let mut blind = options(Weights::Int8);
    (blind.budget, blind.calibration) = (Some(Budget::Percent(60.0)), Calibration::None);
    let mut float = options(Weights::Fp16);
    float.budget = Some(Budget::Percent(60.0));
    for options in [blind, float] {
        assert!(matches!(quantized(&options), Err(Error::BudgetNeedsCalibration)));
    }
}

#[test]
fn matrices_that_read_one_input_are_rounded_alike() {
    let directory = tempfile::tempdir().unwrap();
    let mut checkpoint = Checkpoint::classifier(3);
    let names: Vec<String> = checkpoint.tensors.keys().filter(|name| name.ends_with("query.weight")).cloned().collect();
    for query in &names {
        for other in ["key", "value"] {
            checkpoint.tensors.insert(query.replace("query", other), checkpoint.tensors[query].clone());
        }
    }
    checkpoint.write(directory.path());
    let rows: Vec<Vec<u32>> =
        (0..40).map(|row| (0..16).map(|column| (row * 7 + column * column) % 37).collect()).collect();
    for weights in [Weights::Int8, Weights::Mixed, Weights::Int4] {
        let errors = |calibration, matrix: &str| {
            let mut options = options(weights);
            options.calibration = calibration;
            let converted = convert(directory.path(), &options).unwrap();
            let tensors = converted.report.tensors.iter().filter(|tensor| tensor.name.ends_with(matrix));
            tensors.map(|tensor| tensor.relative_error).collect::<Vec<_>>()
        };
        let query = errors(Calibration::Ids(&rows), "query.weight");
        assert_ne!(query, errors(Calibration::None, "query.weight"), "{weights:?}");
        for other in ["key.weight", "value.weight"] {
            assert_eq!(errors(Calibration::Ids(&rows), other), query, "{weights:?} {other}");
        }
    }
}
