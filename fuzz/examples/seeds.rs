//! Writes the inputs that the fuzz targets start from, made of the fixtures, a folder a target: `seeds FOLDER`.

use std::ffi::OsString;
use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

use albert_core::Model;
use albert_core::config::{Classifier, Pooling, ProblemType};
use albert_core::format::layout::{HEADER_BYTES, SECTION_BYTES, section};
use albert_fuzz::models;
use albert_quant::tokenizer::{SpieceKind, compile_spiece};
use albert_quant::{Calibration, ClassifierWeights, Options, Weights, convert, head_file, index_file};
use albert_tests::fixtures;
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::reference::Reference;
use albert_tests::robust::CONTAINERS;
use albert_tests::tokenizers::{character_map, compile, fixture, hard_text, unigram_json, wordpiece_json};

/// Settings beside a checkpoint: which file, name of the seed, content.
const SETTINGS: [(u8, &str, &str); 4] = [
    (0, "modules", r#"[{"path": "", "type": "a.Transformer"}, {"path": "1_Pooling", "type": "a.Pooling"}]"#),
    (129, "settings", r#"{"max_seq_length": 256, "do_lower_case": false}"#),
    (130, "prompts", r#"{"prompts": {"query": "query: "}, "default_prompt_name": "query"}"#),
    (3, "adapter", r#"{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "base_model_name_or_path": "x"}"#),
];

/// Longer seeds slow the fuzzer down more than they teach it.
const MOST_BYTES: usize = 70_000;
/// The same for model files, which are copied and checked whole.
const MOST_MODEL_BYTES: usize = 24 << 10;

fn main() -> Result<()> {
    let folder: OsString = std::env::args_os().nth(1).expect("a folder");
    let seeds = Seeds(folder.into());
    seeds.models_and_checkpoints()?;
    seeds.heads()?;
    seeds.attached_files()?;
    seeds.containers()?;
    seeds.tokenizer_sections()?;
    seeds.tokenizer_files()?;
    seeds.hub_answers()
}

struct Seeds(PathBuf);

impl Seeds {
    fn models_and_checkpoints(&self) -> Result<()> {
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
                let file = Parts::new(&reference, storage).assemble();
                if file.len() <= MOST_MODEL_BYTES {
                    self.write("model_file", &format!("{}-{name}", fixture.name), &file)?;
                }
            }
            self.write("checkpoint", &fixture.name, &checkpoint(&fixture.directory, 0)?)?;
            self.write("config", &fixture.name, &fs::read(fixture.directory.join("config.json"))?)?;
        }
        for (which, name, text) in SETTINGS {
            self.write("sentence_transformers", name, &[&[which], text.as_bytes()].concat())?;
        }
        Ok(())
    }

    fn containers(&self) -> Result<()> {
        for head in fs::read_dir(heads())? {
            let head = head?;
            let (directory, name) = (head.path(), head.file_name());
            for (container, file) in CONTAINERS.iter().enumerate().filter(|(_, file)| directory.join(file).exists()) {
                let name = format!("{}-{file}", name.display());
                self.write("checkpoint", &name, &checkpoint(&directory, container)?)?;
            }
        }
        Ok(())
    }

    /// The smallest model of every head as the converter writes it, in every kind of weights, with a tokenizer.
    fn heads(&self) -> Result<()> {
        let rows = [vec![0, 1, 2, 3, 4, 5], vec![6, 7]];
        for head in fs::read_dir(heads())? {
            let head = head?;
            let folder = tempfile::tempdir()?;
            for file in ["config.json", "model.safetensors"] {
                fs::copy(head.path().join(file), folder.path().join(file))?;
            }
            fs::write(folder.path().join("tokenizer.json"), models::unigram().to_string())?;
            for weights in Weights::ALL {
                let mut options = Options::default();
                (options.weights, options.calibration) = (weights, Calibration::Ids(&rows));
                let converted = convert(folder.path(), &options).expect("a checkpoint of the tests");
                self.write("model_file", &format!("{}-{weights:?}", head.file_name().display()), &converted.bytes)?;
            }
        }
        Ok(())
    }

    /// Heads for the encoder that the target has, and an index.
    fn attached_files(&self) -> Result<()> {
        let file = models::encoder();
        let encoder = Model::from_bytes(&file).expect("a valid model");
        let (width, names) = (encoder.config().hidden_size as usize, ["x", "y", "z"].map(str::to_owned));
        let weights: Vec<f32> = (0..names.len() * width).map(|index| index as f32 / 8.0 - 1.0).collect();
        for (int8, pooling) in [(true, Pooling::Mean), (false, Pooling::FirstToken)] {
            let classifier = Classifier {
                num_labels: names.len() as u32,
                problem_type: ProblemType::SingleLabel,
                pooling,
                temperature: 2.0,
                threshold: 0.25,
            };
            let (labels, provenance) = (&names[..], serde_json::json!({}));
            let head = ClassifierWeights { classifier, labels, weights: &weights, bias: &[0.5; 3], int8, provenance };
            self.write("attached_file", &format!("head-{int8}"), &head_file(&encoder, &head).expect("it fits"))?;
        }
        let index = index_file(&encoder, weights, &["one", "two", "three"]).expect("finite embeddings");
        self.write("attached_file", "index", &index)
    }

    /// The small tokenizers of the tests, smaller ones, and the one of the trained model.
    fn tokenizer_sections(&self) -> Result<()> {
        let trained = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/clinc-intents-int8.albert"))?;
        let sections = [
            ("few-pieces", compile(&models::unigram())),
            ("few-words", compile(&models::wordpiece())),
            ("unigram", compile(&unigram_json())),
            ("wordpiece", compile(&wordpiece_json())),
            (
                "spiece",
                compile_spiece(&fixture("spiece.model"), None, SpieceKind::SentencePiece).expect("a tokenizer").bytes,
            ),
            ("trained", tokenizer_of(&trained).to_vec()),
        ];
        let mut random = albert_tests::tokenizers::Random::new(1);
        for (name, section) in sections {
            // Sections of a hundred kilobytes have the one text; mutations bring others.
            let texts = if section.len() < 8192 { 8 } else { 1 };
            for index in 0..texts {
                let mut text = hard_text(&mut random);
                text.truncate(text.floor_char_boundary(255));
                let seed = [&[text.len() as u8], text.as_bytes(), &section].concat();
                self.write_long("tokenizer_section", &format!("{name}-{index}"), &seed)?;
            }
        }
        Ok(())
    }

    fn tokenizer_files(&self) -> Result<()> {
        let small = [("few-pieces", models::unigram()), ("few-words", models::wordpiece())];
        let files = [("unigram", unigram_json()), ("wordpiece", wordpiece_json())];
        for (name, json) in small.into_iter().chain(files) {
            self.write("tokenizer_json", name, json.to_string().as_bytes())?;
        }
        let model = fixture("spiece.model");
        for kind in [0, 1] {
            self.write("spiece_model", &format!("small-{kind}"), &[&[kind], &model[..]].concat())?;
        }
        let text = "A b, \u{fb01} e\u{301}\u{200d}한국 ½".as_bytes();
        self.write("character_map", "small", &[&[text.len() as u8], text, &character_map()].concat())
    }

    /// What a hub says about a repository without weights, and about one with them.
    fn hub_answers(&self) -> Result<()> {
        let answer = |status: &str, headers: &str, body: &str| {
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
        };
        let commit = "X-Repo-Commit: 0123456789012345678901234567890123456789\r\nETag: \"a\"\r\n";
        let found = answer("200 OK", commit, r#"{"model_type": "albert"}"#);
        let missing = answer("404 Not Found", "X-Error-Code: EntryNotFound\r\n", "");
        let moved = answer("302 Found", "Location: /a\r\nX-Linked-Size: 5\r\nX-Linked-Etag: \"b\"\r\n", "");
        self.write("hub_answers", "found", [&found[..]; 12].join("\0").as_bytes())?;
        self.write("hub_answers", "missing", [&found[..], &missing, &missing, &missing].join("\0").as_bytes())?;
        self.write("hub_answers", "moved", [&moved[..], &found, &moved, &found, &moved].join("\0").as_bytes())
    }

    fn write(&self, target: &str, name: &str, bytes: &[u8]) -> Result<()> {
        if bytes.len() > MOST_BYTES { Ok(()) } else { self.write_long(target, name, bytes) }
    }

    fn write_long(&self, target: &str, name: &str, bytes: &[u8]) -> Result<()> {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)
    }
}

/// The smallest checkpoints, a directory a head.
fn heads() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../albert-quant/tests/fixtures/heads")
}

/// The target's input for a directory's weights in one container.
fn checkpoint(directory: &Path, container: usize) -> Result<Vec<u8>> {
    let config = fs::read(directory.join("config.json"))?;
    let weights = fs::read(directory.join(CONTAINERS[container]))?;
    Ok([&[container as u8][..], &(config.len() as u32).to_le_bytes(), &config, &weights].concat())
}

/// The tokenizer section of a model file.
fn tokenizer_of(file: &[u8]) -> &[u8] {
    let word = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().expect("8 bytes")) as usize;
    let entries = (HEADER_BYTES..).step_by(SECTION_BYTES);
    let entry = entries.take(64).find(|&at| word(at) as u32 == section::TOKENIZER).expect("a tokenizer section");
    &file[word(entry + 8)..][..word(entry + 16)]
}
