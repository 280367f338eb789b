//! The data's labels as the model's.

use std::collections::HashMap;

use albert_edge::Model;
use serde_json::Value;

use crate::error::{Error, Result};

/// Names of labels, and which of the model's a label of the data is.
#[derive(Clone, Debug)]
pub(crate) struct LabelMap {
    /// In the model's order: the model's, or those that stand for them.
    names: Vec<String>,
    /// The model's label for each number of the data; none: the same number.
    order: Option<Vec<usize>>,
    /// The model's label for names of the data that it does not have.
    renamed: HashMap<String, usize>,
}

impl LabelMap {
    /// `labels` are those of `--labels`.
    pub(crate) fn new(model: &Model, labels: &[String]) -> Result<Self> {
        let names: Vec<String> = (0..model.config().num_labels as usize).map(|index| model.label(index)).collect();
        let mut map = Self { names, order: None, renamed: HashMap::new() };
        if labels.is_empty() {
            return Ok(map);
        }
        let pairs: Vec<Option<(&str, &str)>> = labels.iter().map(|label| label.split_once('=')).collect();
        let known: Vec<Option<usize>> = labels.iter().map(|label| map.position(label)).collect();
        if known.iter().all(Option::is_some) {
            map.order = Some(known.into_iter().flatten().collect());
        } else if pairs.iter().all(Option::is_some) {
            for (data, name) in pairs.into_iter().flatten() {
                let index = map.position(name).ok_or_else(|| map.unknown(name))?;
                map.renamed.insert(data.to_owned(), index);
            }
        } else if known.iter().all(Option::is_none) && labels.len() == map.names.len() {
            map.names = labels.to_vec();
        } else {
            let stray = labels.iter().zip(&known).find(|(_, known)| known.is_none()).map_or("", |(label, _)| label);
            return Err(map.unknown(stray));
        }
        Ok(map)
    }

    /// Names in the model's order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The model's label.
    pub(crate) fn find(&self, label: &Value) -> Result<usize> {
        let text = match label {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => u8::from(*flag).to_string(),
            _ => return Err(Error::new(format_args!("{label} is no label"))),
        };
        if let Some(index) = self.renamed.get(&text).copied().or_else(|| self.position(&text)) {
            return Ok(index);
        }
        // Tables have numbers as texts, and some have 1.0 for 1.
        let number = text.strip_suffix(".0").unwrap_or(&text).parse().ok();
        let index = number.and_then(|number: usize| match &self.order {
            Some(order) => order.get(number).copied(),
            None => Some(number).filter(|&number| number < self.names.len()),
        });
        index.ok_or_else(|| self.unknown(&text))
    }

    /// The name of a tag; a tag that the model does not have stays as it is.
    pub(crate) fn tag(&self, tag: &Value) -> Result<String> {
        match (self.find(tag), tag) {
            (Ok(index), _) => Ok(self.names.get(index).cloned().unwrap_or_default()),
            (Err(_), Value::String(name)) => Ok(name.clone()),
            (Err(error), _) => Err(error),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|label| label == name)
    }

    fn unknown(&self, name: &str) -> Error {
        Error::new(format_args!(
            "the model has no label {name:?}; albert inspect lists its labels, --labels renames those of the data"
        ))
    }
}

/// The labels of a row with several: a list, or a text with separators.
pub(crate) fn several(label: &Value, separator: &str) -> Vec<Value> {
    match label {
        Value::Array(labels) => labels.clone(),
        Value::String(text) if !separator.is_empty() => {
            let labels = text.split(separator).map(str::trim).filter(|label| !label.is_empty());
            labels.map(Value::from).collect()
        }
        label => vec![label.clone()],
    }
}

/// A label that is a number.
pub(crate) fn number(label: &Value) -> Result<f64> {
    let number = match label {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite()).ok_or_else(|| Error::new(format_args!("the label {label} is no number")))
}
