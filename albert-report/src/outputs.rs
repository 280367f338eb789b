//! What a model computes, under the names that reference files of Hugging Face models use (`logits`, `last_hidden_state` …).

use albert_core::config::Head;
use albert_core::{Config, Positions, Session, heads};

/// An output of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A vector for each token.
    HiddenState,
    /// A vector for a row.
    PoolerOutput,
    /// The sentence embedding of a row: the mean of its hidden states, scaled to length 1.
    SentenceEmbedding,
    /// A vector for a row.
    Logits,
    /// One value for a row.
    ChoiceLogits,
    /// A vector for each token.
    TokenLogits,
    /// A vector of vocabulary size for each token.
    VocabularyLogits,
    /// One value for each token.
    StartLogits,
    /// As `StartLogits`.
    EndLogits,
}

/// Names of all outputs.
pub(crate) const NAMES: [&str; 8] = [
    "last_hidden_state",
    "pooler_output",
    "sentence_embedding",
    "logits",
    "prediction_logits",
    "sop_logits",
    "start_logits",
    "end_logits",
];

/// The name of an output as a constant; `None` if no output has this name.
pub fn known_name(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|known| *known == name)
}

impl Kind {
    /// The output of this name; `None` if a model of this configuration does not compute it.
    pub fn of(name: &str, config: &Config) -> Option<Self> {
        match (name, config.head) {
            ("last_hidden_state", _) => Some(Self::HiddenState),
            ("pooler_output", _) => config.pooler.then_some(Self::PoolerOutput),
            ("sentence_embedding", _) => Some(Self::SentenceEmbedding),
            ("logits", Head::SequenceClassification) | ("sop_logits", Head::PreTraining) => Some(Self::Logits),
            ("logits", Head::MultipleChoice) => Some(Self::ChoiceLogits),
            ("logits", Head::TokenClassification) => Some(Self::TokenLogits),
            ("logits" | "prediction_logits", Head::MaskedLm) => Some(Self::VocabularyLogits),
            ("prediction_logits", Head::PreTraining) => Some(Self::VocabularyLogits),
            ("start_logits", Head::QuestionAnswering) => Some(Self::StartLogits),
            ("end_logits", Head::QuestionAnswering) => Some(Self::EndLogits),
            _ => None,
        }
    }

    /// Number of values for a row, or for each token where [`per_token`](Self::per_token).
    pub fn width(self, config: &Config) -> usize {
        match self {
            Self::HiddenState | Self::PoolerOutput | Self::SentenceEmbedding => config.hidden_size as usize,
            Self::Logits | Self::TokenLogits => config.num_labels as usize,
            Self::VocabularyLogits => config.vocab_size as usize,
            Self::ChoiceLogits | Self::StartLogits | Self::EndLogits => 1,
        }
    }

    /// Whether there is one value instead of a vector.
    pub fn is_scalar(self) -> bool {
        matches!(self, Self::ChoiceLogits | Self::StartLogits | Self::EndLogits)
    }

    /// Whether each token has values of its own.
    pub fn per_token(self) -> bool {
        matches!(self, Self::HiddenState | Self::TokenLogits | Self::VocabularyLogits) || self.over_tokens()
    }

    /// Whether the values of a row's tokens are compared as one vector, as start and end logits are.
    pub fn over_tokens(self) -> bool {
        matches!(self, Self::StartLogits | Self::EndLogits)
    }

    /// Values of a vector, of `values` that are `width` wide for a row or a token: start and end logits of all tokens are one.
    pub(crate) fn vector_width(self, width: usize, values: usize) -> usize {
        if self.is_scalar() { values } else { width }.max(1)
    }

    /// Whether the index of the largest element is an answer.
    pub fn ranks(self) -> bool {
        !matches!(self, Self::HiddenState | Self::PoolerOutput | Self::SentenceEmbedding)
    }
}

/// A part of an output. There will be no third variant.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "values are a row's or a token's")]
pub enum Computed<'a> {
    /// All of a row.
    Row(&'a [f32]),
    /// Some values of a token.
    Token {
        /// The token's position.
        position: usize,
        /// Values that it has in all.
        width: usize,
        /// Index of the first of these.
        first: usize,
        /// The values.
        values: &'a [f32],
    },
}

/// The positions that a session has to compute for these outputs.
pub fn positions(kinds: &[Kind]) -> Positions<'static> {
    let all = kinds.iter().any(|kind| kind.per_token() || *kind == Kind::SentenceEmbedding);
    if all { Positions::All } else { Positions::Head }
}

/// Reads the outputs of a finished session. `take` gets each with its index in `kinds`.
///
/// `length` is the number of tokens of the input. `attended` says which positions its mask lets through; the others have no outputs.
pub fn read(
    session: &mut Session<'_, '_>,
    length: usize,
    attended: &dyn Fn(usize) -> bool,
    kinds: &[Kind],
    mut take: impl FnMut(usize, &Computed<'_>),
) {
    let config = *session.model().config();
    let Some(output) = session.output() else { return };
    // A masked position 0 is computed for the pooler; it comes last.
    let positions: Vec<usize> =
        output.positions().iter().map(|&position| position as usize).take_while(|&at| attended(at)).collect();
    let hidden = output.last_hidden_state();
    let hidden = hidden.get(..positions.len() * output.hidden_size()).unwrap_or(hidden);
    for (index, &kind) in kinds.iter().enumerate() {
        let width = kind.width(&config);
        let mut tokens = |values: &[f32]| {
            for (values, &position) in values.chunks_exact(width).zip(&positions) {
                take(index, &Computed::Token { position, width, first: 0, values });
            }
        };
        match kind {
            Kind::HiddenState => tokens(hidden),
            Kind::TokenLogits => tokens(output.logits()),
            Kind::PoolerOutput => take(index, &Computed::Row(output.pooled().unwrap_or(&[]))),
            Kind::Logits | Kind::ChoiceLogits => take(index, &Computed::Row(output.logits())),
            Kind::SentenceEmbedding => {
                let mut embedding = vec![0.0; width];
                heads::sentence_embedding(hidden, true, &mut embedding);
                take(index, &Computed::Row(&embedding));
            }
            Kind::StartLogits | Kind::EndLogits => {
                let mut spread = vec![0.0; length];
                let column = output.logits().iter().skip(usize::from(kind == Kind::EndLogits)).step_by(2);
                for (&position, &value) in positions.iter().zip(column) {
                    spread[position] = value;
                }
                take(index, &Computed::Row(&spread));
            }
            Kind::VocabularyLogits => {}
        }
    }
    for (index, _) in kinds.iter().enumerate().filter(|(_, kind)| **kind == Kind::VocabularyLogits) {
        let width = config.vocab_size as usize;
        for (hidden_row, &position) in positions.iter().enumerate() {
            let Some(mut logits) = session.vocabulary_logits(hidden_row) else { continue };
            while let Some(chunk) = logits.next_chunk() {
                take(index, &Computed::Token { position, width, first: chunk.first as usize, values: chunk.logits });
            }
        }
    }
}
