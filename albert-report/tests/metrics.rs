//! Figures against those of scikit-learn, SciPy, seqeval and SQuAD's script: `tests/fixtures/metrics/generate.py` made them.

use albert_report::metrics::{
    AnswerShares, Answered, Classified, Evaluation, Filled, MultiLabelled, Tagged, Valued, answers, classification,
    entities, masked_tokens, multi_label, normalize_answer, regression, similarity, spans,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Sums may be added up in another order.
const TOLERANCE: f64 = 1e-12;

const CASES: &str = include_str!("../../tests/fixtures/metrics/cases.json");

#[derive(Deserialize)]
struct File {
    cases: Vec<Value>,
}

fn read<T: DeserializeOwned>(case: &Value, field: &str) -> T {
    serde_json::from_value(case[field].clone()).unwrap_or_else(|error| panic!("{field}: {error}"))
}

fn close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= TOLERANCE * expected.abs().max(1.0), "{what}: {found} for {expected}");
}

fn names(case: &Value) -> Vec<String> {
    (0..read::<usize>(case, "labels")).map(|label| label.to_string()).collect()
}

fn evaluate(case: &Value) -> Evaluation {
    match case["task"].as_str() {
        Some("classification") => {
            let rows: Vec<(usize, usize, f64)> = read(case, "rows");
            let rows: Vec<_> =
                rows.into_iter().map(|(label, answer, score)| Classified { label, answer, score }).collect();
            let found = classification(&names(case), &rows);
            assert_eq!(found.confusion_matrix, read::<Vec<Vec<usize>>>(case, "confusion_matrix"));
            Evaluation::Classification(found)
        }
        Some("multi-label") => {
            let rows: Vec<(Vec<bool>, Vec<bool>, Vec<f64>)> = read(case, "rows");
            let row = |(labels, answers, scores)| MultiLabelled { labels, answers, scores };
            Evaluation::MultiLabel(multi_label(&names(case), &rows.into_iter().map(row).collect::<Vec<_>>()))
        }
        Some("regression") => {
            let rows: Vec<(f64, f64)> = read(case, "rows");
            let rows: Vec<_> = rows.into_iter().map(|(label, value)| Valued { label, value }).collect();
            assert_eq!(similarity(&rows).spearman.to_bits(), regression(&rows).spearman.to_bits());
            Evaluation::Regression(regression(&rows))
        }
        Some("answers") => {
            let rows: Vec<(Vec<String>, String)> = read(case, "rows");
            let normalized: Vec<String> = rows.iter().map(|row| normalize_answer(&row.1)).collect();
            assert_eq!(normalized, read::<Vec<String>>(case, "normalized"));
            let rows: Vec<_> = rows.into_iter().map(|(answers, answer)| Answered { answers, answer }).collect();
            let found = answers(&rows);
            for (part, name) in [(found.answerable, "answerable"), (found.unanswerable, "unanswerable")] {
                let (AnswerShares { rows, exact_match, f1 }, expected) =
                    (part.unwrap(), read::<(usize, f64, f64)>(case, name));
                assert_eq!(rows, expected.0);
                close(exact_match, expected.1, name);
                close(f1, expected.2, name);
            }
            Evaluation::Answers(found)
        }
        Some("entities") => {
            let rows: Vec<(Vec<String>, Vec<String>)> = read(case, "rows");
            let rows: Vec<_> = rows.into_iter().map(|(tags, answers)| Tagged { tags, answers }).collect();
            // seqeval counts words through all rows, with one more between them, and ends spans at their last word.
            let mut start = 0;
            let mut all = Vec::new();
            for row in &rows {
                let of_row = spans(&row.tags);
                all.extend(of_row.iter().map(|&(kind, first, end)| (kind.to_owned(), start + first, start + end - 1)));
                start += row.tags.len() + 1;
            }
            assert_eq!(all, read::<Vec<(String, usize, usize)>>(case, "entities"));
            let found = entities(&rows);
            let kinds: Vec<&str> = found.labels.iter().map(|label| label.label.as_str()).collect();
            assert_eq!(kinds, read::<Vec<String>>(case, "names"));
            Evaluation::Entities(found)
        }
        Some("masked-tokens") => {
            let rows: Vec<Vec<(f64, usize)>> = read(case, "rows");
            let mask = |(log_probability, rank)| Filled { log_probability, rank };
            let rows: Vec<Vec<_>> = rows.into_iter().map(|row| row.into_iter().map(mask).collect()).collect();
            Evaluation::MaskedTokens(masked_tokens(&rows))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn figures_are_those_of_the_libraries() {
    let file: File = serde_json::from_str(CASES).unwrap();
    assert_eq!(file.cases.len(), 13);
    for (index, case) in file.cases.iter().enumerate() {
        let place = format!("case {index}, {}", case["task"]);
        let found = evaluate(case);
        let json = serde_json::to_value(&found).unwrap();
        let expected = case["expected"].as_object().unwrap();
        for (name, value) in expected {
            let of_json = json[name].as_f64().unwrap_or_else(|| panic!("{place}: no {name}"));
            close(of_json, value.as_f64().unwrap(), &format!("{place}, {name}"));
        }
        let figures = found.figures();
        for figure in &figures {
            assert!(expected.contains_key(figure.name), "{place}: nothing to compare {} with", figure.name);
            assert_eq!(json[figure.name], figure.value, "{place}");
            let Some([low, high]) = figure.interval else { continue };
            assert_eq!(json[format!("{}_interval", figure.name)][0], low);
            assert!(low <= figure.value && figure.value <= high && low < high, "{place}, {figure:?}");
        }
        let labels: Vec<[f64; 4]> = if case["each"].is_array() { read(case, "each") } else { Vec::new() };
        assert_eq!(labels.len(), found.labels().len(), "{place}");
        for (found, [precision, recall, f1, rows]) in found.labels().iter().zip(labels) {
            close(found.precision, precision, &place);
            close(found.recall, recall, &place);
            close(found.f1, f1, &place);
            assert_eq!(found.rows as f64, rows, "{place}");
        }
    }
}
