//! A tokenizer between its files and its section.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use albert_core::tokenizer::section::template;
use serde::Deserialize;

use super::CompileError;
use super::normalizer::{Normalizer, PreTokenizer};
use super::note::Note;

/// Everything that the section is made from.
#[derive(Clone)]
pub(super) struct Definition {
    /// Code of the model.
    pub(super) model: u32,
    /// Keys of the vocabulary's trie with their ids.
    pub(super) pieces: Vec<(String, u32)>,
    /// Scores by id; empty for WordPiece.
    pub(super) scores: Vec<f64>,
    pub(super) unk: u32,
    pub(super) unk_score: f64,
    pub(super) max_word: u32,
    /// Continuation prefix.
    pub(super) prefix: String,
    /// Tokens by id, for decoding.
    pub(super) tokens: BTreeMap<u32, String>,
    pub(super) vocab_size: usize,
    pub(super) added: Vec<AddedToken>,
    pub(super) normalizers: Vec<Normalizer>,
    pub(super) steps: Vec<PreTokenizer>,
    pub(super) single: Vec<(u32, u32)>,
    pub(super) pair: Vec<(u32, u32)>,
    pub(super) decoder: Decoder,
    /// The tokens of the roles, as `tokenizer_config.json` or convention names them.
    pub(super) roles: Roles,
    /// Pieces that end in a digit and a comma, and their parts: id and code points.
    pub(super) digit_comma: BTreeMap<u32, Vec<(u32, u32)>>,
}

impl Definition {
    pub(super) fn new(model: u32, pieces: Vec<(String, u32)>, unk: u32) -> Self {
        Self {
            model,
            tokens: pieces.iter().map(|(piece, id)| (*id, piece.clone())).collect(),
            vocab_size: pieces.len(),
            pieces,
            scores: Vec::new(),
            unk,
            unk_score: 0.0,
            max_word: 0,
            prefix: String::new(),
            added: Vec::new(),
            normalizers: Vec::new(),
            steps: Vec::new(),
            single: vec![(template::FIRST, 0)],
            pair: vec![(template::FIRST, 0), (template::SECOND, 1)],
            decoder: Decoder::None,
            roles: Default::default(),
            digit_comma: BTreeMap::new(),
        }
    }
}

/// Decoders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decoder {
    None,
    Metaspace { blank: char, drop_first: bool },
    WordPiece { clean_up: bool },
    SentencePiece,
}

/// An added token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct AddedToken {
    /// The file's; the reference goes by the content.
    pub(super) id: u32,
    pub(super) content: String,
    pub(super) single_word: bool,
    pub(super) lstrip: bool,
    pub(super) rstrip: bool,
    pub(super) normalized: bool,
    pub(super) special: bool,
    /// Other texts that are this token; see [`Self::content`] for the first.
    #[serde(skip)]
    pub(super) variants: Vec<String>,
}

/// Ids by role.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Roles {
    pub(super) cls: Option<u32>,
    pub(super) sep: Option<u32>,
    pub(super) mask: Option<u32>,
    pub(super) pad: Option<u32>,
    pub(super) model_max_length: Option<u32>,
}

/// The part of `tokenizer_config.json` that matters here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    pub(super) tokenizer_class: Option<String>,
    pub(super) word_tokenizer_type: Option<String>,
    pub(super) do_lower_case: Option<bool>,
    pub(super) keep_accents: Option<bool>,
    pub(super) remove_space: Option<bool>,
    pub(super) strip_accents: Option<bool>,
    pub(super) tokenize_chinese_chars: Option<bool>,
    pub(super) model_max_length: Option<f64>,
    /// Its former name.
    pub(super) max_len: Option<f64>,
    pub(super) cls_token: Option<TokenName>,
    pub(super) sep_token: Option<TokenName>,
    pub(super) mask_token: Option<TokenName>,
    pub(super) pad_token: Option<TokenName>,
    pub(super) unk_token: Option<TokenName>,
    pub(super) additional_special_tokens: Option<Vec<TokenName>>,
    /// Added tokens by id; a `tokenizer.json` has a list of its own.
    pub(super) added_tokens_decoder: BTreeMap<u32, ListedToken>,
}

/// An added token as `tokenizer_config.json` lists it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListedToken {
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

/// A token, or a record that describes one.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum TokenName {
    Name(String),
    Record {
        content: String,
        #[serde(default)]
        lstrip: bool,
    },
}

impl TokenName {
    pub(super) fn content(&self) -> &str {
        match self {
            Self::Name(content) | Self::Record { content, .. } => content,
        }
    }

    /// Whether the token takes in blanks on its left.
    pub(super) fn strips_left(&self) -> bool {
        matches!(self, Self::Record { lstrip: true, .. })
    }
}

impl Config {
    pub(super) fn parse(json: Option<&[u8]>) -> Result<Self, CompileError> {
        let Some(json) = json else { return Ok(Self::default()) };
        serde_json::from_slice(json).map_err(|source| CompileError::Json { file: "tokenizer_config.json", source })
    }

    /// The added tokens that the configuration lists, and then those that `roles` name; of two with one content the second
    /// counts, but at the place of the first.
    pub(super) fn added_tokens(&self, roles: impl IntoIterator<Item = AddedToken>) -> Vec<AddedToken> {
        let listed = self.added_tokens_decoder.iter().map(|(&id, token)| AddedToken {
            id,
            content: token.content.clone(),
            single_word: token.single_word,
            lstrip: token.lstrip,
            rstrip: token.rstrip,
            normalized: token.normalized,
            special: token.special,
            variants: vec![],
        });
        let additional = self.additional_special_tokens.iter().flatten().map(TokenName::content);
        let additional = additional.map(|content| AddedToken::special(content.to_owned(), false));
        listed.chain(roles).chain(additional).collect()
    }

    /// Whether listed tokens have got the ids that they are listed with.
    pub(super) fn check_ids(&self, definition: &Definition) -> Result<(), CompileError> {
        let found =
            |content: &str| definition.added.iter().find(|token| token.content == content).map(|token| token.id);
        for (&listed, token) in &self.added_tokens_decoder {
            match found(&token.content) {
                Some(id) if id != listed => {
                    return Err(CompileError::AddedTokenId { token: token.content.clone(), listed, id });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The ids of the roles: the configuration's tokens, else the usual ones.
    pub(super) fn roles(&self, ids: &HashMap<&str, u32>) -> Roles {
        let find = |name: &Option<TokenName>, usual: &[&str]| match name {
            Some(name) => ids.get(name.content()).copied(),
            None => usual.iter().find_map(|usual| ids.get(usual).copied()),
        };
        Roles {
            cls: find(&self.cls_token, &["[CLS]"]),
            sep: find(&self.sep_token, &["[SEP]"]),
            mask: find(&self.mask_token, &["[MASK]"]),
            pad: find(&self.pad_token, &["<pad>", "[PAD]"]),
            // Absent is written as 1e30.
            model_max_length: self
                .model_max_length
                .or(self.max_len)
                .filter(|&length| (1.0..=1e9).contains(&length))
                .map(|length| length as u32),
        }
    }
}

impl Definition {
    /// What a configuration says against the pipeline.
    pub(super) fn note(&self, config: &Config) -> Option<Note> {
        let lowers = self
            .normalizers
            .iter()
            .any(|normalizer| matches!(normalizer, Normalizer::Lowercase | Normalizer::Bert { lowercase: true, .. }));
        config.do_lower_case.filter(|&config| config != lowers).map(|config| Note::LowerCaseDiffers { config })
    }

    /// Ids of special tokens: what the reference leaves out when it decodes.
    pub(super) fn special_ids(&self) -> BTreeSet<u32> {
        let special: BTreeSet<&str> =
            self.added.iter().filter(|token| token.special).map(|token| token.content.as_str()).collect();
        self.tokens.iter().filter(|(_, token)| special.contains(token.as_str())).map(|(&id, _)| id).collect()
    }

    /// Gives the added tokens their ids as the reference does: that of the model's vocabulary, or the next free one.
    pub(super) fn number_added_tokens(&mut self, model_ids: &HashMap<String, u32>, model_size: usize) {
        let mut ids: HashMap<String, u32> = HashMap::new();
        let mut by_id: BTreeMap<u32, AddedToken> = BTreeMap::new();
        let mut next = model_size as u32;
        for mut token in std::mem::take(&mut self.added) {
            if token.content.is_empty() {
                continue;
            }
            let known = ids.get(&token.content).or_else(|| model_ids.get(&token.content)).copied();
            token.id = known.unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            ids.insert(token.content.clone(), token.id);
            self.tokens.insert(token.id, token.content.clone());
            by_id.insert(token.id, token);
        }
        let overlapping = ids.keys().filter(|content| model_ids.contains_key(*content)).count();
        self.vocab_size = model_size + ids.len() - overlapping;
        self.added = by_id.into_values().collect();
    }
}
