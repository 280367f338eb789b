//! Small valid models that targets run.

use std::sync::OnceLock;

use albert_core::format::layout::section;
use albert_tests::aligned::Aligned;
use albert_tests::fixtures;
use albert_tests::model_file::{Inputs, Parts, Storage};
use albert_tests::reference::Reference;
use albert_tests::tokenizers::{compile, unigram_json};

/// Models of several heads and kinds of weights; the first has a tokenizer.
pub fn all() -> &'static [Aligned] {
    static ALL: OnceLock<Vec<Aligned>> = OnceLock::new();
    ALL.get_or_init(|| {
        let split = Inputs { extra: 3, smoothing: true };
        let with_tokenizer = |mut parts: Parts| {
            parts.more.push((section::TOKENIZER, 0, compile(&unigram_json())));
            parts
        };
        vec![
            with_tokenizer(of("sequence-classification-narrow", Storage::INT8)).assemble(),
            of("token-classification-groups", Storage::Int8(split)).assemble(),
            of("masked-lm-inner", Storage::F16).assemble(),
            of("question-answering-square", Storage::Codebook(16, split)).assemble(),
        ]
    })
}

fn of(fixture: &str, storage: Storage) -> Parts {
    Parts::new(&Reference::load(&fixtures::load(fixture).directory), storage)
}
