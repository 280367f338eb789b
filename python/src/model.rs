//! A model, and its numbers as NumPy arrays.

use std::path::PathBuf;

use albert_edge::albert_core::Positions;
use albert_edge::albert_core::config::Head;
use albert_edge::{EncodeOptions, Engine, Error, HeadFile, Options, SentenceEmbedding, Tokens, Truncation};
use numpy::PyArray2;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::matrix;
use crate::engine::{Engines, call, call_on_threads};
use crate::error::{raise, raise_of_row};

/// A model file in memory, and an engine for it.
#[pyclass(frozen, module = "albert_edge._native")]
pub(crate) struct Model {
    pub(crate) model: albert_edge::Model,
    engines: Engines,
}

/// How texts are cut; refused when they are too long unless `truncation` says otherwise.
pub(crate) fn limits(
    model: &albert_edge::Model,
    truncation: Option<&str>,
    max_length: Option<usize>,
) -> PyResult<EncodeOptions> {
    let truncation = match truncation {
        None => Truncation::DoNotTruncate,
        Some(name) => Truncation::from_name(name).ok_or_else(|| {
            raise(format_args!(
                "truncation {name:?}: expected longest_first, only_first, only_second or do_not_truncate"
            ))
        })?,
    };
    let own = model.max_tokens();
    let max_tokens = match (truncation, max_length) {
        (Truncation::DoNotTruncate, None) => None,
        (_, limit) => Some(limit.map_or(own, |limit| limit.min(own))),
    };
    Ok(EncodeOptions { max_tokens, truncation, ..EncodeOptions::default() })
}

/// Does `work` for each text; errors say which it was.
fn each<T>(texts: &[String], mut work: impl FnMut(&str) -> albert_edge::Result<T>) -> albert_edge::Result<Vec<T>> {
    let row = |(index, text): (usize, &String)| {
        work(text).map_err(|error| match error {
            Error::Cancelled => error,
            error => Error::Row { index, error: Box::new(error) },
        })
    };
    texts.iter().enumerate().map(row).collect()
}

#[pymethods]
impl Model {
    #[new]
    #[pyo3(signature = (path, threads=None, head=None))]
    fn new(path: PathBuf, threads: Option<usize>, head: Option<PathBuf>) -> PyResult<Self> {
        let mut model = albert_edge::Model::open(path).map_err(raise)?;
        if let Some(head) = head {
            let named = |error| raise(format_args!("{}: {error}", head.display()));
            let file = HeadFile::open(&head).map_err(named)?;
            model = model.with_head(&file).map_err(named)?;
        }
        let engines = Engines::new(&model, threads);
        Ok(Self { model, engines })
    }

    /// Compares the file's checksum with its bytes, and a head file's.
    fn verify_checksum(&self, py: Python<'_>) -> PyResult<()> {
        let verify = || {
            self.model.verify_checksum()?;
            self.model.head().map_or(Ok(()), HeadFile::verify_checksum)
        };
        py.detach(verify).map_err(raise)
    }

    /// Keys of the Hugging Face configuration, and the precision and head.
    #[getter]
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let config = self.model.config();
        let keys = PyDict::new(py);
        keys.set_item("vocab_size", config.vocab_size)?;
        keys.set_item("embedding_size", config.embedding_size)?;
        keys.set_item("hidden_size", config.hidden_size)?;
        keys.set_item("intermediate_size", config.intermediate_size)?;
        keys.set_item("num_hidden_layers", config.num_hidden_layers)?;
        keys.set_item("num_hidden_groups", config.num_hidden_groups)?;
        keys.set_item("inner_group_num", config.inner_group_num)?;
        keys.set_item("num_attention_heads", config.num_attention_heads)?;
        keys.set_item("max_position_embeddings", config.max_position_embeddings)?;
        keys.set_item("type_vocab_size", config.type_vocab_size)?;
        keys.set_item("hidden_act", config.hidden_act.name())?;
        keys.set_item("layer_norm_eps", config.layer_norm_eps)?;
        keys.set_item("num_labels", config.num_labels)?;
        keys.set_item("problem_type", config.problem_type.name())?;
        keys.set_item("precision", config.precision.name())?;
        keys.set_item("head", config.head.name())?;
        Ok(keys)
    }

    #[getter]
    fn labels(&self) -> Vec<String> {
        self.model.labels()
    }

    #[getter]
    fn tasks(&self) -> Vec<&'static str> {
        self.model.tasks().into_iter().map(albert_edge::Task::name).collect()
    }

    #[getter]
    fn max_tokens(&self) -> usize {
        self.model.max_tokens()
    }

    #[getter]
    fn threads(&self) -> usize {
        self.engines.get().max_threads()
    }

    #[getter]
    fn has_tokenizer(&self) -> bool {
        self.model.tokenizer().is_some()
    }

    /// `[texts][H]`.
    #[pyo3(signature = (texts, normalize=false, truncation=None, max_length=None))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<String>,
        normalize: bool,
        truncation: Option<&str>,
        max_length: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let options = limits(&self.model, truncation, max_length)?;
        let work = |engine: Engine| {
            let mut task = SentenceEmbedding::with_engine(engine)?.truncation(options.truncation);
            if normalize {
                task = task.normalize(true);
            }
            if let Some(limit) = options.max_tokens {
                task = task.max_length(limit);
            }
            task.run_batch(&texts)
        };
        let embeddings = call_on_threads(py, self.engines.get(), work)?.map_err(raise)?;
        let width = embeddings.first().map_or(self.model.config().hidden_size as usize, |row| row.embedding.len());
        let mut values = Vec::with_capacity(width * embeddings.len());
        embeddings.iter().for_each(|row| values.extend_from_slice(&row.embedding));
        matrix(py, values, width)
    }

    /// For each text `[1][C]`, or `[tokens][C]` for heads over tokens.
    #[pyo3(signature = (texts, truncation=None, max_length=None))]
    fn logits<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<String>,
        truncation: Option<&str>,
        max_length: Option<usize>,
    ) -> PyResult<Vec<Bound<'py, PyArray2<f32>>>> {
        let options = limits(&self.model, truncation, max_length)?;
        let work = |engine: Engine| {
            let tokens = each(&texts, |text| engine.encode(text, None, &options))?;
            engine.logits_of(&tokens)
        };
        let logits = call(py, self.engines.get(), work)?.map_err(raise)?;
        let config = self.model.config();
        let over_tokens = match config.head {
            Head::TokenClassification => Some(config.num_labels as usize),
            Head::QuestionAnswering => Some(2),
            _ => None,
        };
        if logits.iter().any(Vec::is_empty) {
            return Err(raise(format_args!("the head {} is no classifier: there are no logits", config.head.name())));
        }
        logits
            .into_iter()
            .map(|row| {
                let width = over_tokens.unwrap_or(row.len());
                matrix(py, row, width)
            })
            .collect()
    }

    /// For each text `[tokens][H]`.
    #[pyo3(signature = (texts, truncation=None, max_length=None))]
    fn hidden_states<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<String>,
        truncation: Option<&str>,
        max_length: Option<usize>,
    ) -> PyResult<Vec<Bound<'py, PyArray2<f32>>>> {
        let options = limits(&self.model, truncation, max_length)?;
        let work = |engine: Engine| {
            each(&texts, |text| {
                let tokens: Tokens = engine.encode(text, None, &options)?;
                let input = tokens.input().with_positions(Positions::All);
                engine.run(&input, tokens.len(), |session| {
                    Ok(session.output().ok_or(Error::NoOutput)?.last_hidden_state().to_vec())
                })
            })
        };
        let states = call(py, self.engines.get(), work)?.map_err(|error| raise_of_row(error, 0))?;
        let width = self.model.config().hidden_size as usize;
        states.into_iter().map(|row| matrix(py, row, width)).collect()
    }

    /// Raises when `task` or an option is not the model's.
    fn check(&self, task: &str, options: &Bound<'_, PyDict>) -> PyResult<()> {
        let options: Options = pythonize::depythonize(options.as_any()).map_err(raise)?;
        let task = task.parse().map_err(|error| raise(format_args!("task {task:?}: {error}")))?;
        albert_edge::Pipeline::with_options(self.engines.get(), task, &options).map(drop).map_err(raise)
    }
}
