//! What quantization cost and what early exit saves: `quantize --report`, `compare`, `eval --sweep-layers`, `--exit-…`.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Folder, MARKUP, albert, fixture};

/// A fp32 model of a classifier, and labelled rows: the labels of the fp32 model, but for the last.
fn classifier(folder: &Folder) -> (String, String) {
    let model = folder.model("sequence-classification-narrow");
    let texts =
        ["the river", "london and paris", "runs", "north of the river", "and", "paris", "of the north", "london"];
    let label = |text: &str| albert(["run", &model, text, "--json"]).json()[0]["label"].clone();
    let mut rows: Vec<Value> = texts.iter().map(|text| json!({ "text": text, "label": label(text) })).collect();
    let other = if rows[0]["label"] == "LABEL_0" { "LABEL_1" } else { "LABEL_0" };
    rows.push(json!({ "text": texts[0], "label": other }));
    let data = rows.iter().map(|row| row.to_string() + "\n").collect::<String>();
    (model, folder.write("rows.jsonl", data))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn a_report_measures_the_file_against_the_checkpoint() {
    let folder = Folder::new();
    let (_, data) = classifier(&folder);
    let (checkpoint, model, page) = (
        folder.path("sequence-classification-narrow"),
        folder.path(&format!("int8 {}.albert", MARKUP.0)),
        folder.path("report.html"),
    );
    let ran = albert(["quantize", &checkpoint, "-o", &model, "--report", &page, "--data", &data, "--json"]);
    let line = ran.json().remove(0);
    let cost = &line["cost"];
    let parts = ["embeddings", "layers", "head", "tokenizer", "rest"];
    let sum = |sizes: &Value| parts.iter().map(|part| sizes[*part].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum(&cost["sizes"]), fs::metadata(&model).unwrap().len());
    let weights = line["checkpoint_bytes"].as_u64().unwrap();
    let tokenizer = fs::metadata(folder.path("sequence-classification-narrow/tokenizer.json")).unwrap().len();
    assert_eq!(sum(&cost["reference_sizes"]), weights + tokenizer);
    // What the converter says of a tensor is what the file holds.
    let (converted, measured) = (line["tensors"].as_array().unwrap(), cost["tensors"].as_array().unwrap());
    assert_eq!(converted.len(), measured.len());
    for (converted, measured) in converted.iter().zip(measured) {
        let difference = &measured["difference"];
        assert_eq!(converted["name"], measured["name"]);
        let (a, b) = (number(&converted["relative_error"]), number(&difference["relative_error"]));
        // A bias that was moved is stored exactly, and is another one than the checkpoint's.
        let a = if converted["moved"] == true { b } else { a };
        assert!((a - b).abs() <= 1e-5 * a, "{}: {a} {b}", measured["name"]);
        assert_eq!(difference["snr_db"].is_null(), b == 0.0, "{measured}");
        assert!(difference["snr_db"].is_null() || (number(&difference["snr_db"]) + 20.0 * b.log10()).abs() < 1e-9);
    }
    let measures = &cost["measures"];
    assert_eq!(
        (&measures["inputs_from"], &measures["inputs"], &measures["layers"]),
        (&"rows.jsonl".into(), &9.into(), &3.into())
    );
    let depths = measures["depths"].as_array().unwrap();
    assert_eq!(depths.len(), 4);
    for depth in depths {
        assert!((1e-5..0.1).contains(&number(&depth["relative_error"])), "{depth}");
        assert!(number(&depth["cosine_min"]) <= number(&depth["cosine_mean"]) && number(&depth["cosine_p1"]) > 0.99);
    }
    let outliers = measures["outliers"].as_array().unwrap();
    // Four linears in each of three layers, the embedding mapping, pooler and classifier.
    assert_eq!(outliers.len(), 4 * 3 + 3);
    assert!(outliers.iter().all(|outlier| number(&outlier["largest"]) >= number(&outlier["median"])));
    assert!(number(&measures["outputs"]["logits"]["max_abs"]) > 0.0);
    let accuracy = |model: &str| albert(["eval", model, "--data", &data, "--json"]).json()[0]["accuracy"].clone();
    assert_eq!(cost["accuracy"], json!({ "rows": 9, "reference": 8.0 / 9.0, "model": accuracy(&model) }));

    let html = fs::read_to_string(page).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.contains(&format!("int8 {}.albert", MARKUP.1)));
    for foreign in ["<script", "http:", "https:", "src=", "@import", "url(", "NaN", "inf"] {
        assert!(!html.contains(foreign), "{foreign}");
    }
}

/// Against itself nothing differs; the built-in inputs serve where there are no data.
#[test]
fn fp32_costs_nothing() {
    let folder = Folder::new();
    let (model, _) = classifier(&folder);
    let report = albert(["compare", &model, &model, "--json"]).json().remove(0);
    assert!(report["tensors"].as_array().unwrap().iter().all(|tensor| tensor["difference"]["max_abs"] == 0.0));
    let measures = &report["measures"];
    assert!(measures["inputs_from"].as_str().unwrap().contains("held-out"));
    assert!(measures["depths"].as_array().unwrap().iter().all(|depth| depth["relative_error"] == 0.0));
    assert_eq!(
        (&measures["outputs"]["logits"]["max_abs"], &measures["outputs"]["logits"]["top1_agreement"]),
        (&0.0.into(), &1.0.into())
    );
    assert!(report["accuracy"].is_null());
    let text = albert(["compare", &model, &model]).ok();
    assert!(text.contains("0 of ") && text.contains("0.1 % 1.000000"), "{text}");
}

#[test]
fn compare_two_files() {
    let folder = Folder::new();
    let (fp32, data) = classifier(&folder);
    let int8 = folder.path("int8.albert");
    albert(["quantize", &folder.path("sequence-classification-narrow"), "-o", &int8]).ok();
    let page = folder.path("page.html");
    let report = albert(["compare", &fp32, &int8, "--data", &data, "--json", "--report", &page]).json().remove(0);
    assert_eq!(
        (&report["reference"], &report["model"]),
        (&"sequence-classification-narrow.albert".into(), &"int8.albert".into())
    );
    assert_eq!(report["accuracy"]["reference"], 8.0 / 9.0);
    assert!(number(&report["measures"]["depths"][3]["relative_error"]) > 1e-5);
    let html = fs::read_to_string(page).unwrap();
    assert!(html.contains("sequence-classification-narrow.albert (A) and int8.albert (B), each as it is"));
    assert!(html.contains("Two model files compared") && html.contains(" tensors are the same in both."));
    assert!(!html.contains("quantization cost") && !html.contains("stored exactly") && !html.contains("before"));
    let text = albert(["compare", &fp32, &int8, "--file", &data]).ok();
    assert!(text.contains("embeddings") && text.contains(" dB\n") && text.contains("accuracy"), "{text}");
    // Another vocabulary: sizes, but no run.
    let other = folder.model_of_ids("sequence-classification-square", "int8");
    let report = albert(["compare", &fp32, &other, "--json"]).json().remove(0);
    assert!(report["measures"].is_null() && number(&report["sizes"]["layers"]) > 0.0);
    assert!(albert(["compare", &fp32, &other]).ok().contains("vocabularies of 101 and 131"));
    // Ids without meaning where neither has a tokenizer.
    let (a, b) = (folder.model_of_ids("model-inner", "fp32"), folder.model_of_ids("model-inner", "int8"));
    let measures = &albert(["compare", &a, &b, "--json"]).json().remove(0)["measures"];
    assert!(measures["inputs_from"].as_str().unwrap().contains("random ids"));
    assert_eq!(measures["outputs"].as_object().unwrap().keys().collect::<Vec<_>>(), ["sentence_embedding"]);
    assert!(albert(["compare", &a, &b, "--data", &data]).fails().contains("line 1: the model has no tokenizer"));
}

#[test]
fn early_exit() {
    let folder = Folder::new();
    let (model, data) = classifier(&folder);
    let sweep = albert(["eval", &model, "--data", &data, "--sweep-layers", "--json"]).json();
    assert_eq!(sweep.iter().map(|line| line["layers"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(sweep[2]["accuracy"], 8.0 / 9.0);
    assert!(
        sweep
            .iter()
            .all(|line| line["mean_layers"] == line["layers"].as_f64().unwrap() && number(&line["mean_ms"]) > 0.0)
    );
    let table = albert(["eval", &model, "--data", &data, "--sweep-layers"]).ok();
    assert_eq!(table.lines().count(), 4, "{table}");
    let eval =
        |option: &str, value: &str| albert(["eval", &model, "--data", &data, "--json", option, value]).json().remove(0);
    let first = eval("--exit-patience", "0");
    assert_eq!((&first["mean_layers"], &first["accuracy"]), (&1.0.into(), &sweep[0]["accuracy"]));
    let never = eval("--exit-patience", "9");
    assert_eq!((&never["mean_layers"], &never["accuracy"]), (&3.0.into(), &sweep[2]["accuracy"]));
    let run =
        |options: &[&str]| albert([&["run", &model, "the river", "--json", "--top-k", "3"], options].concat()).json();
    for confidence in ["0", "0.6", "1"] {
        let exited = run(&["--exit-confidence", confidence]);
        let layers = exited[0]["layers"].as_u64().unwrap();
        let mut same = run(&["--layers", &layers.to_string()]);
        assert!(same.iter().all(|line| line.get("layers").is_none()));
        same.iter_mut().for_each(|line| line["layers"] = layers.into());
        assert_eq!(exited, same);
        // In the order of the layers, the first one that is sure enough.
        let best = |layers: u64| number(&run(&["--layers", &layers.to_string()])[0]["score"]);
        let enough: f64 = confidence.parse().unwrap();
        assert!((1..layers).all(|layers| best(layers) < enough) && (layers == 3 || best(layers) >= enough));
    }
    for (arguments, part) in [
        (&["--exit-confidence", "1.5"][..], "probability"),
        (&["--exit-confidence", "0.5", "--exit-patience", "1"], "cannot be used with"),
        (&["--exit-patience", "1", "--task", "feature-extraction"], "text-classification"),
    ] {
        let error = albert([&["run", &model, "the river"], arguments].concat()).fails();
        assert!(error.contains(part), "{error}");
    }
    let tagger = folder.model("token-classification-narrow");
    assert!(albert(["run", &tagger, "the river", "--exit-patience", "1"]).fails().contains("text-classification"));
    let rows = folder.write("tags", "{\"words\": [\"the\"], \"tags\": [\"O\"]}");
    assert!(albert(["eval", &tagger, "--data", &rows, "--exit-patience", "1"]).fails().contains("one label"));
    assert_eq!(albert(["eval", &tagger, "--data", &rows, "--sweep-layers", "--json"]).json().len(), 3);
}

/// Names of files that cannot be written or read.
#[test]
fn reports_that_cannot_be_made() {
    let folder = Folder::new();
    let checkpoint = fixture("model-minute");
    let checkpoint = checkpoint.to_str().unwrap();
    let model = folder.path("m");
    let ran = albert(["quantize", checkpoint, "-o", &model, "--data", &folder.path("none")]);
    assert!(ran.code == 2 && ran.err.contains("cannot open"), "{}", ran.err);
    let ran = albert(["quantize", checkpoint, "-o", &model, "--report", &folder.path("no/such")]);
    assert!(ran.code == 2 && ran.err.contains("cannot write"), "{}", ran.err);
    let ids = folder.write("ids", "{\"input_ids\": [1, 2, 3]}\n{\"input_ids\": [99]}\n");
    let ran = albert(["quantize", checkpoint, "-o", &model, "--data", &ids, "--json"]);
    let line: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(line["cost"]["measures"]["inputs"], 1, "an id beyond the vocabulary is left out");
}

#[test]
fn answers_that_change() {
    let folder = Folder::new();
    let (model, data) = classifier(&folder);
    let other = folder.path("other.albert");
    let checkpoint = folder.path("sequence-classification-narrow");
    albert(["quantize", &checkpoint, "-o", &other, "--weights", "int4", "--calibration", "none"]).ok();
    let measures = albert(["compare", &model, &other, "--data", &data, "--json"]).json().remove(0)["measures"].take();
    let (changes, agreement) = (&measures["changes"], &measures["outputs"]["logits"]["top1_agreement"]);
    let (answers, changed) = (number(&changes["answers"]), number(&changes["changed"]));
    assert_eq!(answers, 9.0);
    assert!((number(agreement) - (1.0 - changed / answers)).abs() < 1e-9, "{changed} {agreement}");
    assert_eq!(changes["rows"].as_array().unwrap().len() as f64, changed);
    for change in changes["rows"].as_array().unwrap() {
        let answer =
            |model: &str| albert(["run", model, change["text"].as_str().unwrap(), "--json"]).json()[0]["label"].clone();
        assert_eq!((&change["reference"], &change["model"]), (&answer(&model), &answer(&other)));
        assert!(number(&change["reference_margin"]) >= 0.0 && number(&change["model_margin"]) >= 0.0);
    }
    labels_beside_answers(&folder, [&model, &other]);
    // Labels of a text that apply in one file alone.
    let model = folder.model("sequence-classification-multi-label");
    let checkpoint = folder.path("sequence-classification-multi-label");
    albert(["quantize", &checkpoint, "-o", &other, "--weights", "int4", "--calibration", "none"]).ok();
    let page = folder.path("page.html");
    let texts = folder.write("texts.txt", "the river\nparis\nruns north\nof\nlondon and paris\n");
    let line = ["compare", &model, &other, "--data", &texts, "--report", &page, "--json"];
    let changes = albert(line).json().remove(0)["measures"]["changes"].take();
    assert_eq!(changes["answers"], 5 * 5);
    for change in changes["rows"].as_array().unwrap() {
        let names = [&change["reference"], &change["model"]].map(|name| name.as_str().unwrap());
        let [with, without] = if names[0].starts_with("not ") { [names[1], names[0]] } else { names };
        assert_eq!(format!("not {with}"), without);
    }
    assert_eq!(changes["right"], json!({ "labelled": 0, "reference": 0, "model": 0 }));
    assert!(fs::read_to_string(page).unwrap().contains("Which answers change"));
    // Every text has its first label alone: a change is right on the side that says so.
    let row = |text: &str| json!({ "text": text, "labels": ["calm"] }).to_string() + "\n";
    let data = folder.write("several.jsonl", many_texts().iter().map(|text| row(text)).collect::<String>());
    let changes =
        albert(["compare", &model, &other, "--data", &data, "--json"]).json().remove(0)["measures"]["changes"].take();
    let rows = changes["rows"].as_array().unwrap();
    let right = |side: &str| rows.iter().filter(|row| row[side] == row["label"]).count();
    assert_eq!(
        changes["right"],
        json!({ "labelled": rows.len(), "reference": right("reference"), "model": right("model") })
    );
    assert!(!rows.is_empty());
    assert_eq!(right("reference") + right("model"), rows.len());
    for row in rows {
        let label = row["label"].as_str().unwrap();
        assert!(label == "calm" || label.starts_with("not ") && label != "not calm", "{row}");
    }
}

/// Enough texts for some answers to change.
fn many_texts() -> Vec<String> {
    let words = ["the", "river", "london", "paris", "and", "runs", "north", "of"];
    let pairs = words.into_iter().flat_map(|a| words.map(|b| (a, b)));
    pairs.flat_map(|(a, b)| ["paris", "of"].map(|c| format!("{a} {b} {c}"))).collect()
}

/// Rows whose labels are the second model's answers but for the first, which is neither's.
fn labels_beside_answers(folder: &Folder, models: [&str; 2]) {
    let texts = folder.write("many.txt", many_texts().join("\n"));
    let changes =
        albert(["compare", models[0], models[1], "--data", &texts, "--json"]).json().remove(0)["measures"]["changes"]
            .take();
    let changed: Vec<&Value> = changes["rows"].as_array().unwrap().iter().take(20).collect();
    assert!(changed.len() > 1, "nothing changes here: {changes}");
    let label = |(index, change): (usize, &Value)| if index == 0 { json!("neither") } else { change["model"].clone() };
    let row = |(index, change): (usize, &&Value)| {
        json!({ "body": Value::clone(&change["text"]), "class": label((index, change)) }).to_string() + "\n"
    };
    let data = folder.write("changed.jsonl", changed.iter().enumerate().map(row).collect::<String>());
    let page = folder.path("labelled.html");
    let names = ["LABEL_0", "LABEL_1", "LABEL_2"];
    let neither =
        names.into_iter().find(|name| changed[0]["model"] != *name && changed[0]["reference"] != *name).unwrap();
    let (line, renamed) =
        (["compare", models[0], models[1], "--data", &data, "--report", &page, "--json"], format!("neither={neither}"));
    let columns = ["--text-column", "body", "--label-column", "class", "--labels", &renamed];
    let found = albert(line.into_iter().chain(columns)).json().remove(0)["measures"]["changes"].take();
    let all = changed.len();
    assert_eq!(found["right"], json!({ "labelled": all, "reference": 0, "model": all - 1 }));
    for row in found["rows"].as_array().unwrap() {
        let expected = if row["input"] == 1 { json!(neither) } else { row["model"].clone() };
        assert_eq!(row["label"], expected);
    }
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains(&format!("Of {all} with a label, 0 were right in A and {} in B.", all - 1)), "{page}");
    assert_eq!(page.matches("<span class=\"wrong\">wrong</span>").count(), all + 1);
    assert_eq!(page.matches("<span class=\"right\">right</span>").count(), all - 1);
    // The same columns, of the rows that quantize measures on.
    let (checkpoint, made) = (folder.path("sequence-classification-narrow"), folder.path("measured.albert"));
    let line =
        ["quantize", &checkpoint, "-o", &made, "--weights", "int4", "--calibration", "none", "--data", &data, "--json"];
    let cost = albert(line.into_iter().chain(columns)).json().remove(0)["cost"].take();
    assert_eq!((&cost["measures"]["changes"]["right"], &cost["accuracy"]["rows"]), (&found["right"], &json!(all)));
}
