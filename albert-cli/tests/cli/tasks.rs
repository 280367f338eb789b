//! What `run` answers for each task.

use serde_json::{Value, json};

use crate::harness::{Folder, albert, albert_with};

/// The fields of a line.
fn keys(line: &Value) -> Vec<&str> {
    line.as_object().unwrap().keys().map(String::as_str).collect()
}

fn score(line: &Value) -> f64 {
    line["score"].as_f64().unwrap()
}

#[test]
fn text_classification() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-narrow");
    let all = albert(["run", &model, "the river", "--top-k", "9", "--json"]).json();
    assert_eq!(all.len(), 3, "all labels");
    assert!(all.iter().all(|line| keys(line) == ["label", "row", "score"]));
    assert!(all.windows(2).all(|pair| score(&pair[0]) >= score(&pair[1])), "in descending order");
    assert!((all.iter().map(score).sum::<f64>() - 1.0).abs() < 1e-6, "softmax");
    assert_eq!(albert(["run", &model, "the river", "--json"]).json(), all[..1]);
    let line = albert(["run", &model, "the river"]).ok();
    assert_eq!(line, format!("{}\t{:.4}\n", all[0]["label"].as_str().unwrap(), score(&all[0])));
    let shallow = albert(["run", &model, "the river", "--layers", "1", "--top-k", "3", "--json"]).json();
    assert_ne!(shallow, all);
}

#[test]
fn scores_by_problem_type() {
    let folder = Folder::new();
    let model = folder.model("sequence-classification-regression");
    let value = score(&albert(["run", &model, "the river", "--json"]).json()[0]);
    let sigmoid = folder.model_with("sequence-classification-multi-label", |config| {
        config["problem_type"] = "multi_label_classification".into();
    });
    let scores = albert(["run", &sigmoid, "the river", "--top-k", "5", "--json"]).json();
    assert_eq!(scores.len(), 5);
    assert!(value.is_finite() && scores.iter().all(|line| (0.0..=1.0).contains(&score(line))));
    assert!((scores.iter().map(score).sum::<f64>() - 1.0).abs() > 1e-3, "each label by itself");
}

#[test]
fn fill_mask() {
    let folder = Folder::new();
    let model = folder.model("masked-lm-narrow");
    let lines = albert(["run", &model, "the [MASK] runs", "--json"]).json();
    assert_eq!(lines.len(), 5);
    assert!(lines.iter().all(|line| keys(line) == ["row", "score", "sequence", "token", "token_str"]));
    assert!(lines.windows(2).all(|pair| score(&pair[0]) >= score(&pair[1])));
    let targets = ["run", &model, "the [MASK] runs", "--json", "--targets", "\u{2581}river,\u{2581}london, zoo"];
    let ran = albert(targets);
    assert!(ran.code == 0 && ran.err.contains("\"zoo\" is not in the vocabulary"), "{}", ran.err);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // "zoo" is no token: its first one, the blank, stands for it.
    let mut tokens: Vec<u64> = lines.iter().map(|line| line["token"].as_u64().unwrap()).collect();
    tokens.sort_unstable();
    assert_eq!(tokens, [5, 7, 13]);
    let river = lines.iter().find(|line| line["token"] == 7).unwrap();
    assert_eq!((&river["token_str"], &river["sequence"]), (&json!("river"), &json!("the river runs")));
    let every = albert(["run", &model, "the [MASK] runs", "--json", "--top-k", "101"]).json();
    assert!((every.iter().map(score).sum::<f64>() - 1.0).abs() < 1e-5, "softmax over the vocabulary");
    assert_eq!(every.iter().find(|line| line["token"] == 7).map(score), Some(score(river)));
    let several = albert(["run", &model, "the [MASK] runs [MASK]", "--json", "--top-k", "2"]).json();
    assert_eq!(several.iter().map(|line| line["mask"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 0, 1, 1]);
    assert!(several[0]["sequence"].as_str().unwrap().starts_with("[CLS]"));
    assert!(albert(["run", &model, "the river"]).fails().contains("no [MASK]"));
}

/// Names with `B-` and `I-` for the labels of a fixture.
fn entity_labels(config: &mut Value) {
    let names = ["O", "B-place", "I-place", "B-way", "I-way", "O", "B-place", "I-place", "O"];
    for (index, name) in names.iter().enumerate() {
        config["id2label"][index.to_string()] = (*name).into();
    }
}

#[test]
fn token_classification() {
    let folder = Folder::new();
    let model = folder.model_with("token-classification-narrow", entity_labels);
    let text = "The river londonx and Paris of the north runs";
    let characters: Vec<char> = text.chars().collect();
    let mut counts = Vec::new();
    for strategy in ["none", "simple", "first", "average", "max"] {
        let lines = albert(["run", &model, text, "--aggregation-strategy", strategy, "--json"]).json();
        assert!(!lines.is_empty(), "the fixture finds something");
        let mut end = 0;
        for line in &lines {
            let name = if strategy == "none" { "entity" } else { "entity_group" };
            let label = line[name].as_str().unwrap();
            assert!(label != "O" && (strategy == "none") == label.contains('-'), "{line}");
            assert_eq!(line.get("index").is_some(), strategy == "none");
            let (from, to) = (line["start"].as_u64().unwrap() as usize, line["end"].as_u64().unwrap() as usize);
            assert!(from >= end && from <= to && to <= characters.len(), "{line}");
            end = if strategy == "none" { from } else { to };
            let words = ["first", "average", "max"].contains(&strategy);
            let whole = (from == 0 || characters[from - 1] == ' ') && (to == characters.len() || characters[to] == ' ');
            assert!(!words || whole, "whole words: {line}");
        }
        counts.push(lines.len());
    }
    assert!(counts[1] <= counts[0], "neighbours are put together");
}

#[test]
fn question_answering() {
    let folder = Folder::new();
    let model = folder.model("question-answering-long");
    let context =
        "the river runs north of Paris and london and the river runs north of the north of Paris, and of London";
    let ask = ["run", &model, "--question", "the river", "--context", context, "--json"];
    let best = albert(ask).json();
    assert_eq!(best.len(), 1);
    assert_eq!(keys(&best[0]), ["answer", "end", "row", "score", "start"]);
    let several = albert([&ask[..], &["--top-k", "4"]].concat()).json();
    assert!(several.len() > 1 && several[0]["answer"] == best[0]["answer"]);
    let characters: Vec<char> = context.chars().collect();
    for line in &several {
        let (start, end) = (line["start"].as_u64().unwrap() as usize, line["end"].as_u64().unwrap() as usize);
        assert_eq!(characters[start..end].iter().collect::<String>(), line["answer"].as_str().unwrap());
    }
    let row = format!("{{\"question\": \"the river\", \"context\": \"{context}\"}}");
    assert_eq!(albert_with(row, ["run", &model, "--file", "-", "--json"]).json(), best);
    let windows = albert([&ask[..], &["--max-seq-len", "16", "--doc-stride", "4"]].concat()).json();
    assert_ne!(windows[0]["score"], best[0]["score"], "windows are smaller");
    let null = albert([&ask[..], &["--top-k", "999", "--handle-impossible-answer"]].concat()).json();
    assert!(null.iter().any(|line| line["answer"] == "" && line["start"] == 0 && line["end"] == 0));
    assert!(albert(["run", &model, "paris"]).fails().contains("no question"));
}

#[test]
fn multiple_choice_and_sentence_order() {
    let folder = Folder::new();
    let model = folder.model("multiple-choice-narrow");
    let choose =
        ["run", &model, "the river runs", "--json", "--choice", "north", "--choice", "of london", "--choice", "and"];
    let lines = albert(choose).json();
    assert_eq!(lines.len(), 3);
    assert!((lines.iter().map(score).sum::<f64>() - 1.0).abs() < 1e-6);
    assert!(lines.windows(2).all(|pair| score(&pair[0]) >= score(&pair[1])));
    let index = lines[0]["index"].as_u64().unwrap() as usize;
    assert_eq!(lines[0]["label"], ["north", "of london", "and"][index]);
    let row = "{\"text\": \"the river runs\", \"choices\": [\"north\", \"of london\", \"and\"]}";
    assert_eq!(albert_with(row, ["run", &model, "--file", "-", "--json"]).json(), lines);
    assert!(albert(["run", &model, "the river runs"]).fails().contains("no choices"));
    let model = folder.model("pre-training-narrow");
    let order = ["run", &model, "--task", "sentence-order", "the river", "--text-pair", "runs north", "--json"];
    let line = albert(order).json().remove(0);
    assert!(["original", "swapped"].contains(&line["label"].as_str().unwrap()) && score(&line) >= 0.5);
    assert!(albert(["run", &model, "--task", "sentence-order", "the river"]).fails().contains("two texts"));
}

#[test]
fn vectors() {
    let folder = Folder::new();
    let model = folder.model("model-narrow");
    let line = albert(["run", &model, "the river", "--json"]).json().remove(0);
    let states = line["last_hidden_state"].as_array().unwrap();
    assert_eq!((states.len(), states[0].as_array().unwrap().len()), (4, 52));
    assert_eq!(line["pooler_output"].as_array().unwrap().len(), 52);
    let line = albert(["run", &model, "--task", "sentence-embedding", "the river", "--json"]).json().remove(0);
    let embedding: Vec<f64> = line["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert!((embedding.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-5);
    let mean = |at: usize| states.iter().map(|state| state[at].as_f64().unwrap()).sum::<f64>() / 4.0;
    let length = (0..52).map(|at| mean(at) * mean(at)).sum::<f64>().sqrt();
    assert!((0..52).all(|at| (embedding[at] - mean(at) / length).abs() < 1e-5));
}

#[test]
fn zero_shot_classification() {
    let folder = Folder::new();
    let model = folder.model_with("sequence-classification-narrow", |config| {
        config["id2label"] = json!({ "0": "contradiction", "1": "neutral", "2": "entailment" });
    });
    let ask = ["run", &model, "--task", "zero-shot-classification", "the river runs north"];
    let labels = ["--candidate-labels", "river, paris,london"];
    let line = albert([&ask[..], &labels, &["--json"]].concat()).json().remove(0);
    assert_eq!(keys(&line), ["labels", "row", "scores", "sequence"]);
    let scores: Vec<f64> = line["scores"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap()).collect();
    assert!(scores.len() == 3 && (scores.iter().sum::<f64>() - 1.0).abs() < 1e-6);
    assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]));
    let text = albert([&ask[..], &labels, &["--top-k", "1"]].concat()).ok();
    assert_eq!(text, format!("{}\t{:.4}\n", line["labels"][0].as_str().unwrap(), scores[0]));
    assert!(albert(ask).fails().contains("no candidate labels"));
    let template = [&ask[..], &labels, &["--hypothesis-template", "no place"]].concat();
    assert!(albert(template).fails().contains("needs {}"));
    let other = folder.model("token-classification-narrow");
    assert!(albert(["run", &other, "x", "--task", "zero-shot-classification"]).fails().contains("another head"));
}

#[test]
fn windows_that_cannot_be() {
    let folder = Folder::new();
    let model = folder.model_with("token-classification-narrow", entity_labels);
    let text = "the river ".repeat(30);
    let run = |options: &[&str]| albert([&["run", &model, &text, "--json"], options].concat());
    let strategy = ["--aggregation-strategy", "simple"];
    let cut = run(&strategy).json();
    let all = run(&[&strategy[..], &["--stride", "8"]].concat()).json();
    let end = |lines: &[Value]| lines.iter().filter_map(|line| line["end"].as_u64()).max();
    assert!(end(&all) > end(&cut), "the windows reach behind the cut");
    assert!(run(&["--stride", "8"]).fails().contains("--aggregation-strategy"));
    assert!(run(&[&strategy[..], &["--stride", "38"]].concat()).fails().contains("lower --stride"));
    assert!(run(&["--text-pair", "paris"]).fails().contains("not for token-classification"));
}

#[test]
fn a_saved_vocabulary() {
    let folder = Folder::new();
    let model = folder.model("model-narrow");
    let to = folder.path("vocabulary");
    albert(["inspect", &model, "--save-vocabulary", &to]).ok();
    let saved = std::fs::read(std::path::Path::new(&to).join("unigram.json")).unwrap();
    let saved: Value = serde_json::from_slice(&saved).unwrap();
    let pieces = saved["vocab"].as_array().unwrap();
    assert_eq!((pieces.len(), &pieces[2], &pieces[6]), (40, &json!(["[CLS]", 0.0]), &json!(["\u{2581}the", -5.0])));
    let bare = folder.model_of_ids("model-narrow", "fp32");
    assert!(albert(["inspect", &bare, "--save-vocabulary", &to]).fails().contains("no tokenizer"));
}
