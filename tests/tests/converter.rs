//! What the converter writes, against the second writer and against the outputs of the original framework.

use std::cell::RefCell;
use std::path::Path;

use albert_core::Model;
use albert_core::config::ProblemType;
use albert_core::format::layout::{CodebookLayout, LEVELS_4, LEVELS_5, dtype, has_scale_steps, role, stepped_scale};
use albert_core::format::verify_checksum;
use albert_quant::{Budget, ModelBytes, Options, Progress, Stage, Weights, convert};
use albert_tests::closeness::Closeness;
use albert_tests::engine::{self, Run};
use albert_tests::fixtures;
use albert_tests::measure::{cosine, largest, max_abs};
use albert_tests::model_file::{Parts, Record, Storage};
use albert_tests::reference::Reference;

/// Largest difference relative to the largest value of an output, for f32 weights.
const F32_TOLERANCE: f64 = 1e-5;
/// Smallest cosine of an output row, for f16 weights.
const F16_COSINE: f64 = 0.99999;
/// Smallest cosine of an output row, for int8 weights, at the fixtures' tiny widths.
const INT8_COSINE: f64 = 0.997;

/// Biases that calibration moves: `calibrate/center.rs` of the converter.
const MOVED: [u16; 6] = [
    role::KEY_BIAS,
    role::VALUE_BIAS,
    role::ATTENTION_OUTPUT_BIAS,
    role::ATTENTION_NORM_BIAS,
    role::FFN_BIAS,
    role::FFN_OUTPUT_BIAS,
];
/// As [`F32_TOLERANCE`], where constants are taken out of activations and put back in f32.
const MOVED_TOLERANCE: f64 = 5e-5;

/// Every byte of a float model is determined by the checkpoint and the specification.
#[test]
fn float_files_are_those_of_the_specification() {
    for (weights, storage) in [(Weights::Fp32, Storage::F32), (Weights::Fp16, Storage::F16)] {
        for fixture in fixtures::all() {
            let converted = Parts::read(&converted(&fixture.directory, weights));
            let expected = Parts::new(&Reference::load(&fixture.directory), storage);
            assert_eq!(converted.config, expected.sealed_config(), "{}", fixture.name);
            assert_eq!(converted.records.len(), expected.records.len(), "{}", fixture.name);
            for (converted, expected) in converted.records.iter().zip(&expected.records) {
                let place = (&fixture.name, expected.role, expected.block);
                assert!(converted == expected, "{place:?}: {weights:?}");
            }
        }
    }
}

/// Rounding is the converter's own affair, but the layout is not: padding, OCS places, sums, range.
#[test]
fn int8_files_keep_the_rules() {
    for fixture in fixtures::all() {
        let file = converted(&fixture.directory, Weights::Int8);
        let checkpoint = Reference::load(&fixture.directory);
        let expected = Parts::new(&checkpoint, Storage::INT8);
        let parts = Parts::read(&file);
        for (record, plain) in parts.records.iter().zip(&expected.records) {
            let place = format!("{}, role {}, block {}", fixture.name, record.role, record.block);
            assert_eq!(
                (record.role, record.block, record.rows, record.columns),
                (plain.role, plain.block, plain.rows, plain.columns)
            );
            match record.dtype {
                dtype::F32 if MOVED.contains(&record.role) => {
                    let padding = &record.parts[0][4 * record.columns..];
                    assert!(
                        record.parts[0].len() == plain.parts[0].len() && padding.iter().all(|&byte| byte == 0),
                        "{place}"
                    );
                }
                dtype::F32 => assert!(record == plain, "{place}"),
                dtype::I8 => check_int8(record, plain, &place),
                other => panic!("{place}: dtype {other}"),
            }
        }
        let most = parts.records.iter().map(|record| record.extra as u32).max();
        assert_eq!(
            most,
            Some(Model::from_bytes(&file).expect("valid").config().storage.ocs_places),
            "{}",
            fixture.name
        );
    }
}

/// Calibration moves some biases of an integer model together; the network computes the same as before.
#[test]
fn moved_biases_make_up_for_each_other() {
    let mut moved = 0;
    for fixture in fixtures::all() {
        let integer = Parts::read(&converted(&fixture.directory, Weights::Int8));
        let mut float = Parts::new(&Reference::load(&fixture.directory), Storage::F32);
        for (record, other) in float.records.iter_mut().zip(&integer.records) {
            if MOVED.contains(&record.role) {
                moved += usize::from(record.parts[0] != other.parts[0]);
                record.parts[0].clone_from(&other.parts[0]);
            }
        }
        let results = engine::run(&float.assemble(), &fixture.sequences, &Run::default());
        for output in fixture.outputs.keys() {
            let Closeness { relative, .. } = Closeness::new(&fixture, output, &results);
            assert!(relative <= MOVED_TOLERANCE, "{}, {output}: {relative}", fixture.name);
        }
    }
    assert!(moved > 100, "{moved} vectors were moved");
}

fn check_int8(record: &Record, plain: &Record, place: &str) {
    let places = (record.columns + record.extra).next_multiple_of(4);
    let level = |parts: &Record, places: usize, row: usize, place: usize| {
        i32::from(parts.parts[0][row / 16 * 16 * places + place / 4 * 64 + row % 16 * 4 + place % 4] as i8)
    };
    let word = |part: &[u8], index: usize| <[u8; 4]>::try_from(&part[4 * index..4 * index + 4]).expect("4 bytes");
    let splits: Vec<u32> = (0..record.extra).map(|index| u32::from_le_bytes(word(&record.parts[3], index))).collect();
    assert!(splits.is_sorted(), "{place}");
    for row in 0..record.rows.next_multiple_of(16) {
        let levels: Vec<i32> = (0..places).map(|place| level(record, places, row, place)).collect();
        let (weights, rest) = levels.split_at(record.columns);
        let (extra, padding) = rest.split_at(record.extra);
        assert!(levels.iter().all(|level| level.abs() <= 127), "{place}, row {row}");
        assert!(padding.iter().all(|&level| level == 0), "{place}, row {row}");
        let mut means: Vec<f64> = weights.iter().map(|&level| f64::from(level)).collect();
        for run in splits.chunk_by(|a, b| a == b) {
            let start = splits.partition_point(|split| split < &run[0]);
            let places = &extra[start..start + run.len()];
            let (least, most) = (places.iter().min().expect("a place"), places.iter().max().expect("a place"));
            assert!(most - least <= 1, "{place}, row {row}: OCS places of a channel are alike");
            let mean = &mut means[run[0] as usize];
            *mean = (*mean + f64::from(places.iter().sum::<i32>())) / (run.len() + 1) as f64;
        }
        let sum: i32 = levels.iter().sum();
        let (scale, stored) = scale_and_sum(record, row);
        assert!(stored.is_none_or(|stored| stored == sum), "{place}, row {row}");
        if row >= record.rows {
            let nothing = scale == 0.0 || has_scale_steps(record.dtype, stored.is_none());
            assert!(nothing && levels.iter().all(|&level| level == 0), "{place}: padding channel");
            continue;
        }
        // However it was rounded, no row may be far from rounding to nearest; single weights may, where they make up for
        // the errors of outlier channels.
        let plain_places = record.columns.next_multiple_of(4);
        let (plain_scale, _) = scale_and_sum(plain, row);
        let values: Vec<f64> = means.iter().map(|mean| mean * f64::from(scale)).collect();
        let nearest: Vec<f64> = (0..record.columns)
            .map(|place| f64::from(level(plain, plain_places, row, place)) * f64::from(plain_scale))
            .collect();
        let squares: f64 = values.iter().zip(&nearest).map(|(value, nearest)| (value - nearest).powi(2)).sum();
        let error = (squares / record.columns as f64).sqrt();
        assert!(error <= 2.0 * f64::from(plain_scale), "{place}, row {row}: {error} for steps of {plain_scale}");
    }
}

/// Scale and sum of a row; a table whose rows are looked up has no sums.
fn scale_and_sum(record: &Record, row: usize) -> (f32, Option<i32>) {
    let [_, scales, sums, ..] = &record.parts;
    let word = |part: &[u8], at: usize| <[u8; 4]>::try_from(&part[4 * at..4 * at + 4]).expect("4 bytes");
    let sum = (!sums.is_empty()).then(|| i32::from_le_bytes(word(sums, row)));
    let scale = match has_scale_steps(record.dtype, sums.is_empty()) {
        true => stepped_scale(u32::from_le_bytes(word(scales, 0)), scales[4 + row]),
        false => f32::from_le_bytes(word(scales, row)),
    };
    (scale, sum)
}

/// Codes, multipliers and sums say the same, and the weights are those of the checkpoint, nearly.
#[test]
fn codebook_files_keep_the_rules() {
    for (weights, code, most) in [(Weights::Mixed, dtype::C5, 0.12), (Weights::Int4, dtype::C4, 0.2)] {
        for fixture in fixtures::all() {
            let checkpoint = Reference::load(&fixture.directory);
            let expected = Parts::new(&checkpoint, Storage::F32);
            let parts = Parts::read(&converted(&fixture.directory, weights));
            for (record, plain) in
                parts.records.iter().zip(&expected.records).filter(|(record, _)| record.dtype == code)
            {
                let place = format!("{}, role {}, block {}", fixture.name, record.role, record.block);
                check_codebook(record, plain, most, &place);
            }
        }
    }
}

fn check_codebook(record: &Record, plain: &Record, most: f64, place: &str) {
    let places = record.columns + record.extra;
    let layout = CodebookLayout::new(record.dtype, places);
    let word = |part: &[u8], index: usize| <[u8; 4]>::try_from(&part[4 * index..4 * index + 4]).expect("4 bytes");
    let splits: Vec<u32> = (0..record.extra).map(|index| u32::from_le_bytes(word(&record.parts[3], index))).collect();
    let (mut signal, mut noise) = (0.0, 0.0);
    for row in 0..record.rows.next_multiple_of(16) {
        let (panel, channel) = (&record.parts[0][row / 16 * layout.bytes..][..layout.bytes], row % 16);
        let code = |place: usize| {
            let low = panel[place / 8 * 64 + channel * 4 + place % 4] >> (place % 8 / 4 * 4) & 15;
            let high_bit =
                panel.get(layout.high_bits + place / 8 * 16 + channel).copied().unwrap_or(0) >> (place % 8) & 1;
            if record.dtype == dtype::C5 { low | high_bit << 4 } else { low }
        };
        let value = |place: usize| {
            let multiplier = panel[layout.multipliers + place / 8 * 4 + channel / 4] as i8;
            let levels: &[i8] = if record.dtype == dtype::C5 { &LEVELS_5 } else { &LEVELS_4 };
            (i32::from(levels[usize::from(code(place))]) * i32::from(multiplier) + 64) >> 7
        };
        assert!((places..layout.units * 8).all(|place| code(place) == 0), "{place}, row {row}: padding");
        let (scale, sum) = scale_and_sum(record, row);
        let scale = f64::from(scale);
        if row >= record.rows {
            assert!(sum.unwrap_or(0) == 0 && (0..places).all(|place| code(place) == 0), "{place}: padding channel");
            continue;
        }
        assert!(sum.is_none_or(|sum| sum == (0..places).map(value).sum::<i32>()), "{place}, row {row}");
        for column in 0..record.columns {
            let own = splits.iter().enumerate().filter(|(_, split)| **split as usize == column);
            let values: Vec<i32> = own.map(|(index, _)| value(record.columns + index)).chain([value(column)]).collect();
            let found = scale * f64::from(values.iter().sum::<i32>()) / values.len() as f64;
            let at = (row / 16 * record.columns + column) * 16 + channel;
            let weight = f64::from(f32::from_le_bytes(word(&plain.parts[0], at)));
            signal += weight * weight;
            noise += (weight - found) * (weight - found);
        }
    }
    assert!(noise <= most * most * signal, "{place}: relative error {}", (noise / signal).sqrt());
}

#[test]
fn labels_and_problem_type() {
    let directory = |name: &str| fixtures::load(name).directory;
    let file = converted(&directory("sequence-classification-multi-label"), Weights::Int8);
    let model = Model::from_bytes(&file).expect("a valid model file");
    let labels: Vec<_> = (0..6).map_while(|index| model.label(index)).collect();
    assert_eq!(labels, ["calm", "warm, dry", "naïve", "✓", "late"]);
    assert_eq!(model.config().problem_type, ProblemType::MultiLabel);
    let file = converted(&directory("sequence-classification-regression"), Weights::Int8);
    let model = Model::from_bytes(&file).expect("a valid model file");
    assert_eq!((model.config().problem_type, model.config().num_labels), (ProblemType::Regression, 1));
    let file = converted(&directory("token-classification-groups"), Weights::Int8);
    let model = Model::from_bytes(&file).expect("a valid model file");
    assert_eq!(model.label(4), Some("LABEL_4"));
}

#[test]
fn files_are_sealed_and_reproducible() {
    for fixture in fixtures::all() {
        for weights in Weights::ALL {
            let file = converted(&fixture.directory, weights);
            assert_eq!(verify_checksum(&file), Ok(()), "{}", fixture.name);
            assert_eq!(*file, *converted(&fixture.directory, weights), "{}", fixture.name);
            assert!(
                serde_json::from_str::<serde_json::Value>(Model::from_bytes(&file).expect("valid").provenance())
                    .is_ok()
            );
        }
    }
}

/// The whole way: checkpoint, converter, engine, outputs of the original framework.
#[test]
fn outputs() {
    println!("{:36} {:>9} {:>9} {:>9}", "", "f32 error", "f16 cos", "int8 cos");
    for fixture in fixtures::all() {
        let [single, half, int8] = [Weights::Fp32, Weights::Fp16, Weights::Int8].map(|weights| {
            let file = converted(&fixture.directory, weights);
            let mut worst = (0.0f64, 1.0f64);
            for (row, results) in engine::run(&file, &fixture.sequences, &Run::default()).iter().enumerate() {
                for (_, values, expected) in engine::expected(&fixture, row, results) {
                    worst.0 = worst.0.max(max_abs(&values, &expected) / largest(&expected));
                    worst.1 = worst.1.min(cosine(&values, &expected));
                }
            }
            worst
        });
        println!("{:36} {:9.1e} {:9.6} {:9.5}", fixture.name, single.0, half.1, int8.1);
        assert!(single.0 <= F32_TOLERANCE, "{}, f32: {:e}", fixture.name, single.0);
        assert!(half.1 >= F16_COSINE, "{}, f16: {}", fixture.name, half.1);
        assert!(int8.1 >= INT8_COSINE, "{}, int8: {}", fixture.name, int8.1);
    }
}

fn converted(directory: &Path, weights: Weights) -> ModelBytes {
    let mut options = Options::default();
    options.weights = weights;
    convert(directory, &options).unwrap_or_else(|error| panic!("{}: {error}", directory.display())).bytes
}

/// An estimate of the time left goes by it.
#[test]
fn progress_covers_the_whole_conversion_and_never_goes_back() {
    let fixture = &fixtures::all()[0];
    for budget in [None, Some(Budget::Percent(70.0))] {
        let seen = RefCell::new(Vec::new());
        let show = |progress: Progress| seen.borrow_mut().push((progress.stage, progress.thousandths));
        let mut options = Options::default();
        (options.budget, options.progress) = (budget, &show);
        convert(&fixture.directory, &options).unwrap();
        let seen = seen.into_inner();
        assert!(seen.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{seen:?}");
        assert!(seen[0].1 < 200, "{seen:?}");
        assert_eq!(seen.last(), Some(&(Stage::Quantize, 1000)));
        assert_eq!(seen.iter().any(|(stage, _)| *stage == Stage::Sensitivity), budget.is_some());
    }
}
