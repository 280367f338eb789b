//! The tokenizer's choices and the part of its vocabulary that is kept.

use std::path::Path;

use albert_quant::tokenizer::{Choices, Vocabulary, VocabularyReport};

use crate::args::{Columns, TokenizerOptions};
use crate::console::Console;
use crate::error::{At, Error, Result};
use crate::rows::{Numbered, Rows};

/// The texts that the options name.
#[derive(Default)]
pub(super) struct Texts {
    counted: Vec<String>,
    held_out: Vec<String>,
    kept: Vec<String>,
}

impl Texts {
    /// Counts the pieces of more texts.
    pub(super) fn count(&mut self, texts: impl Iterator<Item = String>) {
        self.counted.extend(texts);
    }

    /// Keeps the pieces of more texts, however often they occur.
    pub(super) fn keep(&mut self, texts: impl Iterator<Item = String>) {
        self.kept.extend(texts);
    }
}

impl TokenizerOptions {
    pub(super) fn choices(&self) -> Choices {
        let mut choices = Choices::default();
        choices.directory = self.tokenizer.clone();
        choices.kind = self.tokenizer_kind;
        (choices.cased, choices.keep_accents) = (self.cased, self.keep_accents);
        choices
    }

    pub(super) fn texts(&self) -> Result<Texts> {
        let mut texts = Texts { kept: self.keep_token.clone(), ..Texts::default() };
        for path in &self.vocabulary_from {
            texts.counted.extend(read(path)?);
        }
        if let Some(path) = &self.held_out {
            texts.held_out = read(path)?;
        }
        Ok(texts)
    }

    /// The first option that was given, for a message.
    pub(super) fn first_given(&self) -> Option<&'static str> {
        let given = [
            (self.tokenizer.is_some(), "--tokenizer"),
            (self.tokenizer_kind.is_some(), "--tokenizer-kind"),
            (self.cased, "--cased"),
            (self.keep_accents, "--keep-accents"),
            (!self.vocabulary_from.is_empty(), "--vocabulary-from"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }

    /// The part of the vocabulary that is kept; `None` for all of it.
    pub(super) fn vocabulary<'a>(&self, texts: &'a Texts) -> Option<Vocabulary<'a>> {
        if self.vocabulary_from.is_empty() {
            return None;
        }
        let mut vocabulary = Vocabulary::of(&texts.counted);
        vocabulary.min_count = self.min_count;
        vocabulary.most = self.keep_vocabulary;
        vocabulary.keep = &texts.kept;
        vocabulary.held_out = &texts.held_out;
        Some(vocabulary)
    }
}

/// The texts of a file, and those that stand beside them.
fn read(path: &Path) -> Result<Vec<String>> {
    let rows = Rows::of_file(path, &Columns::default())?;
    let place = rows.place().to_owned();
    let mut texts = Vec::new();
    for Numbered { number, row, .. } in rows {
        let row = row.at(format_args!("{place} {number}"))?;
        texts.push(row.need_text().at(format_args!("{place} {number}"))?.to_owned());
        texts.extend(row.request.text_pair.clone());
    }
    if texts.is_empty() { Err(Error::new(format_args!("{} has no texts", path.display()))) } else { Ok(texts) }
}

/// What became of the vocabulary, in words.
pub(super) fn print(report: Option<&VocabularyReport>, output: &mut Console) -> Result<()> {
    let Some(vocabulary) = report else { return Ok(()) };
    output.line(format_args!(
        "vocabulary: {} of {} tokens, {} of them always kept",
        vocabulary.kept, vocabulary.tokens, vocabulary.always
    ))?;
    if let Some(coverage) = &vocabulary.held_out {
        output.line(format_args!(
            "held-out texts: {} of {} have the same pieces as before; {} of {} pieces are lost, {} pieces now; {} unknown before, {} now",
            coverage.same,
            coverage.texts,
            coverage.lost,
            coverage.pieces,
            coverage.pieces_now,
            coverage.unknown,
            coverage.unknown_now
        ))?;
    }
    Ok(())
}
