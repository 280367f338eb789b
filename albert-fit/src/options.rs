//! How to fit.

use std::ops::ControlFlow;

use albert_core::config::Pooling;
use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::progress::Progress;

/// Options of [`fit`](crate::fit()). Start from [`Options::default`] and set fields, or read them from JSON, where they have the
/// names of the options of `albert fit`.
/// ```
/// let mut options = albert_fit::Options::default();
/// options.folds = 3;
/// options.reject = Some(0.05); // at most 5 % of what is in scope may be called out of scope
/// ```
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options<'a> {
    /// What the classifier reads. `None` chooses the best of mean, first token and pooler on held-out rows.
    #[serde(deserialize_with = "pooling")]
    pub pooling: Option<Pooling>,
    /// Strength of the L2 penalty, above 0. `None` chooses the best on held-out rows.
    pub strength: Option<f64>,
    /// Folds of the cross-validation, 2 or more (default: 5). Fewer are used when no label has as many examples.
    pub folds: usize,
    /// Whether all labels count the same, however many examples they have.
    pub balanced: bool,
    /// Whether a row may have several labels. `None` decides by the rows: yes if some row has not exactly one.
    pub multi_label: Option<bool>,
    /// The share of inputs in scope, 0 to 1, that may be called out of scope; sets the threshold. For one label a row.
    pub reject: Option<f64>,
    /// The label of examples that are out of scope. It is not learned; its examples set the threshold. For one label a row.
    #[serde(rename = "out_of_scope_label")]
    pub out_of_scope: Option<String>,
    /// Most tokens of an input; longer texts are cut. `None`: as many as the encoder was made for.
    #[serde(rename = "max_length")]
    pub max_tokens: Option<usize>,
    /// Seed of the division into folds.
    pub seed: u64,
    /// Number of threads (default: as many as there are cores). The result does not depend on it.
    pub threads: usize,
    /// Whether the result has the same bytes on every machine, WebAssembly included; slower. Otherwise another CPU may round weights
    /// differently in the last place. (Encoders with float weights are not the same on every machine in any case.)
    pub portable: bool,
    /// Called as work goes on, from several threads. [`ControlFlow::Break`] ends the fit with [`Error::Stopped`].
    #[serde(skip)]
    pub progress: &'a (dyn Fn(Progress) -> ControlFlow<()> + Sync),
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            pooling: None,
            strength: None,
            folds: 5,
            balanced: false,
            multi_label: None,
            reject: None,
            out_of_scope: None,
            max_tokens: None,
            seed: 0,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            portable: false,
            progress: &|_| ControlFlow::Continue(()),
        }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("pooling", &self.pooling).field("folds", &self.folds).finish_non_exhaustive()
    }
}

impl Options<'_> {
    /// Refuses values that no fit can have.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |option, expected| Err(Error::Option { option, expected });
        if self.strength.is_some_and(|strength| !(strength > 0.0 && strength.is_finite())) {
            return wrong("strength", "a number above 0");
        }
        if self.reject.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return wrong("reject", "a share from 0 to 1");
        }
        if self.folds < 2 {
            return wrong("folds", "2 or more");
        }
        Ok(())
    }
}

/// A kind of pooling by its name.
fn pooling<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pooling>, D::Error> {
    let Some(name) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let names = || Pooling::ALL.iter().map(|pooling| pooling.name()).collect::<Vec<_>>().join(", ");
    let unknown = || serde::de::Error::custom(format_args!("pooling {name:?} is none of {}", names()));
    Pooling::from_name(&name).map(Some).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_by_their_names() {
        let read = |json| serde_json::from_str::<Options<'_>>(json);
        let options =
            read(r#"{"pooling": "first-token", "folds": 3, "out_of_scope_label": "none \"of\" it", "max_length": 9}"#);
        let options = options.unwrap();
        assert_eq!((options.pooling, options.folds, options.max_tokens), (Some(Pooling::FirstToken), 3, Some(9)));
        assert_eq!(options.out_of_scope.as_deref(), Some("none \"of\" it"));
        assert_eq!((options.multi_label, options.seed), (None, 0));
        assert!(read(r#"{"fold": 3}"#).unwrap_err().to_string().contains("unknown field `fold`"));
        assert!(read(r#"{"pooling": "worst"}"#).unwrap_err().to_string().contains("first-token"));
    }

    #[test]
    fn impossible_values() {
        let refused = |change: &dyn Fn(&mut Options<'_>)| {
            let mut options = Options::default();
            change(&mut options);
            options.check().unwrap_err().to_string()
        };
        assert!(refused(&|options| options.strength = Some(f64::NAN)).starts_with("strength"));
        assert!(refused(&|options| options.reject = Some(1.5)).starts_with("reject"));
        assert!(refused(&|options| options.folds = 1).starts_with("folds"));
    }
}
