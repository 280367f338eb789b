//! Rows to learn from: texts and their labels, from JSONL, CSV and TSV files.

use std::path::Path;

use serde_json::Value;

use crate::error::{Error, RowProblem};

/// A text, or a pair of texts, with its labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Example {
    /// The text.
    pub text: String,
    /// The second text of a pair, such as an answer to a question.
    pub pair: Option<String>,
    /// Names of its labels: exactly one, or any number where several may apply.
    pub labels: Vec<String>,
}

/// Names of the fields of a row. By default `text`, `pair` and `label`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The field of the text.
    pub text: String,
    /// The field of the second text; rows need not have it.
    pub pair: String,
    /// The field of the label; in JSON also an array of labels.
    pub label: String,
    /// What separates several labels in a field of a CSV or TSV file; `None` if the field is one label.
    pub separator: Option<String>,
}

impl Default for Columns {
    fn default() -> Self {
        let [text, pair, label] = ["text", "pair", "label"].map(str::to_owned);
        Self { text, pair, label, separator: None }
    }
}

/// Reads examples from a file: a table with a header if it is called `.csv` or `.tsv`, otherwise a JSON object on each line.
///
/// # Errors
/// [`Error::Read`] when the file cannot be read; [`Error::Row`] with the line when a row is wrong.
pub fn read(path: &Path, columns: &Columns) -> Result<Vec<Example>, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let rows = match extension.as_deref() {
        Some("csv") => delimited(&bytes, b',', columns),
        Some("tsv") => delimited(&bytes, b'\t', columns),
        _ => json_lines(&bytes, columns),
    };
    rows.map_err(|(line, problem)| Error::Row { path: path.to_owned(), line, problem })
}

/// Reads examples from an array of objects in JSON.
/// ```
/// use albert_fit::{Columns, read_json};
///
/// let rows = r#"[{"text": "play some jazz", "label": "music"}, {"text": "lights on", "label": "light"}]"#;
/// let examples = read_json(rows, &Columns::default())?;
/// assert_eq!(examples[0].labels, ["music"]);
/// # Ok::<_, albert_fit::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rows`] when it is no array; [`Error::JsonRow`] with the row, from 1, when a row is wrong.
pub fn read_json(json: &str, columns: &Columns) -> Result<Vec<Example>, Error> {
    let rows: Vec<Value> = serde_json::from_str(json).map_err(|error| Error::Rows(error.to_string()))?;
    let row = |(row, value)| json_value(value, columns).map_err(|problem| Error::JsonRow { row, problem });
    (1..).zip(&rows).map(row).collect()
}

type Rows = Result<Vec<Example>, (u64, RowProblem)>;

fn json_lines(bytes: &[u8], columns: &Columns) -> Rows {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        (before.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1, RowProblem::Utf8)
    })?;
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines.map(|(line, number)| json_row(line, columns).map_err(|problem| (number, problem))).collect()
}

fn json_row(line: &str, columns: &Columns) -> Result<Example, RowProblem> {
    let value: Value = serde_json::from_str(line).map_err(|error| RowProblem::Json(error.to_string()))?;
    json_value(&value, columns)
}

fn json_value(value: &Value, columns: &Columns) -> Result<Example, RowProblem> {
    let object = value.as_object().ok_or(RowProblem::NotAnObject)?;
    let field = |name: &str| object.get(name).filter(|value| !value.is_null());
    let text = |name: &str| match field(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(RowProblem::NotText(name.to_owned())),
    };
    let missing = |name: &str| RowProblem::Missing(name.to_owned());
    let labels = match field(&columns.label).ok_or_else(|| missing(&columns.label))? {
        Value::Array(labels) => labels.iter().map(|label| json_label(label, columns)).collect::<Result<_, _>>()?,
        label => vec![json_label(label, columns)?],
    };
    Ok(Example {
        text: text(&columns.text)?.ok_or_else(|| missing(&columns.text))?,
        pair: text(&columns.pair)?,
        labels,
    })
}

/// A label is a text, a number or a truth value.
fn json_label(value: &Value, columns: &Columns) -> Result<String, RowProblem> {
    match value {
        Value::String(label) => Ok(label.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(RowProblem::NotText(columns.label.clone())),
    }
}

fn delimited(bytes: &[u8], delimiter: u8, columns: &Columns) -> Rows {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).quoting(delimiter == b',').from_reader(bytes);
    let problem = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        (line, RowProblem::Csv(error.to_string()))
    };
    let header = reader.headers().map_err(|error| problem(&error))?.clone();
    let column = |name: &str| header.iter().position(|field| field == name);
    let required = |name: &str| column(name).ok_or_else(|| (1, RowProblem::Missing(name.to_owned())));
    let (text, label, pair) = (required(&columns.text)?, required(&columns.label)?, column(&columns.pair));
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|error| problem(&error))?;
        let field = |at: usize| record.get(at).unwrap_or_default().to_owned();
        let labels = match &columns.separator {
            Some(separator) => field(label).split(separator.as_str()).map(|label| label.trim().to_owned()).collect(),
            None => vec![field(label)],
        };
        let labels = labels.into_iter().filter(|label: &String| !label.is_empty()).collect();
        let pair = pair.map(field).filter(|pair| !pair.is_empty());
        Ok(Example { text: field(text), pair, labels })
    };
    reader.records().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(name: &str, content: &str, columns: &Columns) -> Result<Vec<Example>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        read(&path, columns).map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))
    }

    fn example(text: &str, pair: Option<&str>, labels: &[&str]) -> Example {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        Example { text: text.to_owned(), pair: pair.map(str::to_owned), labels }
    }

    #[test]
    fn three_formats() {
        let expected = vec![example("a, \"b\"", Some("c"), &["x"]), example("d", None, &["y"])];
        let columns = Columns::default();
        let json = "\u{feff}{\"text\": \"a, \\\"b\\\"\", \"pair\": \"c\", \"label\": \"x\"}\n\n{\"text\":\"d\",\"label\":\"y\"}\n";
        assert_eq!(rows("rows.jsonl", json, &columns).unwrap(), expected);
        let csv = "label,text,pair\nx,\"a, \"\"b\"\"\",c\ny,d,\n";
        assert_eq!(rows("rows.CSV", csv, &columns).unwrap(), expected);
        let tsv = "text\tlabel\tpair\na, \"b\"\tx\tc\nd\ty\t\n";
        assert_eq!(rows("rows.tsv", tsv, &columns).unwrap(), expected);
    }

    #[test]
    fn an_array() {
        let columns = Columns::default();
        let rows =
            read_json(r#"[{"text": "a", "pair": "b", "label": "x"}, {"text": "c", "label": ["x", 3]}]"#, &columns);
        assert_eq!(rows.unwrap(), [example("a", Some("b"), &["x"]), example("c", None, &["x", "3"])]);
        let error = |json| read_json(json, &columns).unwrap_err().to_string();
        assert_eq!(error(r#"[{"text": "a", "label": "x"}, {"label": "x"}]"#), "row 2: \"text\" is missing");
        assert!(error("{}").starts_with("the rows are no array of JSON"));
    }

    #[test]
    fn labels_of_several_kinds() {
        let columns = Columns { separator: Some("|".to_owned()), ..Columns::default() };
        let json = "{\"text\": \"a\", \"label\": [\"x\", 3]}\n{\"text\": \"b\", \"label\": []}\n{\"text\": \"c\", \"label\": 7}";
        let expected = vec![example("a", None, &["x", "3"]), example("b", None, &[]), example("c", None, &["7"])];
        assert_eq!(rows("rows.jsonl", json, &columns).unwrap(), expected);
        let csv = "text,label\na,x | 3\nb,\nc,7\n";
        assert_eq!(rows("rows.csv", csv, &columns).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_and_where() {
        let error = |name, content| rows(name, content, &Columns::default()).unwrap_err();
        assert_eq!(
            error("rows.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"a\"}"),
            "FILE, line 2: \"label\" is missing"
        );
        assert!(error("rows.jsonl", "{").starts_with("FILE, line 1: no JSON"));
        assert_eq!(error("rows.jsonl", "[1]"), "FILE, line 1: a row is a JSON object");
        assert_eq!(error("rows.jsonl", "{\"text\":1,\"label\":\"x\"}"), "FILE, line 1: \"text\" is no text");
        assert_eq!(error("rows.csv", "text,intent\na,x\n"), "FILE, line 1: \"label\" is missing");
        assert!(error("rows.csv", "text,label\na,x,y\n").starts_with("FILE, line 2: "));
    }
}
