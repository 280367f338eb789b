//! A compiled tokenizer's vocabulary, as the file that the original library saves.

use albert_core::tokenizer::{Tokenizer, section};
use serde_json::json;

/// A file's name and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VocabularyFile {
    /// `vocab.txt`, `unigram.json` or `spiece.vocab`.
    pub name: &'static str,
    /// The content.
    pub bytes: Vec<u8>,
}

/// The vocabulary in the form of its model:
///
/// | model | file | as written by |
/// |---|---|---|
/// | WordPiece | `vocab.txt`: a token a line, the line number is the id | `BertTokenizer.save_vocabulary` |
/// | Unigram | `unigram.json`: `unk_id` and pairs of piece and score | `Unigram.save` of the `tokenizers` library |
/// | SentencePiece | `spiece.vocab`: piece, tab, score a line | SentencePiece beside its model |
///
/// Pieces, ids and scores are exact. Added tokens that are no pieces, and what the tokenizer does to a text before it looks
/// for pieces, are not part of a vocabulary.
pub fn vocabulary(tokenizer: &Tokenizer<'_>) -> VocabularyFile {
    let pieces = (0..tokenizer.id_end()).map(|id| (tokenizer.piece(id), tokenizer.score(id).unwrap_or(0.0)));
    let mut pieces: Vec<(Option<&str>, f64)> = pieces.collect();
    // Added tokens have the ids behind the last piece.
    let count = pieces.iter().rposition(|(piece, _)| piece.is_some()).map_or(0, |last| last + 1);
    pieces.truncate(count);
    let pieces = pieces.iter().map(|&(piece, score)| (piece.unwrap_or(""), score));
    match tokenizer.model() {
        section::model::WORD_PIECE => {
            let lines: String = pieces.map(|(piece, _)| format!("{piece}\n")).collect();
            VocabularyFile { name: "vocab.txt", bytes: lines.into_bytes() }
        }
        section::model::SENTENCE_PIECE => {
            let lines: String = pieces.map(|(piece, score)| format!("{piece}\t{}\n", score as f32)).collect();
            VocabularyFile { name: "spiece.vocab", bytes: lines.into_bytes() }
        }
        _ => {
            let vocab: Vec<_> = pieces.collect();
            let model = json!({ "type": "Unigram", "unk_id": tokenizer.unk(), "vocab": vocab, "byte_fallback": false });
            VocabularyFile { name: "unigram.json", bytes: model.to_string().into_bytes() }
        }
    }
}
