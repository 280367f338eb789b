//! What a task answers.

use std::string::String;
use std::sync::OnceLock;
use std::vec::Vec;

use albert_edge::{Entity, HiddenStates, Response};

use super::answer::call;
use super::error::{Failure, albert_error};
use super::object::free;
use super::text::{Texts, albert_text};
use crate::memory::{out, value};
use crate::status::albert_status;

/// `label` is there.
pub const ALBERT_FIELD_LABEL: u32 = 1;
/// `text` is there.
pub const ALBERT_FIELD_TEXT: u32 = 2;
/// `sequence` is there.
pub const ALBERT_FIELD_SEQUENCE: u32 = 4;
/// `start` and `end` are there.
pub const ALBERT_FIELD_RANGE: u32 = 8;
/// `index` is there.
pub const ALBERT_FIELD_INDEX: u32 = 16;
/// `token` is there.
pub const ALBERT_FIELD_TOKEN: u32 = 32;
/// `layers` is there.
pub const ALBERT_FIELD_LAYERS: u32 = 64;

/// One of a task's answers. The names in brackets are those of the Hugging Face pipelines.
///
/// ```text
///     text-classification       label, score; layers with early exit
///     zero-shot-classification  label, score, sequence
///     token-classification      label [entity], text [word], score, start, end, index
///      with an aggregation      label [entity_group], text [word], score, start, end
///     question-answering        text [answer], score, start, end
///     fill-mask                 text [token_str], token, sequence, score; index [mask] when there are several masks
///     multiple-choice           label, score, index
///     sentence-order            label, score
///     reranking                 text, score, index [corpus_id]
/// ```
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_item {
    /// A label, or the tag of an entity.
    pub label: albert_text,
    /// The words of an entity, an answer, a token, a document.
    pub text: albert_text,
    /// The whole text: with the token in place of the mask, or the one that was classified.
    pub sequence: albert_text,
    /// First code point in the text.
    pub start: usize,
    /// The code point after the last.
    pub end: usize,
    /// Place among the text's tokens, its masks, the choices or the documents, from 0.
    pub index: usize,
    /// Probability, or what function_to_apply makes of the logit.
    pub score: f32,
    /// Vocabulary id.
    pub token: u32,
    /// Layers that ran.
    pub layers: u32,
    /// Sum of the ALBERT_FIELD_ numbers of the fields that are there; the score always is.
    pub fields: u32,
}

impl albert_item {
    fn new(score: f32) -> Self {
        let none = albert_text::NONE;
        let (start, end, index, token, layers, fields) = (0, 0, 0, 0, 0, 0);
        Self { label: none, text: none, sequence: none, start, end, index, score, token, layers, fields }
    }

    fn label(self, label: albert_text) -> Self {
        Self { label, fields: self.fields | ALBERT_FIELD_LABEL, ..self }
    }

    fn text(self, text: albert_text) -> Self {
        Self { text, fields: self.fields | ALBERT_FIELD_TEXT, ..self }
    }

    fn sequence(self, sequence: albert_text) -> Self {
        Self { sequence, fields: self.fields | ALBERT_FIELD_SEQUENCE, ..self }
    }

    fn range(self, start: u32, end: u32) -> Self {
        let fields = self.fields | ALBERT_FIELD_RANGE;
        Self { start: start as usize, end: end as usize, fields, ..self }
    }

    fn index(self, index: Option<usize>) -> Self {
        let field = if index.is_some() { ALBERT_FIELD_INDEX } else { 0 };
        Self { index: index.unwrap_or(0), fields: self.fields | field, ..self }
    }

    fn token(self, token: u32) -> Self {
        Self { token, fields: self.fields | ALBERT_FIELD_TOKEN, ..self }
    }

    fn layers(self, layers: Option<u32>) -> Self {
        let field = if layers.is_some() { ALBERT_FIELD_LAYERS } else { 0 };
        Self { layers: layers.unwrap_or(0), fields: self.fields | field, ..self }
    }
}

/// Rows of numbers, one after the other.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct albert_matrix {
    /// `rows` x `columns` numbers.
    pub values: *const f32,
    pub rows: usize,
    pub columns: usize,
}

/// Numbers that are handed out as a matrix.
struct Numbers {
    values: Vec<f32>,
    columns: usize,
}

/// What one request got.
struct Row {
    items: Vec<albert_item>,
    vectors: Option<Numbers>,
    pooled: Option<Numbers>,
    response: Response,
    json: OnceLock<String>,
}

/// Results of one call. Opaque; may be read from several threads. All that it hands out is valid until it is freed.
pub struct albert_result {
    rows: Vec<Row>,
    _texts: Texts,
}

impl albert_result {
    pub(super) fn new(responses: Vec<Response>) -> Self {
        let mut texts = Texts::default();
        let rows = responses.into_iter().map(|response| Row::new(response, &mut texts)).collect();
        Self { rows, _texts: texts }
    }

    fn row(&self, row: usize) -> Result<&Row, Failure> {
        self.rows.get(row).ok_or_else(|| albert_status::Argument.into())
    }
}

impl Row {
    fn new(response: Response, texts: &mut Texts) -> Self {
        let mut keep = |text: &str| texts.keep(text.into());
        let items = match &response {
            Response::Labels(labels) => {
                let item = |label: &albert_edge::Label| {
                    albert_item::new(label.score).label(keep(&label.label)).layers(label.layers)
                };
                labels.iter().map(item).collect()
            }
            Response::Order(label) => [albert_item::new(label.score).label(keep(&label.label))].into(),
            Response::Ranking(ranking) => {
                let sequence = keep(&ranking.sequence);
                let each = ranking.labels.iter().zip(&ranking.scores);
                each.map(|(label, &score)| albert_item::new(score).label(keep(label)).sequence(sequence)).collect()
            }
            Response::Entities(entities) => {
                let mut item = |entity: &Entity| {
                    let (start, end) = entity.range();
                    let index = match *entity {
                        Entity::Token { index, .. } => Some(index),
                        Entity::Group { .. } => None,
                    };
                    let item = albert_item::new(entity.score()).label(keep(entity.label())).text(keep(entity.word()));
                    item.range(start, end).index(index)
                };
                entities.iter().map(&mut item).collect()
            }
            Response::Answers(answers) => {
                let item = |answer: &albert_edge::Answer| {
                    albert_item::new(answer.score).text(keep(&answer.answer)).range(answer.start, answer.end)
                };
                answers.iter().map(item).collect()
            }
            Response::Fillings(fillings) => {
                let item = |filling: &albert_edge::Filling| {
                    let item = albert_item::new(filling.score).text(keep(&filling.token_str)).token(filling.token);
                    item.sequence(keep(&filling.sequence)).index(filling.mask)
                };
                fillings.iter().map(item).collect()
            }
            Response::Choices(choices) => {
                let item = |choice: &albert_edge::Choice| {
                    albert_item::new(choice.score).label(keep(&choice.label)).index(Some(choice.index))
                };
                choices.iter().map(item).collect()
            }
            Response::Ranked(ranked) => {
                let item = |ranked: &albert_edge::Ranked| {
                    albert_item::new(ranked.score).text(keep(&ranked.text)).index(Some(ranked.corpus_id))
                };
                ranked.iter().map(item).collect()
            }
            _ => Vec::new(),
        };
        let (vectors, pooled) = match &response {
            Response::HiddenStates(HiddenStates { last_hidden_state, pooler_output }) => {
                let columns = last_hidden_state.first().map_or(0, Vec::len);
                let pooled = pooler_output.as_ref().map(|vector| Numbers::row(vector));
                (Some(Numbers { values: last_hidden_state.concat(), columns }), pooled)
            }
            Response::Embedding(vector) => (Some(Numbers::row(&vector.embedding)), None),
            _ => (None, None),
        };
        Self { items, vectors, pooled, response, json: OnceLock::new() }
    }
}

impl Numbers {
    fn row(values: &[f32]) -> Self {
        Self { values: values.into(), columns: values.len() }
    }

    fn matrix(&self) -> albert_matrix {
        let rows = self.values.len() / self.columns.max(1);
        albert_matrix { values: self.values.as_ptr(), rows, columns: self.columns }
    }
}

/// Number of rows: one for each request. 0 for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_result_rows(result: *const albert_result) -> usize {
    // SAFETY: null or a result.
    unsafe { result.as_ref() }.map_or(0, |result| result.rows.len())
}

/// The answers to request `row`, in the order of the pipelines: the best first, entities from left to right, masks one after
/// the other. None for the tasks that give numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_result_items(
    result: *const albert_result,
    row: usize,
    items: *mut *const albert_item,
    count: *mut usize,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let (result, items, count) = (value(result)?, out(items)?, out(count)?);
        let row = result.row(row)?;
        items.write(row.items.as_ptr());
        count.write(row.items.len());
    })
}

/// The numbers that request `row` got: hidden states, a row for each token, or an embedding of one row. ALBERT_STATUS_NO_RESULT
/// for other tasks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_result_vectors(
    result: *const albert_result,
    row: usize,
    vectors: *mut albert_matrix,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let (result, vectors) = (value(result)?, out(vectors)?);
        vectors.write(result.row(row)?.vectors.as_ref().ok_or(albert_status::NoResult)?.matrix());
    })
}

/// The pooled output of request `row` of a feature extraction: one row of numbers. ALBERT_STATUS_NO_RESULT when there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_result_pooled(
    result: *const albert_result,
    row: usize,
    pooled: *mut albert_matrix,
) -> albert_status {
    call!(core::ptr::null_mut(), {
        let (result, pooled) = (value(result)?, out(pooled)?);
        pooled.write(result.row(row)?.pooled.as_ref().ok_or(albert_status::NoResult)?.matrix());
    })
}

/// What request `row` got, as JSON with the field names of the Hugging Face pipelines.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_result_json(
    result: *const albert_result,
    row: usize,
    json: *mut albert_text,
    error: *mut *mut albert_error,
) -> albert_status {
    call!(error, {
        let (result, json) = (value(result)?, out(json)?);
        let row = result.row(row)?;
        let text = match row.json.get() {
            Some(text) => text,
            None => {
                let made = serde_json::to_string(&row.response);
                let made = made.map_err(|error| Failure::new(albert_status::Internal, error))?;
                row.json.get_or_init(|| made + "\0")
            }
        };
        json.write(albert_text { start: text.as_ptr().cast(), bytes: text.len() - 1 });
    })
}

/// Frees a result and all that it has handed out; null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn albert_result_free(result: *mut albert_result) {
    // SAFETY: the header's promise.
    unsafe { free(result) };
}
