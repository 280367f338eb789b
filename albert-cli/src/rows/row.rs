//! One row.

use albert_edge::Request;
use serde::Deserialize;
use serde_json::Value;

use super::columns::{Fields, rename};
use crate::args::{Columns, RowDefaults};
use crate::error::{Error, Result};

/// One input. In a file, a line that starts with `{` is a row in JSON; every other line is a text. In a `.jsonl` or `.ndjson` file, each
/// line is a row in JSON.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) request: Request,
    /// `tokenize`: as `--max-tokens`.
    pub(crate) max_length: Option<usize>,
    /// `tokenize`: as `--truncation`.
    pub(crate) truncation: Option<String>,
    /// `eval`: the label as the data has it.
    pub(crate) label: Option<Value>,
    /// `eval`: words with a tag each.
    pub(crate) words: Vec<String>,
    pub(crate) tags: Vec<Value>,
    /// `eval`: the accepted answers as the data has them.
    pub(crate) answers: Option<Value>,
}

impl Row {
    /// A row of a text alone.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { request: Request::text(text), ..Self::default() }
    }

    /// The row of fields.
    pub(super) fn of_fields(fields: Fields, columns: &Columns) -> Result<Self> {
        let fields = Value::Object(rename(fields, columns)?);
        serde_json::from_value(fields).map_err(|error| Error::new(format_args!("not a row: {error}")))
    }

    /// The text.
    pub(crate) fn need_text(&self) -> Result<&str> {
        self.request.text.as_deref().ok_or_else(|| Error::new("the row has no \"text\""))
    }

    /// Whether there is anything to compare answers with.
    pub(crate) fn is_labelled(&self) -> bool {
        self.label.is_some() || !self.tags.is_empty() || self.answers.is_some()
    }

    /// What the row does not say, from the command line.
    pub(super) fn complete(mut self, defaults: &RowDefaults) -> Self {
        let request = &mut self.request;
        let fill = |own: &mut Option<String>, other: &Option<String>| {
            if own.is_none() {
                own.clone_from(other);
            }
        };
        fill(&mut request.text_pair, &defaults.text_pair);
        fill(&mut request.question, &defaults.question);
        fill(&mut request.context, &defaults.context);
        for (own, other) in [(&mut request.choices, &defaults.choices), (&mut request.documents, &defaults.documents)] {
            if own.is_empty() {
                own.clone_from(other);
            }
        }
        self
    }
}
