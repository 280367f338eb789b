//! The constants of the `TOKN` section, shared by the reader here and the compiler in `albert-quant`.
//!
//! `docs/tokenizer.md` is the specification. All integers are little-endian; offsets count bytes from the section's start.

/// Version of the section's layout.
pub const VERSION: u32 = 2;
/// Stands for "none" wherever an id or a length is expected.
pub const NONE: u32 = u32::MAX;
/// Words (u32) before the part directory.
pub const HEADER_WORDS: usize = 32;
/// Every part starts at a multiple of this.
pub const PART_ALIGNMENT: usize = 8;
/// Most parts of a section.
pub const MAX_PARTS: usize = 64;

/// Indices of the header's words.
pub mod header {
    /// [`VERSION`](super::VERSION).
    pub const VERSION: usize = 0;
    /// Number of parts in the directory.
    pub const PARTS: usize = 1;
    /// Code of the model: [`model`](super::model).
    pub const MODEL: usize = 2;
    /// Bits of [`flag`](super::flag).
    pub const FLAGS: usize = 3;
    /// Entries of the string table: one more than the highest id.
    pub const IDS: usize = 4;
    /// Number of tokens that exist.
    pub const VOCAB_SIZE: usize = 5;
    /// First of the words indexed by [`role`](super::role).
    pub const ROLES: usize = 6;
    /// Low, then high word of the f64 score of an unknown character (Unigram).
    pub const UNK_SCORE: usize = 12;
    /// Most characters of a word (WordPiece).
    pub const MAX_WORD: usize = 14;
    /// Code of the decoder: [`decoder`](super::decoder).
    pub const DECODER: usize = 15;
    /// The character that stands for a blank: Metaspace decoder and SentencePiece.
    pub const BLANK: usize = 16;
    /// How the ASCII table cuts words: [`ascii`](super::ascii).
    pub const ASCII_MODE: usize = 17;
    /// Most characters that one character becomes at any stage, and how many there may be besides.
    pub const EXPANSION: usize = 18;
    /// See [`EXPANSION`].
    pub const EXPANSION_EXTRA: usize = 19;
    /// The words from here on are zero.
    pub const RESERVED: usize = 20;
}

/// Words of the header that hold ids or lengths, or [`NONE`].
pub mod role {
    /// Unknown token.
    pub const UNK: usize = 0;
    /// `[CLS]`.
    pub const CLS: usize = 1;
    /// `[SEP]`.
    pub const SEP: usize = 2;
    /// `[MASK]`.
    pub const MASK: usize = 3;
    /// Padding token.
    pub const PAD: usize = 4;
    /// Longest input in tokens.
    pub const MODEL_MAX_LENGTH: usize = 5;
}

/// Models.
pub mod model {
    /// Unigram as in `tokenizers`: f64 sums, restarted for every word.
    pub const UNIGRAM: u32 = 0;
    /// WordPiece, greedy longest match.
    pub const WORD_PIECE: u32 = 1;
    /// Unigram as in SentencePiece: f32 sums over the whole text, and ALBERT's digit-comma rule.
    pub const SENTENCE_PIECE: u32 = 2;
}

/// Bits of the header's flags.
pub mod flag {
    /// Text may be cut before a blank (U+0020) that follows anything else: nothing in the pipeline sees across.
    pub const CUT_AT_BLANKS: u32 = 1;
    /// As [`CUT_AT_BLANKS`], but only after a visible ASCII character.
    pub const CUT_AFTER_VISIBLE: u32 = 128;
    /// Text may be cut before an ideograph U+4E00 to U+9FFF that follows another or a visible ASCII character.
    pub const CUT_AT_IDEOGRAPHS: u32 = 2;
    /// Words of ASCII characters take the table [`part::ASCII`](super::part::ASCII) instead of the pipeline.
    pub const ASCII_WORDS: u32 = 4;
    /// WordPiece decoder: removes blanks before punctuation and contractions.
    pub const CLEAN_UP: u32 = 32;
    /// Metaspace decoder: the first token's blanks are dropped.
    pub const DROP_FIRST_BLANK: u32 = 64;
    /// All of them.
    pub const ALL: u32 =
        CUT_AT_BLANKS | CUT_AFTER_VISIBLE | CUT_AT_IDEOGRAPHS | ASCII_WORDS | CLEAN_UP | DROP_FIRST_BLANK;
}

/// Decoders.
pub mod decoder {
    /// Tokens joined by blanks.
    pub const NONE: u32 = 0;
    /// Blank characters become blanks.
    pub const METASPACE: u32 = 1;
    /// Continuation prefixes are removed.
    pub const WORD_PIECE: u32 = 2;
    /// SentencePiece's own.
    pub const SENTENCE_PIECE: u32 = 3;
}

/// Indices of the parts that every section has; parts that operations refer to come after them. Any part may be empty.
pub mod part {
    /// Trie of the vocabulary: piece to id.
    pub const VOCAB_TRIE: usize = 0;
    /// f32 score of each id.
    pub const SCORES: usize = 1;
    /// u32 offset into [`TEXT`] of every sixteenth token.
    pub const TEXT_BLOCKS: usize = 2;
    /// u8 bytes of each token; 0 for an id that does not exist.
    pub const TEXT_LENGTHS: usize = 3;
    /// The tokens, one after the other, UTF-8.
    pub const TEXT: usize = 4;
    /// u32 ids of special tokens, ascending.
    pub const SPECIAL: usize = 5;
    /// Trie of added tokens that are matched in the original text: content to index of its record.
    pub const ADDED_TRIE: usize = 6;
    /// Trie of added tokens that are matched in the normalized text.
    pub const NORMALIZED_TRIE: usize = 7;
    /// Records of added tokens, [`ADDED_WORDS`](super::ADDED_WORDS) u32 each.
    pub const ADDED: usize = 8;
    /// Template for one text: u32 pairs of [`template`](super::template) code or id, and token type.
    pub const TEMPLATE_SINGLE: usize = 9;
    /// Template for a pair.
    pub const TEMPLATE_PAIR: usize = 10;
    /// Normalizer operations, [`OP_WORDS`](super::OP_WORDS) u32 each.
    pub const OPS: usize = 11;
    /// Pre-tokenizer steps, [`OP_WORDS`](super::OP_WORDS) u32 each.
    pub const STEPS: usize = 12;
    /// u8 x 128: what an ASCII character becomes, 0 when the pipeline must decide. Bit 7 is set on characters of replaced
    /// patterns: two of them in a row are for the pipeline.
    pub const ASCII: usize = 13;
    /// Continuation prefix (WordPiece), UTF-8; unknown surface (SentencePiece).
    pub const PREFIX: usize = 14;
    /// Table of word characters (`\w`), for added tokens that must stand alone.
    pub const WORD_CHARACTERS: usize = 15;
    /// Pieces that ALBERT's tokenizer splits again because they end in a digit and a comma: u32 triples of id, first and
    /// number of entries in [`DIGIT_COMMA_PIECES`]; ids ascending. SentencePiece only.
    pub const DIGIT_COMMA: usize = 16;
    /// i8 of each id: how many f64 values the score lies above its f32; -128 for an exception. Empty when all are 0.
    pub const SCORE_STEPS: usize = 17;
    /// u32 triples, ids ascending: id, low and high word of its f64 score.
    pub const SCORE_EXCEPTIONS: usize = 18;
    /// What those pieces are split into: u32 pairs of id and code points.
    pub const DIGIT_COMMA_PIECES: usize = 19;
    /// Number of these parts.
    pub const COUNT: usize = 20;
}

/// u32 words of an operation or step: code, then arguments.
pub const OP_WORDS: usize = 5;
/// Most operations, and most steps.
pub const MAX_OPS: usize = 12;
/// u32 words of an added token: id, flags.
pub const ADDED_WORDS: usize = 2;
/// Longest token, key of a trie, pattern and replacement, in bytes.
pub const MAX_TOKEN_BYTES: usize = 255;
/// Most entries of the token table.
pub const MAX_IDS: u32 = 1 << 22;
/// Most entries of a post-processor template.
pub const MAX_TEMPLATE: usize = 64;
/// Most characters that one character may become.
pub const MAX_EXPANSION: u32 = 1024;
/// Most characters that may come besides.
pub const MAX_EXPANSION_EXTRA: u32 = 1 << 16;

/// A trie's units: bits 0 to 7 label, 8 "a key ends here", 9 to 30 base, 31 "this unit is a value" (the other bits).
pub mod trie {
    /// The bits that must equal the byte of a transition.
    pub const LABEL: u32 = 0x8000_00ff;
    /// A key ends here; its value is the unit at the base.
    pub const TERMINAL: u32 = 0x100;
    /// Shift of the base.
    pub const BASE_SHIFT: u32 = 9;
    /// Mask of the base, shifted.
    pub const BASE_MASK: u32 = 0x3f_ffff;
    /// Marks a value, and an unused unit.
    pub const VALUE: u32 = 1 << 31;
}

/// Grapheme categories of a `CHARSMAP` table: the low four bits.
pub mod grapheme {
    /// No property of its own.
    pub const ANY: u16 = 0;
    /// Control, and CR and LF, which the code knows.
    pub const CONTROL: u16 = 1;
    /// Extend.
    pub const EXTEND: u16 = 2;
    /// Zero width joiner.
    pub const ZWJ: u16 = 3;
    /// SpacingMark.
    pub const SPACING_MARK: u16 = 4;
    /// Prepend.
    pub const PREPEND: u16 = 5;
    /// Hangul leading consonant.
    pub const L: u16 = 6;
    /// Hangul vowel.
    pub const V: u16 = 7;
    /// Hangul trailing consonant.
    pub const T: u16 = 8;
    /// Hangul syllable without trailing consonant.
    pub const LV: u16 = 9;
    /// Hangul syllable with trailing consonant.
    pub const LVT: u16 = 10;
    /// Regional indicator.
    pub const REGIONAL: u16 = 11;
    /// Extended pictographic.
    pub const PICTOGRAPHIC: u16 = 12;
    /// Indic conjunct consonant.
    pub const CONSONANT: u16 = 13;
    /// The category's bits.
    pub const CATEGORY: u16 = 15;
    /// Indic conjunct linker.
    pub const LINKER: u16 = 16;
    /// Indic conjunct extend.
    pub const CONJUNCT_EXTEND: u16 = 32;
}

/// Bits of an added token's flags.
pub mod added {
    /// Blanks to the left belong to the token.
    pub const LSTRIP: u32 = 1;
    /// Blanks to the right belong to the token.
    pub const RSTRIP: u32 = 2;
    /// The neighbours must not be word characters.
    pub const SINGLE_WORD: u32 = 4;
    /// All of them.
    pub const ALL: u32 = LSTRIP | RSTRIP | SINGLE_WORD;
}

/// Codes in the first word of a template entry; other values are ids.
pub mod template {
    /// The first text.
    pub const FIRST: u32 = u32::MAX;
    /// The second text.
    pub const SECOND: u32 = u32::MAX - 1;
}

/// How words of ASCII characters are cut.
pub mod ascii {
    /// At blanks, which are dropped; the blank character is put before each word.
    pub const BLANKS: u32 = 0;
    /// At blanks, which are dropped; punctuation is a word of its own.
    pub const PUNCTUATION: u32 = 1;
}

/// Normalizer operations; arguments are part indices but where said otherwise.
pub mod op {
    /// Every code point to a sequence: table, pool.
    pub const MAP: u32 = 0;
    /// Canonical or compatibility decomposition and reordering: table, pool, combining classes; then composition when there is
    /// a fourth part: u32 triples (first, second, composite), ascending.
    pub const DECOMPOSE: u32 = 1;
    /// A literal string to another: pattern (UTF-8), content (UTF-8).
    pub const REPLACE: u32 = 3;
    /// Runs of two and more blanks to a string: content (UTF-8).
    pub const COLLAPSE_BLANKS: u32 = 4;
    /// Strips White_Space: bit 0 left, bit 1 right (a number).
    pub const STRIP: u32 = 5;
    /// Puts a string before a text that is not empty: content (UTF-8).
    pub const PREPEND: u32 = 6;
    /// Precompiled character map, as `tokenizers` applies it: trie, replacements, grapheme categories (may be empty).
    pub const CHARSMAP: u32 = 7;
    /// SentencePiece's normalizer: trie, replacements, user-defined symbols (trie), bits of
    /// [`sentence_piece`](super::sentence_piece).
    pub const SENTENCE_PIECE: u32 = 8;
}

/// Bits of the `SENTENCE_PIECE` operation.
pub mod sentence_piece {
    /// A blank is put before the text.
    pub const DUMMY_PREFIX: u32 = 1;
    /// Blanks at the ends are dropped and runs of blanks become one.
    pub const REMOVE_EXTRA_BLANKS: u32 = 2;
    /// Blanks become U+2581.
    pub const ESCAPE_BLANKS: u32 = 4;
}

/// Values of a `MAP` or `DECOMPOSE` table; higher ones are word indices into the pool, plus [`POOL`](map::POOL).
pub mod map {
    /// The code point itself.
    pub const IDENTITY: u16 = 0;
    /// Nothing.
    pub const REMOVE: u16 = 1;
    /// The code point between two blanks.
    pub const SPACED: u16 = 2;
    /// Hangul syllable: its conjoining jamo.
    pub const HANGUL: u16 = 3;
    /// Added to pool indices.
    pub const POOL: u16 = 4;
    /// Set in a pool word when the sequence goes on.
    pub const MORE: u32 = 1 << 31;
}

/// Pre-tokenizer steps.
pub mod step {
    /// Splits at White_Space and drops it.
    pub const WHITESPACE: u32 = 0;
    /// Metaspace: the blank character, [`prepend`](super::prepend), split (0 or 1).
    pub const METASPACE: u32 = 1;
    /// Isolates punctuation: part index of the punctuation table.
    pub const PUNCTUATION: u32 = 2;
}

/// When Metaspace puts a blank character before a text.
pub mod prepend {
    /// Always, unless it begins with one.
    pub const ALWAYS: u32 = 0;
    /// Only before the beginning of the original text.
    pub const FIRST: u32 = 1;
    /// Never.
    pub const NEVER: u32 = 2;
}
