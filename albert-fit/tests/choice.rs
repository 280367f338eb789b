//! What is chosen, and that it does not depend on threads.

use albert_core::config::Pooling;
use albert_fit::{Example, Features, Options, fit_features};

const LABELS: usize = 8;
const ROWS: usize = 640;
const WIDTH: usize = 16;

/// Rows whose features say their label through noise, or nothing but noise.
fn features(pooling: Pooling, signal: f32) -> Features {
    let mut state = pooling as u32 + 1;
    let mut noise = || {
        (0..8).fold(0.0, |sum, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            sum + (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        })
    };
    let element = |index: usize| if index % WIDTH == index / WIDTH % LABELS { signal } else { 0.0 };
    Features { pooling, width: WIDTH, values: (0..ROWS * WIDTH).map(|index| element(index) + noise()).collect() }
}

fn examples(labels: usize) -> Vec<Example> {
    let example = |row: usize| Example {
        text: row.to_string(),
        labels: (0..labels).map(|n| ((row + n) % LABELS).to_string()).collect(),
        ..Example::default()
    };
    (0..ROWS).map(example).collect()
}

#[test]
fn threads_do_not_matter_and_the_telling_pooling_wins() {
    let features = [features(Pooling::FirstToken, 0.0), features(Pooling::Mean, 2.0)];
    for labels in [1, 2] {
        let fitted = [1, 2, 5].map(|threads| {
            let mut options = Options::default();
            options.threads = threads;
            fit_features(&features, &examples(labels), &options).unwrap()
        });
        let [first, others @ ..] = &fitted;
        assert_eq!(first.classifier.pooling, Pooling::Mean);
        assert!(first.report.accuracy > 0.8, "{}", first.report.accuracy);
        assert_eq!(first.report.folds.iter().map(|fold| fold.rows).sum::<usize>(), ROWS);
        assert!(first.report.tried.iter().all(|tried| tried.pooling == Pooling::Mean.name()), "noise is dropped");
        assert!(first.report.tried.iter().all(|tried| tried.loss >= first.report.loss));
        for other in others {
            let bits = |weights: &[f32]| weights.iter().map(|w| w.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&other.weights), bits(&first.weights));
            assert_eq!(bits(&other.bias), bits(&first.bias));
            assert_eq!((&other.classifier, &other.report), (&first.classifier, &first.report));
        }
    }
}

#[test]
fn portable_products_differ_in_the_last_places() {
    let features = [features(Pooling::Mean, 2.0)];
    let [native, portable] = [false, true].map(|portable| {
        let mut options = Options::default();
        options.portable = portable;
        fit_features(&features, &examples(1), &options).unwrap()
    });
    assert_eq!(native.report.strength, portable.report.strength);
    let largest = native.weights.iter().fold(0f32, |most, weight| most.max(weight.abs()));
    let apart = native.weights.iter().zip(&portable.weights).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(apart < 1e-3 * largest, "{apart} of {largest}");
}

#[test]
fn few_rows_are_all_tried() {
    let pick = |features: Features| Features { values: features.values[..40 * WIDTH].to_vec(), ..features };
    let features = [pick(features(Pooling::FirstToken, 0.0)), pick(features(Pooling::Mean, 2.0))];
    let fitted = fit_features(&features, &examples(1)[..40], &Options::default()).unwrap();
    assert_eq!(fitted.report.tried.len(), 2 * 9);
    assert_eq!(fitted.classifier.pooling, Pooling::Mean);
}
