//! Checkpoints with the outputs that the original framework computed for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::at_hand;
use crate::reference::Sequence;
use crate::tensors::{self, Tensor};

/// A Hugging Face directory with a `reference.safetensors`.
#[derive(Debug)]
pub struct Fixture {
    /// Last component of the path.
    pub name: String,
    /// The directory.
    pub directory: PathBuf,
    /// Inputs, one for each row of the outputs; the choices of a multiple-choice question are rows of their own.
    pub sequences: Vec<Sequence>,
    /// Rows that belong together: the choices of a question, else 1.
    pub choices: usize,
    /// Expected outputs by name, [rows, ...].
    pub outputs: BTreeMap<String, Tensor>,
}

impl Fixture {
    /// Reads the reference file of a directory.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn load(directory: &Path) -> Self {
        Self::with_reference(directory, "reference.safetensors")
    }

    /// Reads a reference file of a directory.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn with_reference(directory: &Path, file: &str) -> Self {
        let mut outputs = tensors::read(&directory.join(file));
        let mut inputs = ["input_ids", "token_type_ids", "attention_mask"]
            .map(|name| outputs.remove(name).unwrap_or_else(|| panic!("{}: no {name}", directory.display())));
        let mut choices = 1;
        if inputs[0].shape.len() == 3 {
            choices = inputs[0].shape[1];
            // [B, C, S] and logits [B, C]
            inputs = inputs.map(|input| input.flattened());
            outputs = outputs.into_iter().map(|(name, output)| (name, output.flattened())).collect();
        }
        let sequence = |row| {
            let [ids, token_types, mask] = inputs.each_ref().map(|input| input.row(row));
            Sequence {
                ids: ids.iter().map(|&id| id as usize).collect(),
                token_types: token_types.iter().map(|&kind| kind as usize).collect(),
                mask: mask.iter().map(|&keep| keep != 0.0).collect(),
            }
        };
        let sequences = (0..inputs[0].shape[0]).map(sequence).collect();
        let name = directory.file_name().expect("a named directory").to_string_lossy().into_owned();
        Self { name, directory: directory.to_owned(), sequences, choices, outputs }
    }

    /// Whether an output has a row for each token.
    pub fn is_per_token(&self, output: &str) -> bool {
        let each = ["last_hidden_state", "start_logits", "end_logits"].contains(&output);
        each || self.outputs.get(output).is_some_and(|tensor| tensor.shape.len() == 3)
    }

    /// The elements of an output of one row that count: all, or for a per-token output those of the attended tokens.
    pub fn attended(&self, output: &str, row: usize, values: &[f64]) -> Vec<f64> {
        let mask = &self.sequences[row].mask;
        if !self.is_per_token(output) {
            return values.to_vec();
        }
        let tokens = values.chunks_exact(values.len() / mask.len()).zip(mask);
        tokens.filter(|(_, keep)| **keep).flat_map(|(token, _)| token).copied().collect()
    }
}

/// The small checkpoints of this repository, in order of their names.
///
/// # Panics
/// When they are not there.
pub fn all() -> Vec<Fixture> {
    let mut directories = subdirectories(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    directories.sort();
    directories.retain(|directory| directory.join("reference.safetensors").is_file());
    assert!(directories.len() >= 27, "a checkpoint of tests/fixtures is missing");
    directories.iter().map(|directory| Fixture::load(directory)).collect()
}

/// One of [`all`].
///
/// # Panics
/// When it is not there.
pub fn load(name: &str) -> Fixture {
    Fixture::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name))
}

/// The trained checkpoint of this repository, in fp16; its outputs are those of the fp32 weights that it was rounded from.
///
/// # Panics
/// When it is not there.
pub fn trained() -> Fixture {
    load("trained/snips-slots")
}

/// A trained checkpoint outside the repository, `None` (with a note) when it is not at hand. Where it has
/// `reference-more.safetensors`, that counts: rows on which nothing has been chosen.
pub fn shared(name: &str) -> Option<Fixture> {
    let directory = at_hand::shared(&format!("models/{name}"))?;
    let unseen = "reference-more.safetensors";
    let file = if directory.join(unseen).is_file() { unseen } else { "reference.safetensors" };
    Some(Fixture::with_reference(&directory, file))
}

fn subdirectories(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.map(|entry| entry.expect("readable").path()).filter(|path| path.is_dir()).collect()
}
