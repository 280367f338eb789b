//! A model file inside the program: aligned, and its header and configuration read by the compiler.

use super::layout::{CONFIG_BYTES, HEADER_BYTES, MAGIC, SECTION_BYTES, VERSION, field, section};
use crate::config::{Activation, Config, Head, Pooling, Precision, ProblemType, Storage};

/// A model file in the program's read-only memory; made by [`include_model!`](crate::include_model).
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedModel {
    /// The file, at a multiple of 64.
    pub bytes: &'static [u8],
    /// Its configuration, for a `const` [`Plan`](crate::Plan).
    pub config: Config,
}

/// Includes a model file in the program's read-only memory (flash on a device), at a multiple of 64 bytes. The path is relative to the
/// source file, as for `include_bytes!`.
///
/// Magic bytes, version, length and configuration are checked at compile time: a file that is no model file, is truncated or has
/// another version does not build. [`Model::from_bytes`](crate::Model::from_bytes) checks the rest when the program runs.
///
/// ```ignore
/// use albert_core::{Arena, Model, Plan, Session, format::EmbeddedModel};
///
/// const MODEL: EmbeddedModel = albert_core::include_model!("../../../models/clinc-intents-int8.albert");
/// const PLAN: Plan = Plan::new(&MODEL.config, 32).with_tile_rows(4);
///
/// let mut arena = Arena::<{ PLAN.arena_bytes() }>::new();
/// let model = Model::from_bytes(MODEL.bytes).unwrap();
/// let session = Session::new(&model, PLAN, &mut arena.0).unwrap();
/// ```
#[macro_export]
macro_rules! include_model {
    ($path:expr) => {{
        #[repr(C, align(64))]
        struct Aligned<B: ?Sized>(B);
        static FILE: &Aligned<[u8]> = &Aligned(*::core::include_bytes!($path));
        const _: () = $crate::format::core_is_named();
        const CONFIG: $crate::Config = $crate::format::config_of_embedded(::core::include_bytes!($path));
        $crate::format::EmbeddedModel { bytes: &FILE.0, config: CONFIG }
    }};
}

/// Nothing; its use is reported where the compiler was not told whether an Armv8-M core has instructions for fast kernels.
#[doc(hidden)]
#[cfg_attr(
    arm_unnamed,
    deprecated(note = "portable kernels are compiled for a core that may have better instructions: name it by \
                -Ctarget-cpu=cortex-m33 (or m55, m85), or say that it has none by -Ctarget-feature=-dsp")
)]
pub const fn core_is_named() {}

/// The configuration of a model file, for constants. An invalid file is a compile error.
#[doc(hidden)]
pub const fn config_of_embedded(file: &[u8]) -> Config {
    assert!(file.len() >= HEADER_BYTES, "the model file is too short");
    let mut at = 0;
    while at < MAGIC.len() {
        assert!(file[at] == MAGIC[at], "this is not a model file");
        at += 1;
    }
    assert!(word(file, 8) == VERSION, "the model file has another version than this library reads");
    assert!(word(file, 16) as usize == file.len() && word(file, 20) == 0, "the model file is not whole");
    let mut entry = HEADER_BYTES;
    while word(file, entry) != section::CONFIG {
        entry += SECTION_BYTES;
    }
    let start = word(file, entry + 8) as usize;
    assert!(start + CONFIG_BYTES <= file.len(), "the model file's configuration is out of place");
    config(file, start)
}

const fn config(file: &[u8], start: usize) -> Config {
    let (Some(hidden_act), Some(precision), Some(head), Some(problem_type), Some(pooling)) = (
        Activation::from_code(word(file, start + field::HIDDEN_ACT)),
        Precision::from_code(word(file, start + field::PRECISION)),
        Head::from_code(word(file, start + field::HEAD)),
        ProblemType::from_code(word(file, start + field::PROBLEM_TYPE)),
        Pooling::from_code(word(file, start + field::POOLING)),
    ) else {
        panic!("the model file's configuration is impossible")
    };
    Config {
        vocab_size: word(file, start + field::VOCAB_SIZE),
        embedding_size: word(file, start + field::EMBEDDING_SIZE),
        hidden_size: word(file, start + field::HIDDEN_SIZE),
        intermediate_size: word(file, start + field::INTERMEDIATE_SIZE),
        num_hidden_layers: word(file, start + field::NUM_HIDDEN_LAYERS),
        num_hidden_groups: word(file, start + field::NUM_HIDDEN_GROUPS),
        inner_group_num: word(file, start + field::INNER_GROUP_NUM),
        num_attention_heads: word(file, start + field::NUM_ATTENTION_HEADS),
        max_position_embeddings: word(file, start + field::MAX_POSITION_EMBEDDINGS),
        type_vocab_size: word(file, start + field::TYPE_VOCAB_SIZE),
        hidden_act,
        layer_norm_eps: f32::from_bits(word(file, start + field::LAYER_NORM_EPS)),
        precision,
        head,
        embedding_mapping: word(file, start + field::EMBEDDING_MAPPING) != 0,
        pooler: word(file, start + field::POOLER) != 0,
        num_labels: word(file, start + field::NUM_LABELS),
        problem_type,
        pooling,
        sentence_dense: word(file, start + field::SENTENCE_DENSE),
        storage: Storage {
            ocs_places: word(file, start + field::OCS_PLACES),
            smoothing: word(file, start + field::SMOOTHING) != 0,
            codebook: word(file, start + field::CODEBOOK) != 0,
        },
    }
}

/// The little-endian word at `at`; beyond the end the compiler stops.
const fn word(file: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([file[at], file[at + 1], file[at + 2], file[at + 3]])
}
