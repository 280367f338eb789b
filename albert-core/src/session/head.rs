//! The head in use: the model's own, or a head file beside it.

#[cfg(feature = "head-files")]
use super::Phase;
use super::Session;
use crate::build_features::{HEAD_FILES, POOLING};
use crate::config::{Classifier, HeadInput, Pooling, ProblemType};
#[cfg(feature = "head-files")]
use crate::error::SessionError;
use crate::format::HeadFile;
use crate::memory::Sequence;
use crate::slices::part;
use core::ops::Range;

/// What the head in use reads and gives.
#[derive(Clone, Copy)]
pub(super) struct HeadInUse {
    pub(super) input: HeadInput,
    pub(super) labels: usize,
    pub(super) pooling: Pooling,
    /// Whether the model has a pooler.
    pooler: bool,
}

impl HeadInUse {
    /// The same with another pooling.
    pub(super) fn pooled_by(self, pooling: Pooling) -> Self {
        Self { pooling, ..self }
    }

    /// The rows of the hidden state that are pooled of a sequence; `None` when they were not carried through the last layer.
    /// `positions` are those of all rows.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(super) fn pooled_rows(&self, positions: &[u32], sequence: &Sequence) -> Option<Range<usize>> {
        let rows = sequence.rows();
        if POOLING && self.pooling.reads_all() {
            // Position 0 comes after the others when it is masked, and does not count.
            let tokens = sequence.poolable as usize;
            return (tokens > 0).then_some(rows.start..rows.start + tokens);
        }
        let row = rows.start + part(positions, rows).iter().position(|&position| position == 0)?;
        (self.pooling != Pooling::Pooler || self.pooler).then_some(row..row + 1)
    }
}

/// Whether a classifier chooses one label, as early exit needs it.
pub(super) fn chooses(classifier: Classifier) -> bool {
    classifier.problem_type == ProblemType::SingleLabel
}

impl<'m> Session<'m, '_> {
    /// Classifies by a head file from now on, in place of the model's own head; `None` goes back to that. An inference under way is
    /// dropped.
    ///
    /// # Errors
    /// [`SessionError::OtherEncoder`] when the head was made for another encoder, [`SessionError::HeadLabels`] when the plan has
    /// no [room for its labels](crate::Plan::with_labels), [`SessionError::NoExit`] when the session exits early and the head does
    /// not choose one label. The session is as it was then.
    #[cfg(feature = "head-files")]
    pub fn set_head(&mut self, head: Option<&'m HeadFile<'m>>) -> Result<(), SessionError> {
        let model = &self.context.model;
        if let Some(head) = head {
            let classifier = head.classifier();
            let (labels, planned) = (classifier.num_labels as usize, self.plan.labels);
            let fits = head.encoder_hash() == model.encoder_hash()
                && head.width() == model.config().hidden_size as usize
                && (classifier.pooling != Pooling::Pooler || model.config().pooler);
            if !fits {
                return Err(SessionError::OtherEncoder);
            }
            if labels > planned {
                return Err(SessionError::HeadLabels { labels, planned });
            }
        }
        let classifier = head.map(|head| head.classifier()).or(model.classifier());
        if self.exit.policy.is_some() && !classifier.is_some_and(chooses) {
            return Err(SessionError::NoExit);
        }
        self.phase = Phase::Idle;
        self.head = head;
        Ok(())
    }

    /// The head file in use.
    pub fn head(&self) -> Option<&'m HeadFile<'m>> {
        if HEAD_FILES { self.head } else { None }
    }

    /// The classifier of whole inputs in use: the head file's, or the model's own; `None` for a model with another head.
    pub fn classifier(&self) -> Option<Classifier> {
        self.head().map(|head| head.classifier()).or(self.context.model.classifier())
    }

    /// Name of label `index` of the head in use.
    pub fn label(&self, index: usize) -> Option<&'m str> {
        match self.head() {
            Some(head) => head.label(index),
            None => self.context.model.label(index),
        }
    }

    pub(super) fn head_in_use(&self) -> HeadInUse {
        let config = self.context.model.config();
        let (input, labels, pooling) = match self.head().map(|head| head.classifier()) {
            Some(classifier) => (HeadInput::Pooled, classifier.num_labels, classifier.pooling),
            None => (config.head.input(), config.num_labels, config.pooling),
        };
        HeadInUse { input, labels: labels as usize, pooling, pooler: config.pooler }
    }

    /// Whether the head in use reads nothing but the first position's hidden state.
    pub(super) fn reads_first_row(&self) -> bool {
        let head = self.head_in_use();
        let masked_lm = self.head().is_none() && self.context.model.config().head.is_masked_lm();
        head.input == HeadInput::Pooled && !(POOLING && head.pooling.reads_all()) && !masked_lm
    }
}
