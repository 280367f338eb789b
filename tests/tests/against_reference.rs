//! The f64 forward pass of this package against the outputs of the original framework: it must be right before anything is
//! compared with it.

use albert_tests::fixtures::{self, Fixture};
use albert_tests::measure::{largest, max_abs};
use albert_tests::reference::Reference;

/// Largest difference, relative to the largest value of an output. The originals were computed in f32, whose own error on
/// these models is up to 3e-6.
const TOLERANCE: f64 = 1e-5;

#[test]
fn fixtures_agree() {
    let fixtures = fixtures::all();
    let outputs: usize = fixtures.iter().map(|fixture| compare(fixture, usize::MAX)).sum();
    println!("{outputs} outputs of {} fixtures agree", fixtures.len());
}

/// A few rows of each trained model.
#[test]
fn trained_models_agree() {
    for name in ["snips-slots", "clinc-intents", "mlm-small", "minilm-as-albert", "plbert"] {
        if let Some(fixture) = fixtures::shared(name) {
            compare(&fixture, 2);
        }
    }
}

/// Compares the first rows and returns the number of outputs compared.
fn compare(fixture: &Fixture, rows: usize) -> usize {
    let reference = Reference::load(&fixture.directory);
    let mut compared = 0;
    for (row, sequence) in fixture.sequences.iter().enumerate().take(rows) {
        let computed = reference.run(sequence);
        for (name, values) in &computed {
            let Some(expected) = fixture.outputs.get(*name) else { continue };
            let expected = fixture.attended(name, row, expected.row(row));
            let error = max_abs(&fixture.attended(name, row, values), &expected) / largest(&expected);
            assert!(error <= TOLERANCE, "{}, row {row}, {name}: {error:e}", fixture.name);
            compared += 1;
        }
        let unknown = fixture.outputs.keys().find(|name| !computed.contains_key(name.as_str()));
        assert!(
            unknown.is_none_or(|name| name == "sentence_embedding"),
            "{}: nothing computes {unknown:?}",
            fixture.name
        );
    }
    compared
}
