//! The inputs that models are run on.

use std::collections::BTreeMap;

use albert_core::Model;
use albert_core::tokenizer::{EncodeOptions, memory_bytes};

/// The answers that are right for an input, as indices of the model's labels or of its vocabulary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// Nobody says.
    #[default]
    Unknown,
    /// The labels that apply to the whole input.
    Labels(Vec<usize>),
    /// Those of some tokens, by position; `None` where the model does not have the right one.
    Tokens(BTreeMap<usize, Option<usize>>),
}

/// One input: token ids, special tokens included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The token type of each id; empty if all are 0.
    pub token_types: Vec<u32>,
    /// The text of the ids; empty if there is none.
    pub text: String,
    /// The second text, if the input is a pair.
    pub pair: Option<String>,
    /// The right answers.
    pub expected: Expected,
}

/// The inputs that models are run on, and where they come from.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Where the inputs come from, for people: the name of a file, or what the built-in inputs are.
    pub name: String,
    /// The inputs; each has at least one token.
    pub inputs: Vec<Input>,
}

/// Lines of the built-in text that are joined to one long input.
const JOINED_LINES: usize = 6;
/// Lengths of random inputs, in turn, and how many there are.
const LENGTHS: [usize; 6] = [16, 48, 24, 96, 32, 64];
const RANDOM_INPUTS: usize = 24;

/// Sentences of several kinds, one a line; calibration never sees them.
const TEXT: &str = include_str!("held_out.txt");

impl Sample {
    /// Most tokens of a built-in input.
    pub const MOST_TOKENS: usize = 128;

    /// Inputs that come with this library: sentences that calibration never sees, one by one and several as one text. A model without
    /// a tokenizer gets random ids.
    pub fn built_in(model: &Model<'_>) -> Self {
        let config = model.config();
        let limit = Self::MOST_TOKENS.min(config.max_position_embeddings as usize);
        let Some(tokenizer) = model.tokenizer() else {
            return Self {
                name: "built-in random ids, no tokenizer".to_owned(),
                inputs: random(config.vocab_size, limit),
            };
        };
        let lines: Vec<&str> = TEXT.lines().collect();
        let joined = lines.chunks(JOINED_LINES).map(|lines| lines.join(" "));
        let options = EncodeOptions { max_tokens: Some(limit), ..EncodeOptions::default() };
        let mut memory = vec![0; memory_bytes(limit, 4 * TEXT.len())];
        let texts = lines.iter().map(|&line| line.to_owned()).chain(joined);
        let inputs = texts.filter_map(|text| {
            let encoding = tokenizer.encode(&text, None, &options, &mut memory).ok()?;
            let input = Input { ids: encoding.ids().to_vec(), text: text.clone(), ..Input::default() };
            (!input.ids.is_empty()).then_some(input)
        });
        Self { name: "built-in held-out text".to_owned(), inputs: inputs.collect() }
    }

    /// Number of tokens of all inputs.
    pub fn tokens(&self) -> usize {
        self.inputs.iter().map(|input| input.ids.len()).sum()
    }
}

/// Ids without meaning, the same for the same vocabulary; small ids are frequent, as in vocabularies sorted by frequency.
fn random(vocabulary: u32, limit: usize) -> Vec<Input> {
    let mut state = 0x5eed_u64;
    let mut id = || {
        // Knuth's generator (MMIX); the high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = (state >> 40) as f64 / f64::from(1 << 24);
        (uniform * uniform * f64::from(vocabulary)) as u32
    };
    let lengths = LENGTHS.into_iter().cycle().take(RANDOM_INPUTS);
    lengths.map(|length| Input { ids: (0..length.min(limit)).map(|_| id()).collect(), ..Input::default() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_in_the_vocabulary() {
        let inputs = random(178, 50);
        assert_eq!(inputs.len(), RANDOM_INPUTS);
        assert!(inputs.iter().all(|input| input.ids.len() <= 50 && input.ids.iter().all(|&id| id < 178)));
        assert_eq!(inputs, random(178, 50));
    }
}
