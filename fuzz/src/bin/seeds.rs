//! Writes the corpora that the fuzz targets start from, made of the fixtures: `cargo run --bin seeds`.

use std::fs;
use std::io::Result;
use std::path::Path;

use albert_tests::fixtures;
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::reference::Reference;
use albert_tests::robust::CONTAINERS;

/// Longer seeds slow the fuzzer down more than they teach it.
const MOST_BYTES: usize = 70_000;

/// Settings beside a checkpoint: which file, name of the seed, content.
const SETTINGS: [(u8, &str, &str); 4] = [
    (0, "modules", r#"[{"path": "", "type": "a.Transformer"}, {"path": "1_Pooling", "type": "a.Pooling"}]"#),
    (129, "settings", r#"{"max_seq_length": 256, "do_lower_case": false}"#),
    (130, "prompts", r#"{"prompts": {"query": "query: "}, "default_prompt_name": "query"}"#),
    (3, "adapter", r#"{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "base_model_name_or_path": "x"}"#),
];

fn main() -> Result<()> {
    let inputs = Inputs { extra: 3, smoothing: true };
    let storages = [
        ("f32", Storage::F32),
        ("f16", Storage::F16),
        ("int8", Storage::INT8),
        ("split", Storage::Int8(inputs)),
        ("codebook16", Storage::Codebook(16, inputs)),
        ("codebook32", Storage::Codebook(32, inputs)),
    ];
    for fixture in fixtures::all() {
        let reference = Reference::load(&fixture.directory);
        for (name, storage) in storages {
            write("model_file", &format!("{}-{name}", fixture.name), &Parts::new(&reference, storage).assemble())?;
        }
        write("checkpoint", &fixture.name, &checkpoint(&fixture.directory, 0)?)?;
        write("config", &fixture.name, &fs::read(fixture.directory.join("config.json"))?)?;
    }
    for (which, name, text) in SETTINGS {
        write("sentence_transformers", name, &[&[which], text.as_bytes()].concat())?;
    }
    let heads = Path::new(env!("CARGO_MANIFEST_DIR")).join("../albert-quant/tests/fixtures/heads");
    for head in fs::read_dir(heads)? {
        let head = head?;
        let (directory, name) = (head.path(), head.file_name());
        for (container, file) in CONTAINERS.iter().enumerate().filter(|(_, file)| directory.join(file).exists()) {
            write("checkpoint", &format!("{}-{file}", name.display()), &checkpoint(&directory, container)?)?;
        }
    }
    Ok(())
}

/// The target's input for a directory's weights in one container.
fn checkpoint(directory: &Path, container: usize) -> Result<Vec<u8>> {
    let config = fs::read(directory.join("config.json"))?;
    let weights = fs::read(directory.join(CONTAINERS[container]))?;
    Ok([&[container as u8][..], &(config.len() as u32).to_le_bytes(), &config, &weights].concat())
}

fn write(target: &str, name: &str, bytes: &[u8]) -> Result<()> {
    if bytes.len() > MOST_BYTES {
        return Ok(());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}
