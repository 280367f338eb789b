//! A model's tokenizer.

use albert_edge::{EncodeOptions, Engine, Error};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::raise;
use crate::model::{Model, limits};

/// The tokenizer of a model file.
#[pyclass(frozen, module = "albert_edge._native")]
pub(crate) struct Tokenizer {
    engine: Engine,
}

impl Tokenizer {
    fn get(&self) -> PyResult<albert_edge::albert_core::tokenizer::Tokenizer<'_>> {
        self.engine.tokenizer().map_err(raise)
    }
}

#[pymethods]
impl Tokenizer {
    #[new]
    fn new(model: &Model) -> PyResult<Self> {
        let engine = Engine::new(&model.model);
        engine.tokenizer().map_err(raise)?;
        Ok(Self { engine })
    }

    /// Ids, token types, mask, offsets and words of a text or a pair.
    #[pyo3(signature = (text, text_pair=None, add_special_tokens=true, truncation=None, max_length=None))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        text: &str,
        text_pair: Option<&str>,
        add_special_tokens: bool,
        truncation: Option<&str>,
        max_length: Option<usize>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let options = EncodeOptions { add_special_tokens, ..limits(self.engine.model(), truncation, max_length)? };
        let tokens = py.detach(|| self.engine.encode(text, text_pair, &options)).map_err(raise)?;
        let result = PyDict::new(py);
        result.set_item("input_ids", &tokens.ids)?;
        result.set_item("token_type_ids", &tokens.types)?;
        result.set_item("attention_mask", vec![1; tokens.len()])?;
        let offsets: Vec<(u32, u32)> = tokens.offsets.iter().map(|offsets| (offsets.start, offsets.end)).collect();
        result.set_item("offset_mapping", offsets)?;
        let special: Vec<u32> = tokens.special.iter().map(|&special| special.into()).collect();
        result.set_item("special_tokens_mask", special)?;
        result.set_item("word_ids", tokens.words)?;
        Ok(result)
    }

    #[pyo3(signature = (ids, skip_special_tokens=false))]
    fn decode(&self, ids: Vec<u32>, skip_special_tokens: bool) -> PyResult<String> {
        let mut text = String::new();
        self.get()?.decode(&ids, skip_special_tokens, &mut text).map_err(|_| raise(Error::NoOutput))?;
        Ok(text)
    }

    fn token_to_id(&self, token: &str) -> PyResult<Option<u32>> {
        Ok(self.get()?.token_to_id(token))
    }

    fn id_to_token(&self, id: u32) -> PyResult<Option<&str>> {
        Ok(self.get()?.id_to_token(id))
    }

    #[getter]
    fn vocab_size(&self) -> PyResult<usize> {
        Ok(self.get()?.vocab_size())
    }

    /// Ids of the special tokens by role.
    #[getter]
    fn special_ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let tokenizer = self.get()?;
        let ids = PyDict::new(py);
        ids.set_item("cls", tokenizer.cls())?;
        ids.set_item("sep", tokenizer.sep())?;
        ids.set_item("mask", tokenizer.mask())?;
        ids.set_item("pad", tokenizer.pad())?;
        ids.set_item("unk", tokenizer.unk())?;
        Ok(ids)
    }
}
