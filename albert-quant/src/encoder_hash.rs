//! The hash that ties head files to an encoder. `docs/format.md` says which bytes it is of.

use albert_core::Model;
use albert_core::format::layout::{BLOCK_ROLES, CONFIG_BYTES, EMBEDDING_ROLES, TENSOR_BYTES, role, section};
use albert_core::format::layout::{ENCODER_CONFIG_BYTES, TABLE_HEADER_BYTES};
use sha2::{Digest, Sha256};

/// Bytes at the start of a tensor record that say what the tensor is, not where it lies.
const RECORD_HEAD: usize = 20;

/// Computes the hash of a model file's encoder. [`Model::encoder_hash`] is what the file states.
pub fn encoder_hash(model: &Model<'_>) -> [u8; 32] {
    let section = |kind| model.section(kind).unwrap_or(&[]);
    let (config, table) = (section(section::CONFIG), section(section::TENSORS));
    let mut hash = Sha256::new();
    hash.update(&config[..ENCODER_CONFIG_BYTES]);
    hash.update(&config[CONFIG_BYTES..]);
    for (record, bytes) in model.tensors().zip(table[TABLE_HEADER_BYTES..].chunks_exact(TENSOR_BYTES)) {
        let encoder = EMBEDDING_ROLES.contains(&record.role) || BLOCK_ROLES.contains(&record.role);
        if encoder || matches!(record.role, role::POOLER | role::POOLER_BIAS) {
            hash.update(&bytes[..RECORD_HEAD]);
            model.parts(&record).iter().for_each(|part| hash.update(part));
        }
    }
    hash.update(section(section::TOKENIZER));
    hash.finalize().into()
}
