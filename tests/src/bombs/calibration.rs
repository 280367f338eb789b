//! Checkpoints that are valid, and small for the work that calibrating them asks for.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::Bomb;

/// 4,096 layers that share their weights.
pub(super) fn deep() -> Bomb {
    let config = [("num_hidden_layers", 4096)];
    bomb("deep", "4,096 layers of 6 channels", "394 MB, 7 s", &config)
}

/// An intermediate size of 16,384 at six channels.
pub(super) fn wide() -> Bomb {
    bomb("wide", "16,384 intermediate channels of 6", "not tried", &[("intermediate_size", 1 << 14)])
}

/// A classifier of 65,536 labels over long inputs.
pub(super) fn labels() -> Bomb {
    let config = [("num_labels", 1 << 16), ("max_position_embeddings", 1 << 10)];
    bomb("labels", "65,536 labels of every token", "449 MB, 16 s with 262,144", &config)
}

/// The fixture, with other numbers in its configuration and tensors of the sizes that they ask for.
fn bomb(name: &'static str, trick: &'static str, before: &'static str, numbers: &[(&str, usize)]) -> Bomb {
    let fixture =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../albert-quant/tests/fixtures/heads/token-classification");
    let mut config: Value =
        serde_json::from_slice(&fs::read(fixture.join("config.json")).expect("the fixture is there"))
            .expect("the fixture is JSON");
    for &(key, number) in numbers {
        if key == "num_labels" {
            let label = |id: usize| (id.to_string(), json!("L"));
            config["id2label"] = Value::Object((0..number).map(label).collect());
            config.as_object_mut().expect("an object").remove("label2id");
        } else {
            config[key] = number.into();
        }
    }
    let sizes = |name: &str, size: u64| {
        let key = if name.contains("classifier") {
            "num_labels"
        } else if name.contains("ffn") {
            "intermediate_size"
        } else if name.contains("position_embeddings") {
            "max_position_embeddings"
        } else {
            return size;
        };
        // The fixture's size of that kind; those of the other axis differ from it.
        let old = match key {
            "num_labels" => 3,
            _ => 8,
        };
        let new = numbers.iter().find(|(known, _)| *known == key).map_or(size, |&(_, number)| number as u64);
        if size == old { new } else { size }
    };
    let file = fs::read(fixture.join("model.safetensors")).expect("the fixture is there");
    let (length, rest) = file.split_first_chunk().expect("a header");
    let header: Map<String, Value> =
        serde_json::from_slice(&rest[..u64::from_le_bytes(*length) as usize]).expect("a header");
    let (mut tensors, mut data) = (Map::new(), Vec::new());
    for (name, tensor) in header.iter().filter(|(name, _)| *name != "__metadata__") {
        let shape = tensor["shape"].as_array().expect("a shape").iter().filter_map(Value::as_u64);
        let shape: Vec<u64> = shape.map(|size| sizes(name, size)).collect();
        let start = data.len();
        let values = (0..shape.iter().product::<u64>()).map(|index| (index % 7) as f32 / 8.0 - 0.375);
        data.extend(values.flat_map(f32::to_le_bytes));
        tensors.insert(name.clone(), json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]}));
    }
    let header = Value::Object(tensors).to_string();
    let weights = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat();
    let files = vec![("config.json", config.to_string().into_bytes()), ("model.safetensors", weights)];
    Bomb { name, trick, files, before }
}
