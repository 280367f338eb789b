//! Sentence-transformers checkpoints: the modules that `modules.json` names.

use crate::support::{Files, World, checkpoint, names};

fn files(modules: &[(&str, &str)]) -> Files {
    let mut files = Files::checkpoint();
    let modules: Vec<_> = modules
        .iter()
        .map(|(path, class)| serde_json::json!({ "path": path, "type": format!("sentence_transformers.models.{class}") }))
        .collect();
    files.0.insert("modules.json", serde_json::to_vec(&modules).unwrap());
    files.0.insert("sentence_bert_config.json", b"{}".to_vec());
    files
}

#[test]
fn modules_are_fetched_with_their_weights() {
    let mut files =
        files(&[("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense"), ("3_Normalize", "Normalize")]);
    files.0.insert("1_Pooling/config.json", b"{\"word_embedding_dimension\": 8}".to_vec());
    files.0.insert("2_Dense/config.json", b"{}".to_vec());
    files.0.insert("2_Dense/model.safetensors", vec![3; 1000]);
    let world = World::of(&files);
    let snapshot = world.fetch("org/name").unwrap();
    assert!(names(&snapshot).contains(&"sentence_bert_config.json".to_owned()));
    for file in ["1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors"] {
        assert_eq!(std::fs::read(snapshot.join(file)).unwrap(), files.0[file], "{file}");
    }
    let mut offline = world.settings();
    offline.offline = true;
    assert_eq!(checkpoint(&offline, "org/name").unwrap(), snapshot);
    std::fs::remove_file(snapshot.join("2_Dense/model.safetensors")).unwrap();
    assert!(checkpoint(&offline, "org/name").is_err(), "a module lacks its weights");
}

#[test]
fn the_network_may_lie_in_a_directory_of_its_own() {
    let mut files = files(&[("0_Transformer", "Transformer"), ("1_Pooling", "Pooling")]);
    files.0.insert("1_Pooling/config.json", b"{}".to_vec());
    for (name, nested) in [
        ("config.json", "0_Transformer/config.json"),
        ("model.safetensors", "0_Transformer/model.safetensors"),
        ("tokenizer.json", "0_Transformer/tokenizer.json"),
    ] {
        let bytes = files.0.remove(name).unwrap();
        files.0.insert(nested, bytes);
    }
    let world = World::of(&files);
    let snapshot = world.fetch("org/name").unwrap();
    assert_eq!(names(&snapshot.join("0_Transformer")), ["config.json", "model.safetensors", "tokenizer.json"]);
    let mut offline = world.settings();
    offline.offline = true;
    assert_eq!(checkpoint(&offline, "org/name").unwrap(), snapshot);
}
