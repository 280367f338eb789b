//! The bytes of a portable fit, as they are on every machine. `js/test/fit.test.js` holds WebAssembly against the same record.
//!
//! After a change that is meant to change them, `ALBERT_UPDATE=1 cargo test -p albert-fit --test portable` records them anew.

use std::path::Path;

use albert_edge::Model;
use albert_fit::{Columns, HeadStorage, Options, fit, read_json};
use serde_json::{Value, json};

#[test]
fn the_recorded_bytes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join("tests/data/portable.json");
    let record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let file = folder.join("..").join(record["encoder"].as_str().unwrap());
    let model = Model::open(file).unwrap();
    let encoder = model.as_core();
    let examples = read_json(&record["examples"].to_string(), &Columns::default()).unwrap();
    let options = record["options"].to_string();
    let mut options: Options<'_> = serde_json::from_str(&options).unwrap();
    options.portable = true;
    let fitted = fit(encoder, &examples, &options).unwrap();
    let head = |storage| {
        let file = fitted.head_file(encoder, storage).unwrap();
        file.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let found = json!({
        "encoder": record["encoder"], "examples": record["examples"], "options": record["options"],
        // As text: numbers to the last digit.
        "report": serde_json::to_string(&fitted.report).unwrap(), "head": head(HeadStorage::Int8), "head_f32": head(HeadStorage::F32),
    });
    if std::env::var_os("ALBERT_UPDATE").is_some() {
        return std::fs::write(&path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
    }
    let same = ["report", "head", "head_f32"].map(|part| (part, found[part] == record[part]));
    assert!(same.iter().all(|(_, same)| *same), "{same:?}");
}
