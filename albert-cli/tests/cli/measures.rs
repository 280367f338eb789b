//! `inspect`, `bench`, `synth`, `validate` and `eval` of labels: figures and exit codes.

use std::fs;

use serde_json::Value;

use crate::harness::{Folder, albert, fixture};

fn reference(name: &str) -> String {
    fixture(name).join("reference.safetensors").to_str().unwrap().to_owned()
}

#[test]
fn inspect_describes_the_file() {
    let folder = Folder::new();
    let model = folder.model_of_ids("sequence-classification-narrow", "int8");
    let [description] = <[Value; 1]>::try_from(albert(["inspect", &model, "--json"]).json()).unwrap();
    assert_eq!(description["head"], "sequence-classification");
    assert_eq!(description["labels"], serde_json::json!(["LABEL_0", "LABEL_1", "LABEL_2"]));
    assert_eq!(description["config"]["hidden_size"], 52);
    assert_eq!(description["config"]["hidden_act"], "relu");
    assert_eq!(description["file_bytes"], fs::metadata(&model).unwrap().len());
    assert_eq!(description["max_tokens"], 40, "no more than the model has positions");
    let tensors = description["tensors"].as_array().unwrap();
    let named = |name: &str| tensors.iter().find(|tensor| tensor["name"] == name).unwrap();
    let ffn = named("encoder.albert_layer_groups.0.albert_layers.0.ffn.weight");
    assert_eq!((&ffn["dtype"], &ffn["shape"]), (&Value::from("int8"), &serde_json::json!([75, 52])));
    let bias = named("classifier.bias");
    assert_eq!((&bias["shape"], &bias["bytes"]), (&serde_json::json!([3]), &Value::from(64)));
    assert!(
        tensors.iter().map(|tensor| tensor["bytes"].as_u64().unwrap()).sum::<u64>()
            < description["file_bytes"].as_u64().unwrap()
    );
    let arena =
        |tokens: &str| albert(["inspect", &model, "--max-tokens", tokens, "--json"]).json()[0]["arena_bytes"].as_u64();
    assert!(arena("8") < arena("32"));
    assert!(albert(["inspect", &model]).ok().contains("sequence-classification (3 labels)"));
}

#[test]
fn synth_makes_the_same_model_again_and_bench_times_it() {
    let folder = Folder::new();
    let synth = |name: &str, seed: &str| {
        let path = folder.path(name);
        albert(["synth", "-o", &path, "--geometry", "tiny", "--seed", seed]).ok();
        path
    };
    let (first, again, other) = (synth("first", "5"), synth("again", "5"), synth("other", "6"));
    assert_eq!(fs::read(&first).unwrap(), fs::read(&again).unwrap());
    assert_ne!(fs::read(&first).unwrap(), fs::read(&other).unwrap());
    let description = &albert(["inspect", &first, "--json"]).json()[0];
    assert_eq!(
        (&description["config"]["hidden_size"], &description["config"]["vocab_size"]),
        (&312.into(), &8000.into())
    );
    for threads in ["1", "2"] {
        let arguments = ["bench", &first, "--tokens", "4,9", "--isa", "auto", "--threads", threads, "--json"];
        let lines = albert(arguments).json();
        assert_eq!(lines.iter().map(|line| line["tokens"].as_u64().unwrap()).collect::<Vec<_>>(), [4, 9]);
        for line in lines {
            let time = |name: &str| line[name].as_f64().unwrap();
            assert!(0.0 < time("min_ms") && time("min_ms") <= time("median_ms") && time("median_ms") <= time("max_ms"));
            assert!(line["threads"] == threads.parse::<u64>().unwrap() && line["isa"].is_string());
        }
    }
    assert!(albert(["bench", &first, "--tokens", "513"]).fails().contains("512 positions"));
}

/// Every head against the outputs of the original framework.
#[test]
fn validate_finds_float_models_faithful() {
    let folder = Folder::new();
    let fixtures = [
        ("sequence-classification-narrow", &["last_hidden_state", "logits"][..]),
        ("token-classification-narrow", &["last_hidden_state", "logits"]),
        ("question-answering-square", &["end_logits", "last_hidden_state", "start_logits"]),
        ("multiple-choice-narrow", &["logits"]),
        ("masked-lm-untied", &["last_hidden_state", "logits"]),
        ("pre-training-narrow", &["last_hidden_state", "prediction_logits", "sop_logits"]),
        ("model-minute", &["last_hidden_state", "pooler_output"]),
    ];
    for (name, outputs) in fixtures {
        let model = folder.model_of_ids(name, "fp32");
        let bounds = ["--max-abs", "0.0002", "--min-cosine", "0.999999", "--min-agreement", "1"];
        let report = albert([&["validate", &model, "--reference", &reference(name), "--json"], &bounds[..]].concat());
        let report = &report.json()[0];
        assert_eq!(report["passed"], true, "{name}: {report}");
        assert_eq!(report["outputs"].as_object().unwrap().keys().collect::<Vec<_>>(), outputs, "{name}");
        for (output, figures) in report["outputs"].as_object().unwrap() {
            for figure in [
                "vectors",
                "max_abs",
                "mean_abs",
                "cosine_mean",
                "cosine_p1",
                "cosine_p01",
                "cosine_min",
                "top1_agreement",
            ] {
                assert!(figures[figure].is_number(), "{name}, {output}: {figures}");
            }
        }
    }
}

#[test]
fn a_missed_bound_is_exit_code_1() {
    let folder = Folder::new();
    let name = "sequence-classification-square";
    let (model, reference) = (folder.model_of_ids(name, "int8"), reference(name));
    let validate =
        |bounds: &[&str]| albert([&["validate", &model, "--reference", &reference, "--json"], bounds].concat());
    let free = validate(&[]).json().remove(0);
    let worst = free["outputs"]["last_hidden_state"]["max_abs"].as_f64().unwrap();
    assert!(free["passed"] == true && worst > 1e-4);
    let missed = validate(&["--max-abs", "0.0001"]);
    assert_eq!((missed.code, missed.err.as_str()), (1, ""));
    assert!(missed.out.contains("\"passed\":false"));
    assert_eq!(validate(&["--min-cosine", "0.9999999"]).code, 1);
    assert_eq!(validate(&["--max-abs", &(worst * 1.01).to_string(), "--min-cosine", "0.9"]).code, 0);
}

#[test]
fn dump_and_plot() {
    let folder = Folder::new();
    let name = "pre-training-square";
    let (model, reference) = (folder.model_of_ids(name, "int8"), reference(name));
    let dump = |isa: &str| {
        let path = folder.path(isa);
        albert(["validate", &model, "--reference", &reference, "--dump", &path, "--isa", isa]).ok();
        path
    };
    let (auto, scalar) = (dump("auto"), dump("scalar"));
    assert_eq!(fs::read(&auto).unwrap(), fs::read(&scalar).unwrap(), "the same bits on every instruction set");
    let bytes = (fs::read(&auto).unwrap(), fs::read(&reference).unwrap());
    let (dumped, expected) = (tensors(&bytes.0), tensors(&bytes.1));
    assert_eq!(dumped.names().len(), 3);
    for (name, tensor) in dumped.tensors() {
        let other = expected.tensor(&name).unwrap();
        assert_eq!((tensor.shape(), tensor.dtype()), (other.shape(), other.dtype()), "{name}");
    }
    let mask = expected.tensor("attention_mask").unwrap().data().to_vec();
    let hidden = dumped.tensor("last_hidden_state").unwrap();
    let width = hidden.data().len() / (mask.len() / 8);
    let padded: Vec<bool> = mask.chunks_exact(8).map(|mask| mask.iter().all(|&byte| byte == 0)).collect();
    assert!(padded.contains(&true), "the reference has padding");
    for (token, padded) in hidden.data().chunks_exact(width).zip(padded) {
        assert_eq!(token.iter().all(|&byte| byte == 0), padded, "zeros at masked positions and nowhere else");
    }
    let plot = folder.path("plot.svg");
    albert(["validate", &model, "--reference", &reference, "--plot", &plot]).ok();
    let plot = fs::read_to_string(plot).unwrap();
    assert!(plot.starts_with("<svg") && plot.contains("prediction_logits") && plot.matches("h0").count() > 1000);
}

fn tensors(bytes: &[u8]) -> safetensors::SafeTensors<'_> {
    safetensors::SafeTensors::deserialize(bytes).unwrap()
}

#[test]
fn eval_of_sequences() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let texts = ["the river", "london and paris", "runs", "north of the river", "and"];
    let label = |text: &str| albert(["run", &model, text, "--json"]).json()[0]["label"].as_str().unwrap().to_owned();
    let row = |text: &str, label: &str| format!("{{\"text\": \"{text}\", \"label\": \"{label}\"}}\n");
    let right: String = texts.iter().map(|text| row(text, &label(text))).collect();
    let eval = |data: &str| albert(["eval", &model, "--data", &folder.write("data", data), "--json"]);
    let all = eval(&right).json().remove(0);
    assert_eq!((&all["rows"], &all["accuracy"], &all["macro_f1"]), (&5.into(), &1.0.into(), &1.0.into()));
    let wrong = if label("runs") == "LABEL_0" { "LABEL_1" } else { "LABEL_0" };
    assert_eq!(eval(&(right.clone() + &row("runs", wrong))).json()[0]["accuracy"], 5.0 / 6.0);
    let index: usize = label("runs")["LABEL_".len()..].parse().unwrap();
    assert_eq!(eval(&format!("{{\"text\": \"runs\", \"label\": {index}}}")).json()[0]["accuracy"], 1.0);
    assert!(eval(&(right + &row("runs", "LABEL_9"))).fails().contains("line 6: the model has no label"));
    assert!(eval("{\"text\": \"runs\"}").fails().contains("no \"label\""));
    assert!(eval("").fails().contains("no rows"));
}
