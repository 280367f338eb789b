//! The file that holds the configuration, and the error for a file that is not JSON.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Name of the configuration of the reference library.
pub(crate) const FILE: &str = "config.json";
/// Name of the configuration that the original TensorFlow code reads.
pub(super) const ORIGINAL: &str = "albert_config.json";
/// Name of the configuration that PL-BERT's training script reads.
pub(super) const PL_BERT: &str = "config.yml";

/// The configuration file of a checkpoint directory.
pub(crate) fn file_in(directory: &Path) -> PathBuf {
    let names = [FILE, ORIGINAL, PL_BERT];
    let found = names.iter().map(|name| directory.join(name)).find(|file| file.exists());
    found.unwrap_or_else(|| directory.join(FILE))
}

/// The sizes of a PL-BERT as a configuration: the flat mapping `model_params` of its YAML file, which goes to the reference's
/// `AlbertConfig` as it is, and the defaults of that class.
pub(super) fn of_pl_bert(text: &str) -> Value {
    let mut config = serde_json::json!({
        "model_type": "albert", "architectures": ["AlbertModel"], "embedding_size": 128, "num_hidden_groups": 1,
        "inner_group_num": 1, "hidden_act": "gelu_new", "type_vocab_size": 2, "max_position_embeddings": 512
    });
    let lines = text.lines().skip_while(|line| line.trim_end() != "model_params:").skip(1);
    for line in lines.take_while(|line| line.is_empty() || line.starts_with([' ', '\t', '#'])) {
        let line = line.split_once(" #").map_or(line, |(line, _)| line);
        if let Some((key, value)) = line.trim().split_once(':') {
            let value = value.trim();
            config[key] = serde_json::from_str(value).unwrap_or_else(|_| value.trim_matches(['\'', '"']).into());
        }
    }
    config
}
