//! The tables of `docs/quantization.md`: every scheme on every trained model that is at hand, and how fast codebook models are.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::files::{make, remove, update};
use crate::toolchain::{captured, check, host_cargo, host_target_dir, root};

/// Directory of checkpoints with `reference.safetensors` (or `reference-more.safetensors`, on which nothing was chosen), and `eval.jsonl` where there is labelled data.
const MODELS: &str = "../shared/models";
/// Options of `albert quantize`. The first is what answers are compared with, the second what bytes are.
const SCHEMES: [&str; 8] = [
    "--weights fp32",
    "--weights int8",
    "--weights fp16",
    "--weights mixed",
    "--budget 75%",
    "--budget 60%",
    "--weights int4",
    "--weights int4 --embeddings int4",
];
/// Where the tables are.
const PAGE: &str = "docs/quantization.md";
/// The models whose speed is compared: a small one, and one with the geometry of base.
const TIMED: [&str; 2] = ["clinc-intents", "plbert"];
/// Bursts of each file, by turns. The medians of the bursts are compared.
const BURSTS: usize = 5;
/// What the speed of the schemes is compared on, where the CPU has it, and for how many tokens.
const SETS: [&str; 3] = ["amx", "avx512vnni", "avx2"];
const LENGTHS: [&str; 4] = ["8", "16", "32", "64"];
/// The schemes whose speed is compared with that of the second of [`SCHEMES`].
const COMPARED: [&str; 2] = ["--weights mixed", "--weights int4"];

/// A model, and what counts of it.
struct Case {
    name: &'static str,
    output: &'static str,
    /// A file to calibrate on instead of the built-in text.
    calibration: Option<&'static str>,
    /// What `albert eval` is asked for.
    score: Option<&'static str>,
}

const CASES: [Case; 5] = [
    Case { name: "clinc-intents", output: "logits", calibration: None, score: Some("accuracy") },
    Case { name: "snips-slots", output: "logits", calibration: None, score: Some("f1") },
    Case { name: "mlm-small", output: "prediction_logits", calibration: None, score: None },
    Case { name: "plbert", output: "last_hidden_state", calibration: Some("tests/data/phonemes.jsonl"), score: None },
    Case { name: "minilm-as-albert", output: "last_hidden_state", calibration: None, score: None },
];

/// Quantizes, compares, evaluates, and writes the tables of `docs/quantization.md`: the figures, or the speeds if `timed`.
pub(crate) fn run(timed: bool) -> Result<(), String> {
    check(host_cargo("build").args(["--release", "--package", "albert-edge-cli"]))?;
    let models = std::env::var_os("ALBERT_MODELS").map_or_else(|| root().join(MODELS), PathBuf::from);
    let scratch = std::env::temp_dir().join(format!("albert-quantization-{}", std::process::id()));
    make(&scratch)?;
    if timed {
        speeds(&models, &scratch)?;
    } else {
        figures(&models, &scratch)?;
    }
    remove(&scratch)
}

/// How close every scheme comes on every model.
fn figures(models: &Path, scratch: &Path) -> Result<(), String> {
    let mut table = String::from(
        "| model | `albert quantize` | file, bytes | layers | vectors | cosine mean | 1 % | 0.1 % | agreement | score |\n",
    );
    table += "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for case in &CASES {
        let mut int8 = None;
        for scheme in SCHEMES {
            table += &row(&models.join(case.name), scratch, case, scheme, &mut int8)?;
        }
    }
    update(&root().join(PAGE), "figures", &table)
}

/// How fast the compared schemes are beside int8.
fn speeds(models: &Path, scratch: &Path) -> Result<(), String> {
    let mut table = format!(
        "| model | `albert quantize` | kernel set | {} |\n|---|---|---|{}\n",
        LENGTHS.join(" | "),
        "--:|".repeat(LENGTHS.len())
    );
    for case in CASES.iter().filter(|case| TIMED.contains(&case.name)) {
        for scheme in COMPARED.into_iter().chain([SCHEMES[1]]) {
            quantize(&models.join(case.name), scratch, case, scheme)?;
        }
        table += &speed_rows(scratch, case)?;
    }
    update(&root().join(PAGE), "speeds", &table)
}

/// Converts a checkpoint and returns what `albert quantize` reports.
fn quantize(checkpoint: &Path, scratch: &Path, case: &Case, scheme: &str) -> Result<Value, String> {
    let mut quantize = albert("quantize");
    quantize.arg(checkpoint).arg("-o").arg(file_of(scratch, scheme)).args(scheme.split(' '));
    if let Some(calibration) = case.calibration {
        quantize.args(["--calibration", calibration]);
    }
    json(&mut quantize)
}

/// One line of the table. `int8` is what the layers take in int8, once that is known.
fn row(checkpoint: &Path, scratch: &Path, case: &Case, scheme: &str, int8: &mut Option<f64>) -> Result<String, String> {
    let (single, file) = (file_of(scratch, SCHEMES[0]), file_of(scratch, scheme));
    let report = quantize(checkpoint, scratch, case, scheme)?;
    let layers: f64 = tensors(&report)
        .filter(|tensor| tensor["rows"].as_f64() > Some(1.0))
        .filter(|tensor| tensor["name"].as_str().is_some_and(|name| name.contains("albert_layers")))
        .filter_map(|tensor| tensor["bytes"].as_f64())
        .sum();
    if scheme == SCHEMES[1] {
        *int8 = Some(layers);
    }
    let unseen = checkpoint.join("reference-more.safetensors");
    let reference = if unseen.is_file() { unseen } else { checkpoint.join("reference.safetensors") };
    let closeness = json(albert("validate").arg(&file).arg("--reference").arg(reference))?;
    let closeness = &closeness["outputs"][case.output];
    let (mut agreement, mut score) = (String::new(), String::new());
    let data = checkpoint.join("eval.jsonl");
    if let Some(key) = case.score {
        let answers = json(albert("compare").arg(&single).arg(&file).arg("--data").arg(&data))?;
        agreement = percent(&answers["measures"]["outputs"][case.output]["top1_agreement"]);
        score = percent(&json(albert("eval").arg(&file).arg("--data").arg(&data))?[key]);
    } else if case.output == "prediction_logits" {
        agreement = percent(&closeness["top1_agreement"]);
    }
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let row = format!(
        "| {} | `{scheme}` | {} | {} | {} | {:.5} | {:.5} | {:.5} | {agreement} | {score} |\n",
        case.name,
        report["model_bytes"],
        int8.map_or_else(String::new, |int8| format!("{:.1} %", 100.0 * layers / int8)),
        closeness["vectors"],
        number(&closeness["cosine_mean"]),
        number(&closeness["cosine_p1"]),
        number(&closeness["cosine_p01"]),
    );
    print!("{row}");
    Ok(row)
}

/// Where a model is kept until the next one takes its place.
fn file_of(scratch: &Path, scheme: &str) -> PathBuf {
    scratch.join(scheme).with_extension("albert")
}

/// The speed of the compared schemes as a share of that of int8, for each kernel set and length.
fn speed_rows(scratch: &Path, case: &Case) -> Result<String, String> {
    let burst = |scheme: &str, set: &str, tokens: &str| {
        let mut bench = albert("bench");
        bench.arg(file_of(scratch, scheme)).args(["--isa", set, "--tokens", tokens]);
        json(&mut bench).map(|time| time["median_ms"].as_f64().unwrap_or(f64::NAN))
    };
    let share = |scheme: &str, set: &str, tokens: &str| {
        let bursts = (0..BURSTS).map(|_| Ok(burst(SCHEMES[1], set, tokens)? / burst(scheme, set, tokens)?));
        let mut shares = bursts.collect::<Result<Vec<f64>, String>>()?;
        shares.sort_by(f64::total_cmp);
        Ok(shares[BURSTS / 2])
    };
    let mut rows = String::new();
    for set in SETS.into_iter().filter(|set| burst(SCHEMES[1], set, LENGTHS[0]).is_ok()) {
        for scheme in COMPARED {
            let shares =
                LENGTHS.into_iter().map(|tokens| share(scheme, set, tokens)).collect::<Result<Vec<f64>, String>>()?;
            let shares: Vec<String> = shares.into_iter().map(|share| format!("{share:.2}")).collect();
            rows += &format!("| {} | `{scheme}` | {set} | {} |\n", case.name, shares.join(" | "));
        }
    }
    print!("{rows}");
    Ok(rows)
}

fn tensors(report: &Value) -> impl Iterator<Item = &Value> {
    report["tensors"].as_array().into_iter().flatten()
}

fn percent(share: &Value) -> String {
    share.as_f64().map_or_else(String::new, |share| format!("{:.2} %", 100.0 * share))
}

/// The command line tool as users have it, which prints a line of JSON.
fn albert(subcommand: &str) -> Command {
    let target = host_target_dir();
    let mut command = Command::new(target.join("release/albert"));
    command.current_dir(root()).args([subcommand, "--json"]);
    command
}

fn json(command: &mut Command) -> Result<Value, String> {
    let line = captured(command)?;
    serde_json::from_str(&line).map_err(|error| format!("{command:?}: {error}"))
}
