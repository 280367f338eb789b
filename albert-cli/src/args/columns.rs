//! Where the fields of rows are.

use clap::Args;

/// Where the texts of a row are.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Columns of rows")]
pub(crate) struct TextColumns {
    /// Field or column of the text [default: text; else sentence1, premise, question1, sentence, or question beside sentence]
    #[arg(long, value_name = "NAME")]
    pub(crate) text_column: Option<String>,
    /// Field or column of the second text [default: pair or text_pair; else what goes with the text's]
    #[arg(long, value_name = "NAME")]
    pub(crate) pair_column: Option<String>,
}

/// Where texts and labels of a row are, and what labels are called.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Columns of rows")]
pub(crate) struct Columns {
    #[command(flatten)]
    pub(crate) texts: TextColumns,
    /// Field or column of the label [default: label, labels or score; tags or ner_tags; answers or answer]
    #[arg(long, value_name = "NAME")]
    pub(crate) label_column: Option<String>,
    /// What separates the labels of a row in .csv and .tsv files
    #[arg(long, value_name = "TEXT", default_value = ",")]
    pub(crate) label_separator: String,
    /// Labels in the order of the data's numbers; or what the model calls the data's, as DATA=MODEL
    #[arg(long, value_name = "LABEL,...", value_delimiter = ',')]
    pub(crate) labels: Vec<String>,
}

impl From<&TextColumns> for Columns {
    fn from(texts: &TextColumns) -> Self {
        Self { texts: texts.clone(), ..Self::default() }
    }
}
