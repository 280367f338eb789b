//! Index files: embeddings of texts to search in.

use albert_core::Model;
use albert_core::format::layout::{
    INDEX_BYTES, INDEX_MAGIC, INDEX_VERSION, SECTION_REQUIRED, dtype, index_field, role, section,
};
use serde_json::json;

use crate::attach::{GENERATOR, lay_out, piece};
use crate::bytes::ModelBytes;
use crate::container::{assemble, put, seal};
use crate::error::Error;
use crate::network::{Kind, Parameter, Source};
use crate::sections::strings;

/// Makes an index file from embeddings of `encoder`, `[texts][width]`. They are stored in int8.
///
/// # Errors
/// [`Error::NotFinite`] for an embedding that is not finite.
///
/// # Panics
/// If there are no texts, or if the number of vectors differs from that of texts.
pub fn index_file(encoder: &Model<'_>, vectors: Vec<f32>, texts: &[&str]) -> Result<ModelBytes, Error> {
    assert!(!texts.is_empty() && vectors.len().is_multiple_of(texts.len()), "one vector a text");
    let (rows, columns) = (texts.len(), vectors.len() / texts.len());
    let parameter = Parameter {
        name: "vectors".to_owned(),
        role: role::VECTORS,
        block: 0,
        kind: Kind::Linear,
        rows,
        columns,
        source: Source::Values(vectors),
    };
    let (table, data) = lay_out(&[piece(&parameter, dtype::I8)?]);
    let mut describing = vec![0; INDEX_BYTES];
    put(&mut describing, index_field::WIDTH, &(columns as u32).to_le_bytes());
    put(&mut describing, index_field::COUNT, &(rows as u32).to_le_bytes());
    put(&mut describing, index_field::ENCODER_HASH, encoder.encoder_hash());
    let provenance = json!({ "generator": GENERATOR }).to_string();
    let sections = [
        (section::INDEX, SECTION_REQUIRED, describing),
        (section::TENSORS, SECTION_REQUIRED, table),
        (section::LABELS, 0, strings(texts)),
        (section::PROVENANCE, 0, provenance.into_bytes()),
        (section::DATA, SECTION_REQUIRED, data),
    ];
    let mut file = assemble(INDEX_MAGIC, INDEX_VERSION, &sections);
    seal(&mut file);
    Ok(file)
}
