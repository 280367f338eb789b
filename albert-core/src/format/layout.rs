//! The constants and records of model and head files, shared by the reader here and the writer in `albert-quant`.
//!
//! `docs/format.md` is the specification. Integers are little-endian.

/// First eight bytes of every model file.
pub const MAGIC: [u8; 8] = *b"ALBERT\x1a\n";
/// The version of model files that this crate reads.
pub const VERSION: u32 = 3;
/// First eight bytes of every head file.
pub const HEAD_MAGIC: [u8; 8] = *b"ALHEAD\x1a\n";
/// The version of head files that this crate reads.
pub const HEAD_VERSION: u32 = 1;
/// First eight bytes of every index file.
pub const INDEX_MAGIC: [u8; 8] = *b"ALINDX\x1a\n";
/// The version of index files that this crate reads.
pub const INDEX_VERSION: u32 = 1;
/// Bytes of the section that describes an index file.
pub const INDEX_BYTES: usize = 64;
/// Bytes of the file header.
pub const HEADER_BYTES: usize = 64;
/// Bytes of one section directory entry.
pub const SECTION_BYTES: usize = 24;
/// Bytes of the configuration section without the group table.
pub const CONFIG_BYTES: usize = 192;
/// Bytes at the start of the configuration section that describe the encoder.
pub const ENCODER_CONFIG_BYTES: usize = 64;
/// Bytes of the section that describes a head file.
pub const HEAD_BYTES: usize = 64;
/// Bytes of the signature section.
pub const SIGNATURE_BYTES: usize = 128;
/// Bytes before the first tensor record.
pub const TABLE_HEADER_BYTES: usize = 64;
/// Bytes of one tensor record.
pub const TENSOR_BYTES: usize = 64;
/// Sections and tensor data start at multiples of this.
pub const ALIGNMENT: usize = 64;
/// Output channels of a panel; vectors are padded with zeros to a multiple of it.
pub const PANEL_CHANNELS: usize = 16;
/// Output channels that a matrix product computes at a time.
pub(crate) const GROUP_CHANNELS: usize = 64;
/// Places in K that lie together in a panel of int8 weights.
pub const K_GROUP: usize = 4;
/// Places in K that share a multiplier in the codebook formats.
pub const K_UNIT: usize = 8;
/// Output channels that share a multiplier in the codebook formats.
pub const CODEBOOK_CHANNELS: usize = 4;
/// The low bits of an f32 that a stepped scale does without: 32 steps an octave, eight octaves.
pub const SCALE_STEP_SHIFT: u32 = 18;
/// Most places in K of a linear, so that no i32 sum of 255 x 127 products can overflow.
pub const MAX_K: u32 = 65_536;
/// Set in a section's flags when a reader that does not know it must refuse the file.
pub const SECTION_REQUIRED: u32 = 1;

/// Kinds of section.
pub mod section {
    /// Network configuration and group table; required.
    pub const CONFIG: u32 = u32::from_le_bytes(*b"CONF");
    /// Tensor records; required.
    pub const TENSORS: u32 = u32::from_le_bytes(*b"TENS");
    /// Tensor data; required.
    pub const DATA: u32 = u32::from_le_bytes(*b"DATA");
    /// Label names.
    pub const LABELS: u32 = u32::from_le_bytes(*b"LABL");
    /// Compiled tokenizer.
    pub const TOKENIZER: u32 = u32::from_le_bytes(*b"TOKN");
    /// Where the model comes from: JSON text, for people and tools.
    pub const PROVENANCE: u32 = u32::from_le_bytes(*b"META");
    /// Texts to put before inputs.
    pub const PROMPTS: u32 = u32::from_le_bytes(*b"PRMT");
    /// What a head file is; required there.
    pub const HEAD: u32 = u32::from_le_bytes(*b"HEAD");
    /// What an index file is; required there.
    pub const INDEX: u32 = u32::from_le_bytes(*b"INDX");
    /// Signature; the last section.
    pub const SIGNATURE: u32 = u32::from_le_bytes(*b"SIGN");
}

/// Offsets of the fields in the configuration section.
pub mod field {
    #![allow(missing_docs, reason = "docs/format.md describes each")]
    pub const VOCAB_SIZE: usize = 0;
    pub const EMBEDDING_SIZE: usize = 4;
    pub const HIDDEN_SIZE: usize = 8;
    pub const INTERMEDIATE_SIZE: usize = 12;
    pub const NUM_HIDDEN_LAYERS: usize = 16;
    pub const NUM_HIDDEN_GROUPS: usize = 20;
    pub const INNER_GROUP_NUM: usize = 24;
    pub const NUM_ATTENTION_HEADS: usize = 28;
    pub const MAX_POSITION_EMBEDDINGS: usize = 32;
    pub const TYPE_VOCAB_SIZE: usize = 36;
    pub const HIDDEN_ACT: usize = 40;
    pub const LAYER_NORM_EPS: usize = 44;
    pub const PRECISION: usize = 48;
    pub const EMBEDDING_MAPPING: usize = 52;
    pub const POOLER: usize = 56;
    pub const POOLER_ACT: usize = 60;
    pub const OCS_PLACES: usize = 64;
    pub const SMOOTHING: usize = 68;
    pub const CODEBOOK: usize = 72;
    pub const MAX_SEQUENCE: usize = 76;
    pub const ENCODER_HASH: usize = 96;
    pub const HEAD: usize = 128;
    pub const NUM_LABELS: usize = 132;
    pub const PROBLEM_TYPE: usize = 136;
    pub const POOLING: usize = 140;
    pub const TEMPERATURE: usize = 144;
    pub const THRESHOLD: usize = 148;
    pub const SENTENCE_POOLING: usize = 160;
    pub const SENTENCE_NORMALIZE: usize = 164;
    pub const SENTENCE_DENSE: usize = 168;
    pub const SENTENCE_DENSE_ACT: usize = 172;
    /// Ranges of reserved bytes.
    pub const RESERVED: [core::ops::Range<usize>; 3] = [80..96, 152..160, 176..192];
}

/// Offsets of the fields in the section that describes an index file.
pub mod index_field {
    #![allow(missing_docs, reason = "docs/format.md describes each")]
    pub const WIDTH: usize = 0;
    pub const COUNT: usize = 4;
    /// Range of reserved bytes.
    pub const RESERVED: core::ops::Range<usize> = 8..32;
    pub const ENCODER_HASH: usize = 32;
}

/// Offsets of the fields in the section that describes a head file.
pub mod head_field {
    #![allow(missing_docs, reason = "docs/format.md describes each")]
    pub const WIDTH: usize = 0;
    pub const NUM_LABELS: usize = 4;
    pub const PROBLEM_TYPE: usize = 8;
    pub const POOLING: usize = 12;
    pub const TEMPERATURE: usize = 16;
    pub const THRESHOLD: usize = 20;
    /// Range of reserved bytes.
    pub const RESERVED: core::ops::Range<usize> = 24..32;
    pub const ENCODER_HASH: usize = 32;
}

/// Element types of tensors.
pub mod dtype {
    /// IEEE binary32.
    pub const F32: u8 = 0;
    /// IEEE binary16.
    pub const F16: u8 = 1;
    /// Signed bytes in [-127, 127] with a scale per output channel.
    pub const I8: u8 = 2;
    /// Indices into the codebook of 16 levels, a multiplier per 4 channels and 8 places, a scale per channel.
    pub const C4: u8 = 3;
    /// As `C4` with 32 levels.
    pub const C5: u8 = 4;
    /// The last of them.
    pub const LAST: u8 = C5;

    /// Whether weights of this dtype are expanded from a codebook.
    pub const fn is_codebook(code: u8) -> bool {
        matches!(code, C4 | C5)
    }

    /// The dtype's name; empty for another code.
    pub const fn name(code: u8) -> &'static str {
        match code {
            F32 => "f32",
            F16 => "f16",
            I8 => "int8",
            C4 => "int4",
            C5 => "int5",
            _ => "",
        }
    }
}

/// What a tensor is. Block tensors repeat for each block, exit classifiers for each layer; all others occur at most once.
pub mod role {
    /// Matrix V x E.
    pub const WORD_EMBEDDINGS: u16 = 0;
    /// Matrix P x E.
    pub const POSITION_EMBEDDINGS: u16 = 1;
    /// Matrix T x E.
    pub const TOKEN_TYPE_EMBEDDINGS: u16 = 2;
    /// Vector E.
    pub const EMBEDDING_NORM_WEIGHT: u16 = 3;
    /// Vector E.
    pub const EMBEDDING_NORM_BIAS: u16 = 4;
    /// Matrix H x E; with [`EMBEDDING_MAPPING_BIAS`] absent from models whose embeddings are the first hidden states.
    pub const EMBEDDING_MAPPING: u16 = 5;
    /// Vector H.
    pub const EMBEDDING_MAPPING_BIAS: u16 = 6;

    /// Matrix H x H, block.
    pub const QUERY: u16 = 16;
    /// Vector H, block.
    pub const QUERY_BIAS: u16 = 17;
    /// Matrix H x H, block.
    pub const KEY: u16 = 18;
    /// Vector H, block.
    pub const KEY_BIAS: u16 = 19;
    /// Matrix H x H, block.
    pub const VALUE: u16 = 20;
    /// Vector H, block.
    pub const VALUE_BIAS: u16 = 21;
    /// Matrix H x H, block.
    pub const ATTENTION_OUTPUT: u16 = 22;
    /// Vector H, block.
    pub const ATTENTION_OUTPUT_BIAS: u16 = 23;
    /// Vector H, block.
    pub const ATTENTION_NORM_WEIGHT: u16 = 24;
    /// Vector H, block.
    pub const ATTENTION_NORM_BIAS: u16 = 25;
    /// Matrix I x H, block.
    pub const FFN: u16 = 26;
    /// Vector I, block.
    pub const FFN_BIAS: u16 = 27;
    /// Matrix H x I, block.
    pub const FFN_OUTPUT: u16 = 28;
    /// Vector H, block.
    pub const FFN_OUTPUT_BIAS: u16 = 29;
    /// Vector H, block.
    pub const OUTPUT_NORM_WEIGHT: u16 = 30;
    /// Vector H, block.
    pub const OUTPUT_NORM_BIAS: u16 = 31;

    /// Matrix H x H.
    pub const POOLER: u16 = 64;
    /// Vector H.
    pub const POOLER_BIAS: u16 = 65;
    /// Matrix C x H: sequence and token classification, question answering, multiple choice.
    pub const CLASSIFIER: u16 = 66;
    /// Vector C.
    pub const CLASSIFIER_BIAS: u16 = 67;
    /// Matrix E x H: transform of the masked-LM head.
    pub const MLM_DENSE: u16 = 68;
    /// Vector E.
    pub const MLM_DENSE_BIAS: u16 = 69;
    /// Vector E.
    pub const MLM_NORM_WEIGHT: u16 = 70;
    /// Vector E.
    pub const MLM_NORM_BIAS: u16 = 71;
    /// Matrix V x E; absent when tied to the word embeddings.
    pub const MLM_DECODER: u16 = 72;
    /// Vector V.
    pub const MLM_DECODER_BIAS: u16 = 73;
    /// Matrix C x H: sentence order.
    pub const SENTENCE_ORDER: u16 = 74;
    /// Vector C.
    pub const SENTENCE_ORDER_BIAS: u16 = 75;
    /// Matrix D x H: the dense layer that sentence embeddings go through.
    pub const SENTENCE_DENSE: u16 = 76;
    /// Vector D.
    pub const SENTENCE_DENSE_BIAS: u16 = 77;
    /// Matrix C x H, for each layer but the last: sequence classification after that layer.
    pub const EXIT_CLASSIFIER: u16 = 78;
    /// Vector C, as often.
    pub const EXIT_CLASSIFIER_BIAS: u16 = 79;
    /// Matrix N x D of an index file: an embedding a row.
    pub const VECTORS: u16 = 80;
}

/// Tensors before the blocks, in file order.
pub const EMBEDDING_ROLES: core::ops::RangeInclusive<u16> = role::WORD_EMBEDDINGS..=role::EMBEDDING_MAPPING_BIAS;
/// Tensors of one block, in file order.
pub const BLOCK_ROLES: core::ops::RangeInclusive<u16> = role::QUERY..=role::OUTPUT_NORM_BIAS;
/// Tensors after the blocks, but for the exits, in file order.
pub const HEAD_ROLES: core::ops::RangeInclusive<u16> = role::POOLER..=role::SENTENCE_DENSE_BIAS;
/// Tensors of one layer's exit, in file order.
pub const EXIT_ROLES: core::ops::RangeInclusive<u16> = role::EXIT_CLASSIFIER..=role::EXIT_CLASSIFIER_BIAS;

/// Rounds up to a multiple of `to`; what has none is as much as can be said.
pub const fn round_up(n: usize, to: usize) -> usize {
    match n.checked_add(to - 1) {
        Some(sum) => sum - sum % to,
        None => usize::MAX,
    }
}

/// Bytes of a matrix of `rows` x `places` in the layout of a dtype, scales and sums not counted; `None` when they do not fit the
/// address space. There are at most [`MAX_K`] places.
pub const fn matrix_bytes(dtype: u8, rows: usize, places: usize) -> Option<usize> {
    let panels = rows.div_ceil(PANEL_CHANNELS);
    match dtype {
        dtype::F32 => panels.checked_mul(PANEL_CHANNELS * 4 * places),
        dtype::F16 => panels.checked_mul(PANEL_CHANNELS * 2 * places),
        dtype::I8 => panels.checked_mul(PANEL_CHANNELS * round_up(places, K_GROUP)),
        dtype if dtype::is_codebook(dtype) => panels.checked_mul(CodebookLayout::new(dtype, places).bytes),
        _ => None,
    }
}

/// Whether the scales of an integer matrix are steps: in the codebook formats, and in int8 for tables whose rows are looked up.
pub const fn has_scale_steps(dtype: u8, lookup: bool) -> bool {
    lookup || dtype != dtype::I8
}

/// Bytes of the scales of an integer matrix: an f32 a row, or the bits of the least scale and a byte of steps a row; padded, and
/// `usize::MAX` when they do not fit the address space.
pub const fn scale_bytes(steps: bool, rows: usize) -> usize {
    let padded = round_up(rows, PANEL_CHANNELS);
    if steps { padded.saturating_add(size_of::<u32>()) } else { padded.saturating_mul(size_of::<f32>()) }
}

/// The scale that lies `steps` above the one with the bits `least`.
pub const fn stepped_scale(least: u32, steps: u8) -> f32 {
    f32::from_bits(least.wrapping_add((steps as u32) << SCALE_STEP_SHIFT))
}

/// Where the parts of one panel in a codebook format lie; each part goes on for all units of 8 places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodebookLayout {
    /// Units of [`K_UNIT`] places.
    pub units: usize,
    /// Offset of the high bits, 16 bytes a unit; none with 16 levels. Codes are before them, 64 bytes a unit.
    pub high_bits: usize,
    /// Offset of the multipliers, 4 bytes a unit.
    pub multipliers: usize,
    /// Bytes of the panel.
    pub bytes: usize,
}

impl CodebookLayout {
    /// The layout of a panel of `places` places.
    pub const fn new(dtype: u8, places: usize) -> Self {
        let units = places.div_ceil(K_UNIT);
        let high_bits = units * PANEL_CHANNELS * K_UNIT / 2;
        let multipliers = high_bits + if dtype == dtype::C5 { units * PANEL_CHANNELS } else { 0 };
        let bytes = multipliers + units * (PANEL_CHANNELS / CODEBOOK_CHANNELS);
        Self { units, high_bits, multipliers, bytes }
    }
}

/// The 16 levels of the 4-bit codebook.
pub const LEVELS_4: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/// The 32 levels of the 5-bit codebook.
pub const LEVELS_5: [i8; 32] = [
    -127, -118, -103, -93, -83, -73, -65, -57, -49, -41, -35, -28, -22, -16, -10, -4, 1, 7, 13, 19, 25, 31, 38, 45, 53,
    61, 69, 80, 91, 102, 112, 124,
];

/// The int8 weight that a level and a multiplier in [-127, 127] stand for: `round(level * multiplier / 128)`, halves up.
pub const fn scaled(level: i8, multiplier: i8) -> i8 {
    ((level as i32 * multiplier as i32 + 64) >> 7) as i8
}
