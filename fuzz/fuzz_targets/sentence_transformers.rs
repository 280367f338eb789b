//! Any bytes as the JSON files around a small checkpoint: list of modules, pooling, settings, an adapter.
#![no_main]

use albert_fuzz::one_of;
use albert_quant::Weights;
use albert_tests::robust;

static CONFIG: &[u8] = include_bytes!("../../albert-quant/tests/fixtures/heads/none/config.json");
static WEIGHTS: &[u8] = include_bytes!("../../albert-quant/tests/fixtures/heads/none/model.safetensors");
const FILES: [&str; 4] =
    ["modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "adapter_config.json"];

albert_fuzz::target!(|bytes| check(bytes));

fn check(bytes: &[u8]) {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    let mut files = vec![("model.safetensors", WEIGHTS), (FILES[usize::from(which) % FILES.len()], bytes)];
    if which >= 128 {
        files.push(("modules.json", br#"[{"path": "", "type": "sentence_transformers.models.Transformer"}]"#));
    }
    robust::checkpoint_to(&[one_of(&Weights::ALL, bytes)], CONFIG, &files);
}
