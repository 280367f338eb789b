//! One row.

use std::fmt;

use albert_edge::Request;
use serde::Deserialize;

use crate::args::RowDefaults;
use crate::error::{Error, Result};

/// One input. In a file, a line that starts with `{` is a row in JSON; every other line is a text.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) request: Request,
    /// `tokenize`: as `--max-tokens`.
    pub(crate) max_length: Option<usize>,
    /// `tokenize`: as `--truncation`.
    pub(crate) truncation: Option<String>,
    /// `eval`: name or index of the label.
    pub(crate) label: Option<Label>,
    /// `eval`: words with a tag each.
    pub(crate) words: Vec<String>,
    pub(crate) tags: Vec<String>,
}

/// A label as evaluation data gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Label {
    Index(usize),
    Name(String),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => write!(f, "{name:?}"),
        }
    }
}

impl Row {
    /// A row of a text alone.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { request: Request::text(text), ..Self::default() }
    }

    /// The text.
    pub(crate) fn need_text(&self) -> Result<&str> {
        self.request.text.as_deref().ok_or_else(|| Error::new("the row has no \"text\""))
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
