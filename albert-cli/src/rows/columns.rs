//! The fields of rows under the names that data sets give them.

use serde_json::{Map, Value};

use crate::args::Columns;
use crate::error::{Error, Result};

/// A row as a file has it.
pub(super) type Fields = Map<String, Value>;

/// Names of the text in other data sets (GLUE's), and of the second text that goes with it.
const TEXTS: [(&str, Option<&str>); 4] = [
    ("sentence1", Some("sentence2")),
    ("premise", Some("hypothesis")),
    ("question1", Some("question2")),
    ("sentence", None),
];

/// Other names of fields.
const ALIASES: [(&str, &str); 6] = [
    ("pair", "text_pair"),
    ("tokens", "words"),
    ("ner_tags", "tags"),
    ("answer", "answers"),
    ("labels", "label"),
    ("score", "label"),
];

/// Fields that hold lists, or what a table cannot hold.
const LISTS: [&str; 11] = [
    "choices",
    "targets",
    "candidate_labels",
    "documents",
    "input_ids",
    "token_type_ids",
    "words",
    "tags",
    "tokens",
    "ner_tags",
    "max_length",
];

/// Puts the fields of a row under the names that [`super::Row`] has.
pub(super) fn rename(mut fields: Fields, columns: &Columns) -> Result<Fields> {
    fields.retain(|_, value| !value.is_null());
    let named = [
        (&columns.texts.text_column, "text", ["text", "text"]),
        (&columns.texts.pair_column, "text_pair", ["pair", "text_pair"]),
        (&columns.label_column, "label", ["tags", "ner_tags"]),
    ];
    for (column, name, others) in named {
        let Some(column) = column else { continue };
        let value = fields.remove(column.as_str());
        let value = value.ok_or_else(|| Error::new(format_args!("the row has no {column:?}")))?;
        others.iter().for_each(|other| drop(fields.remove(*other)));
        fields.insert(name.to_owned(), value);
    }
    if columns.texts.text_column.is_none() {
        rename_texts(&mut fields);
    }
    for (other, name) in ALIASES {
        if !fields.contains_key(name) {
            move_field(&mut fields, other, name);
        }
        fields.remove(other);
    }
    Ok(fields)
}

/// Finds the text, or two.
fn rename_texts(fields: &mut Fields) {
    if fields.contains_key("text") {
        return;
    }
    // GLUE's QNLI asks whether a sentence answers a question.
    if fields.contains_key("question") && fields.contains_key("sentence") && !fields.contains_key("context") {
        move_field(fields, "question", "text");
        move_field(fields, "sentence", "text_pair");
        return;
    }
    let Some((text, pair)) = TEXTS.into_iter().find(|(text, _)| fields.contains_key(*text)) else { return };
    move_field(fields, text, "text");
    let other = ["pair", "text_pair"].iter().any(|name| fields.contains_key(*name));
    if let Some(pair) = pair.filter(|_| !other) {
        move_field(fields, pair, "text_pair");
    }
}

fn move_field(fields: &mut Fields, from: &str, to: &str) {
    if let Some(value) = fields.remove(from) {
        fields.insert(to.to_owned(), value);
    }
}

/// The fields of a row of a table. Empty ones are left out; lists are JSON.
pub(super) fn of_table<'t>(cells: impl Iterator<Item = (&'t str, &'t str)>) -> Fields {
    let field = |(name, cell): (&str, &str)| {
        let value = match LISTS.contains(&name) {
            true => serde_json::from_str(cell).ok()?,
            false => Value::from(cell),
        };
        Some((name.to_owned(), value))
    };
    cells.filter(|(_, cell)| !cell.is_empty()).filter_map(field).collect()
}
