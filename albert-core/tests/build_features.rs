//! Parts that a build may leave out: what needs them is refused when it is opened, with an error that says so.

use albert_core::error::TensorProblem;
use albert_core::format::layout::{HEADER_BYTES, SECTION_BYTES, dtype, section};
use albert_core::tokenizer::TableError;
use albert_core::{Arena, FormatError, Model};

const FILE: &[u8] = include_bytes!("../../models/clinc-intents-int8.albert");
/// First byte of a section after its header of this many bytes, and what is written there.
type Change = (u32, usize, u8);

/// What the reader says of the demo model with one byte changed.
fn open(change: Option<Change>) -> Option<FormatError> {
    let mut file = Box::new(Arena::<{ FILE.len() }>::new());
    file.0.copy_from_slice(FILE);
    if let Some((kind, offset, byte)) = change {
        file.0[start(kind) + offset] = byte;
    }
    Model::from_bytes(&file.0).err()
}

/// Where a section starts.
fn start(kind: u32) -> usize {
    let word = |at: usize| u32::from_le_bytes(FILE[at..at + 4].try_into().unwrap());
    let entry = (HEADER_BYTES..).step_by(SECTION_BYTES).find(|&entry| word(entry) == kind).unwrap();
    word(entry + 8) as usize
}

#[test]
fn every_build_opens_the_demo_model() {
    assert_eq!(open(None), None);
}

#[test]
fn weights() {
    // The dtype of the first tensor, the word embeddings.
    let problem = |dtype| match open(Some((section::TENSORS, 64 + 4, dtype))) {
        Some(FormatError::Tensor { role: 0, block: 0, problem }) => problem,
        other => panic!("{other:?}"),
    };
    for (dtype, here) in [
        (dtype::F32, cfg!(feature = "float")),
        (dtype::F16, cfg!(feature = "float")),
        (dtype::C4, cfg!(feature = "codebook")),
        (dtype::C5, cfg!(feature = "codebook")),
    ] {
        assert_eq!(problem(dtype) == TensorProblem::NotCompiledIn, !here, "dtype {dtype}");
    }
}

#[test]
fn tokenizers() {
    for (model, here) in [(1, cfg!(feature = "wordpiece")), (2, cfg!(feature = "sentencepiece"))] {
        let error = open(Some((section::TOKENIZER, 2 * 4, model)));
        assert_eq!(error == Some(FormatError::Tokenizer(TableError::NotCompiledIn)), !here, "{error:?}");
    }
}
