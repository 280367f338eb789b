//! Text to ids, from tables in the model file.

/// What is wrong with the tables of a tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// The kind of tokenizer is unknown.
    Kind,
}

/// A tokenizer that reads its tables in place.
#[derive(Clone, Copy, Debug)]
pub struct Tokenizer<'m> {
    tables: &'m [u8],
}

impl<'m> Tokenizer<'m> {
    /// Checks the tables.
    ///
    /// # Errors
    /// [`TableError`]
    pub fn parse(tables: &'m [u8]) -> Result<Self, TableError> {
        if tables.is_empty() { Err(TableError::Kind) } else { Ok(Self { tables }) }
    }

    /// The tables.
    pub fn tables(&self) -> &'m [u8] {
        self.tables
    }
}
