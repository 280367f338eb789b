//! The table of `docs/quantization.md`: every scheme on every trained model that is at hand.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::toolchain::captured;

/// Directory of checkpoints with `reference.safetensors`, and `eval.jsonl` where there is labelled data.
const MODELS: &str = "../shared/models";
/// Name, the output that counts, and a file to calibrate on instead of the built-in text.
const CASES: [(&str, &str, Option<&str>); 5] = [
    ("clinc-intents", "logits", None),
    ("snips-slots", "logits", None),
    ("mlm-small", "prediction_logits", None),
    ("plbert", "last_hidden_state", Some("tests/data/phonemes.jsonl")),
    ("minilm-as-albert", "last_hidden_state", None),
];
/// Options of `albert quantize`.
const SCHEMES: [&str; 7] = [
    "--weights fp16",
    "--weights int8",
    "--budget 75%",
    "--weights mixed",
    "--budget 60%",
    "--weights int4",
    "--weights int4 --embeddings int4",
];

/// Quantizes, compares, evaluates, prints.
pub(crate) fn run() -> Result<(), String> {
    let models = std::env::var_os("ALBERT_MODELS").map_or_else(|| PathBuf::from(MODELS), PathBuf::from);
    let scratch = std::env::temp_dir().join(format!("albert-quantization-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    println!(
        "| model | `albert quantize` | file MB | bits | layers | cosine mean | worst | agreement | accuracy, F1 |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|");
    for case in CASES {
        let mut int8 = None;
        for scheme in SCHEMES {
            row(&models, &scratch, case, scheme, &mut int8)?;
        }
    }
    std::fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))
}

/// One line of the table. `int8` is what the layers take in int8, once that is known.
fn row(
    models: &Path,
    scratch: &Path,
    (model, output, calibration): (&str, &str, Option<&str>),
    scheme: &str,
    int8: &mut Option<f64>,
) -> Result<(), String> {
    let (checkpoint, file) = (models.join(model), scratch.join("model.albert"));
    let mut quantize = albert(&["quantize"]);
    quantize.arg(&checkpoint).arg("-o").arg(&file).args(scheme.split(' ')).arg("--json");
    if let Some(calibration) = calibration {
        quantize.args(["--calibration", calibration]);
    }
    let report = json(&mut quantize)?;
    let (mut bytes, mut weights) = (0.0, 0.0);
    for tensor in report["tensors"].as_array().into_iter().flatten() {
        let number = |key: &str| tensor[key].as_f64().unwrap_or(0.0);
        if tensor["name"].as_str().is_some_and(|name| name.contains("albert_layers")) && number("rows") > 1.0 {
            bytes += number("bytes");
            weights += number("rows") * number("columns");
        }
    }
    if scheme == "--weights int8" {
        *int8 = Some(bytes);
    }
    let reference = checkpoint.join("reference.safetensors");
    let closeness = json(albert(&["validate"]).arg(&file).arg("--reference").arg(reference).arg("--json"))?;
    let closeness = &closeness["outputs"][output];
    let data = checkpoint.join("eval.jsonl");
    let has_head =
        report["tensors"].as_array().into_iter().flatten().any(|tensor| tensor["name"] == "classifier.weight");
    let score = match has_head && data.exists() {
        true => {
            let scores = json(albert(&["eval"]).arg(&file).arg("--data").arg(data).arg("--json"))?;
            let percent = |key: &str| scores[key].as_f64().map(|score| format!("{:.2}", 100.0 * score));
            [percent("accuracy"), percent("f1")].into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        false => String::new(),
    };
    let number = |key: &str| closeness[key].as_f64().unwrap_or(f64::NAN);
    let agreement = if output == "last_hidden_state" {
        String::new()
    } else {
        format!("{:.2} %", 100.0 * number("top1_agreement"))
    };
    println!(
        "| {model} | `{scheme}` | {:.2} | {:.2} | {} | {:.5} | {:.4} | {agreement} | {score} |",
        report["model_bytes"].as_f64().unwrap_or(f64::NAN) / 1e6,
        8.0 * bytes / weights,
        int8.map_or_else(String::new, |int8| format!("{:.0} %", 100.0 * bytes / int8)),
        number("cosine_mean"),
        number("cosine_min"),
    );
    Ok(())
}

/// The command line tool, built as users have it.
fn albert(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "--quiet", "--release", "--package", "albert-cli", "--"]).args(arguments);
    command
}

fn json(command: &mut Command) -> Result<Value, String> {
    let line = captured(command)?;
    serde_json::from_str(&line).map_err(|error| format!("{command:?}: {error}"))
}
