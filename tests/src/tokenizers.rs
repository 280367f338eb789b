//! Tokenizers under test, and the hard texts that they are tried on.

use std::path::PathBuf;

use albert_core::tokenizer::{EncodeError, EncodeOptions, Encoding, Tokenizer};
use albert_quant::tokenizer::{CompiledTokenizer, compile_json};
use serde_json::{Value, json};

/// A compiled tokenizer at an aligned address.
pub struct Section {
    words: Vec<u64>,
    bytes: usize,
}

impl Section {
    /// Copies the bytes to where they may be read.
    pub fn new(bytes: &[u8]) -> Self {
        let word = |chunk: &[u8]| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        };
        Self { words: bytes.chunks(8).map(word).collect(), bytes: bytes.len() }
    }

    /// The compiled tokenizer.
    pub fn of(compiled: &CompiledTokenizer) -> Self {
        Self::new(&compiled.bytes)
    }

    /// Compiles a `tokenizer.json`.
    pub fn json(json: &[u8]) -> Self {
        Self::of(&compile_json(json, None).unwrap_or_else(|error| panic!("{error}")))
    }

    /// The bytes, at a multiple of 8.
    pub fn bytes(&self) -> &[u8] {
        // Words are written in little-endian order on the machines that run these tests.
        &bytemuck::cast_slice(&self.words)[..self.bytes]
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> Tokenizer<'_> {
        Tokenizer::parse(self.bytes()).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// A file of the tokenizer fixtures.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/tokenizer").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The section of a `tokenizer.json`.
///
/// # Panics
/// When it cannot be compiled.
pub fn compile(json: &Value) -> Vec<u8> {
    compile_json(json.to_string().as_bytes(), None).unwrap_or_else(|error| panic!("{error}")).bytes
}

/// The small Unigram tokenizer, its character map put in.
pub fn unigram_json() -> Value {
    let mut json: Value = serde_json::from_slice(&fixture("unigram.json")).expect("JSON");
    let normalizers = json["normalizer"]["normalizers"].as_array_mut().expect("normalizers");
    normalizers.pop();
    normalizers.push(precompiled());
    json
}

/// The small WordPiece tokenizer.
pub fn wordpiece_json() -> Value {
    serde_json::from_slice(&fixture("wordpiece.json")).expect("JSON")
}

/// The character map of the small `spiece.model` as a normalizer.
pub fn precompiled() -> Value {
    use base64::Engine;
    let map = base64::engine::general_purpose::STANDARD.encode(character_map());
    json!({"type": "Precompiled", "precompiled_charsmap": map})
}

/// The character map of the small `spiece.model`.
pub fn character_map() -> Vec<u8> {
    let model = fixture("spiece.model");
    let normalizer = field(&model, 3).expect("normalizer_spec");
    field(normalizer, 2).expect("precompiled_charsmap").to_vec()
}

/// The first field of this number that holds bytes.
fn field(mut message: &[u8], wanted: u64) -> Option<&[u8]> {
    let number = |message: &mut &[u8]| {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *message.split_off_first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    };
    while !message.is_empty() {
        let key = number(&mut message)?;
        match key & 7 {
            0 => drop(number(&mut message)?),
            5 => drop(message.split_off(..4)?),
            _ => {
                let length = number(&mut message)? as usize;
                let bytes = message.split_off(..length)?;
                if key >> 3 == wanted {
                    return Some(bytes);
                }
            }
        }
    }
    None
}

/// Encodes with as much memory as it takes, starting small.
pub fn encode<'w>(
    tokenizer: &Tokenizer<'_>,
    text: &str,
    pair: Option<&str>,
    options: &EncodeOptions,
    memory: &'w mut Vec<u8>,
) -> Result<Encoding<'w>, EncodeError> {
    loop {
        match tokenizer.encode(text, pair, options, memory) {
            Err(EncodeError::MemoryTooSmall { missing }) => {
                let more = memory.len() / 2 + missing;
                memory.resize(memory.len() + more, 0xa5);
            }
            Err(error) => return Err(error),
            Ok(_) => break,
        }
    }
    tokenizer.encode(text, pair, options, memory)
}

/// A small generator of random numbers (xorshift64*).
pub struct Random(u64);

impl Random {
    /// A seed of any value but 0.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.number() >> 33) as usize % n
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Plain words, marks and digits.
const PLAIN: [&str; 34] = [
    "the",
    "weather",
    "Tokyo",
    "RUNNING",
    "don't",
    "it's",
    "2,014",
    "151,222",
    "9,9",
    "3,",
    "III.",
    "hello",
    "world",
    "a",
    "I",
    "unbelievably",
    "...",
    "?!",
    "(mit",
    "x)",
    "A.B.C",
    "$5.50",
    "#tag",
    "under_score",
    "semi;colon",
    "``quoted''",
    "''",
    "``",
    "`",
    "'",
    "e.g.",
    "x86-64",
    "@",
    "antidisestablishmentarianism",
];
/// Special tokens, whole and broken.
const SPECIAL: [&str; 18] = [
    "[MASK]",
    "[CLS]",
    "[SEP]",
    "<pad>",
    "<unk>",
    "[PAD]",
    "[UNK]",
    "[mask]",
    "<PAD>",
    "[MASK",
    "MASK]",
    "[[MASK]]",
    "[MASK][MASK]",
    "<",
    "[",
    " [MASK] ",
    "\t[MASK]",
    "<<unk>>",
];
/// Characters that normalization, clusters or splitting treat in their own way.
const ODD: [&str; 101] = [
    "\u{301}",
    "\u{300}",
    "\u{323}",
    "\u{302}",
    "\u{308}",
    "\u{327}",
    "\u{316}",
    "\u{344}",
    "\u{345}",
    "\u{f73}",
    "\u{f71}",
    "\u{94d}",
    "\u{93e}",
    "\u{915}",
    "\u{93c}",
    "\u{e33}",
    "\u{eb3}",
    "\u{e49}",
    "\u{302e}",
    "\u{3099}",
    "\u{309a}",
    "\u{1d165}",
    "\u{1d16d}",
    "\u{20dd}",
    "\u{fe0f}",
    "\u{200b}",
    "\u{200c}",
    "\u{200d}",
    "\u{200e}",
    "\u{2060}",
    "\u{feff}",
    "\u{ad}",
    "\u{0}",
    "\u{7}",
    "\u{1c}",
    "\u{7f}",
    "\u{85}",
    "\u{9f}",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{b}",
    "\u{c}",
    "\u{a0}",
    "\u{2003}",
    "\u{2028}",
    "\u{3000}",
    "\u{1680}",
    "\u{fffd}",
    "\u{2581}",
    "\u{2581}x",
    "\u{ff21}\u{ff22}",
    "\u{ff0d}",
    "\u{ff76}\u{ff9e}",
    "\u{ff9f}",
    "\u{30ab}",
    "\u{304b}\u{3099}",
    "\u{30fc}",
    "\u{fb01}",
    "\u{fb03}",
    "\u{132}",
    "\u{1c4}",
    "\u{df}",
    "\u{1e9e}",
    "\u{130}",
    "\u{131}",
    "\u{3a3}",
    "\u{3c2}",
    "\u{1d6ba}",
    "\u{212a}",
    "\u{bd}",
    "\u{2460}",
    "\u{2163}",
    "\u{2122}",
    "\u{2026}",
    "\u{a8}",
    "\u{b4}",
    "\u{fdfa}",
    "\u{337f}",
    "\u{1100}",
    "\u{1161}",
    "\u{11a8}",
    "\u{ac00}",
    "\u{ac01}",
    "\u{d55c}\u{ad6d}",
    "\u{4e2d}\u{6587}",
    "\u{f900}",
    "\u{2f800}",
    "\u{2b820}",
    "\u{2b920}",
    "\u{1f600}",
    "\u{1f468}\u{200d}\u{1f469}",
    "\u{1f1e9}\u{1f1ea}\u{1f1eb}",
    "1\u{fe0f}\u{20e3}",
    "\u{1f44d}\u{1f3fd}",
    "\u{1f469}\u{200d}\u{2764}\u{fe0f}\u{200d}\u{1f48b}\u{200d}\u{1f468}",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",
    "\u{600}",
    "\u{110bd}",
    "\u{e0020}",
];

/// A text to try a tokenizer on: fragments of every kind, in any order.
pub fn hard_text(random: &mut Random) -> String {
    let mut text = String::new();
    let parts = match random.below(20) {
        0 => 0,
        1 => 40 + random.below(60),
        _ => 1 + random.below(12),
    };
    let mood = random.below(6);
    for _ in 0..parts {
        let kind = match mood {
            0 => 0,
            1 => 5,
            2 => 2,
            _ => random.below(9),
        };
        match kind {
            0 | 1 => text.push_str(random.pick(&PLAIN)),
            2 | 3 => text.push_str(random.pick(&ODD)),
            4 => text.push_str(random.pick(&SPECIAL)),
            5 => text.extend(any_character(random)),
            6 => {
                let piece = random.pick(&PLAIN);
                (0..1 + random.below(4)).for_each(|_| text.push_str(piece));
            }
            7 if random.below(8) == 0 => {
                let odd = random.pick(&ODD);
                (0..1 + random.below(120)).for_each(|_| text.push_str(odd));
            }
            8 if random.below(24) == 0 => {
                let piece = random.pick(&PLAIN);
                (0..100 + random.below(400)).for_each(|_| text.push_str(piece));
            }
            _ => (0..1 + random.below(3)).for_each(|_| text.push_str(random.pick(&ODD))),
        }
        if random.below(3) > 0 {
            (0..if random.below(6) == 0 { 1 + random.below(3) } else { 1 }).for_each(|_| text.push(' '));
        }
    }
    text
}

/// A character from anywhere, more often from where scripts are.
fn any_character(random: &mut Random) -> Option<char> {
    let code = match random.below(6) {
        0 => random.below(0x100),
        1 => random.below(0x3000),
        2 => 0x2000 + random.below(0x2000),
        3 => random.below(0x1_0000),
        4 => 0xf900 + random.below(0x700),
        _ => random.below(0x2_0000) + 0x1_0000 * random.below(2),
    };
    char::from_u32(code as u32)
}
