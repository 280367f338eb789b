//! Names that people know things by.

use albert_core::Model;

/// Label `index`, by its name in the file or as the Hugging Face config would call it.
pub(crate) fn label(model: &Model<'_>, index: usize) -> String {
    model.label(index).map_or_else(|| format!("LABEL_{index}"), str::to_owned)
}
