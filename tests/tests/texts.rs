//! What a model is calibrated on and what it is judged by are different texts.

use std::fs;

use albert_tests::readme::root;

#[test]
fn held_out_text_is_not_that_of_calibration() {
    let [held_out, calibration] = ["albert-report/src/held_out.txt", "albert-quant/src/calibrate/text.txt"]
        .map(|path| fs::read_to_string(root().join(path)).expect("the text"));
    assert!(held_out.lines().count() >= 48);
    for line in held_out.lines() {
        assert!(!line.is_empty() && line.trim() == line && !calibration.contains(line), "{line}");
    }
}
