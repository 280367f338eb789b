//! Random weights in a known geometry, for benches and tests: what a model costs does not depend on what it knows.

use std::str::FromStr;

use albert_core::config::{Activation, Config, Head, HeadInput, Pooling, Precision, ProblemType, Storage};
use albert_core::format::layout::role;
use serde_json::json;

use crate::assemble::{Packer, build};
use crate::calibrate;
use crate::convert::{Converted, Options};
use crate::error::Error;
use crate::network::{Extras, Network, Source, expected};
use crate::progress::Course;
use crate::random::Random;
use crate::scheme::{Hessians, Scheme};
use crate::sections::Usage;

/// Sizes of well-known models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Geometry {
    /// albert-base: hidden 768, 12 heads, feed-forward 3072, 12 layers.
    Base,
    /// albert-large: hidden 1024, 16 heads, feed-forward 4096, 24 layers.
    Large,
    /// albert-xlarge: hidden 2048, 16 heads, feed-forward 8192, 24 layers.
    Xlarge,
    /// albert-xxlarge: hidden 4096, 64 heads, feed-forward 16384, 12 layers.
    Xxlarge,
    /// Vocabulary 8000, hidden 312, 12 heads, feed-forward 1248, 4 layers.
    Tiny,
}

const GEOMETRIES: [(&str, Geometry); 5] = [
    ("base", Geometry::Base),
    ("large", Geometry::Large),
    ("xlarge", Geometry::Xlarge),
    ("xxlarge", Geometry::Xxlarge),
    ("tiny", Geometry::Tiny),
];

/// A name that no geometry has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown geometry {0:?}; expected one of base, large, xlarge, xxlarge, tiny")]
pub struct UnknownGeometry(String);

impl FromStr for Geometry {
    type Err = UnknownGeometry;

    fn from_str(name: &str) -> Result<Self, UnknownGeometry> {
        let found = GEOMETRIES.iter().find(|(known, _)| *known == name);
        found.map(|&(_, geometry)| geometry).ok_or_else(|| UnknownGeometry(name.to_owned()))
    }
}

impl Geometry {
    /// The name that `--geometry` takes.
    pub fn name(self) -> &'static str {
        GEOMETRIES.iter().find(|(_, geometry)| *geometry == self).map_or("", |(name, _)| name)
    }

    /// This geometry with a head; two labels where the head has a choice.
    fn config(self, head: Head) -> Config {
        let (vocab_size, hidden_size, num_attention_heads, num_hidden_layers) = match self {
            Self::Base => (30_000, 768, 12, 12),
            Self::Large => (30_000, 1024, 16, 24),
            Self::Xlarge => (30_000, 2048, 16, 24),
            Self::Xxlarge => (30_000, 4096, 64, 12),
            Self::Tiny => (8_000, 312, 12, 4),
        };
        Config {
            vocab_size,
            embedding_size: 128,
            hidden_size,
            intermediate_size: 4 * hidden_size,
            num_hidden_layers,
            num_hidden_groups: 1,
            inner_group_num: 1,
            num_attention_heads,
            max_position_embeddings: 512,
            type_vocab_size: 2,
            hidden_act: Activation::GeluTanh,
            layer_norm_eps: 1e-12,
            precision: Precision::Float,
            head,
            embedding_mapping: true,
            pooler: head == Head::None || head.input() == HeadInput::Pooled,
            num_labels: match head {
                Head::None | Head::MaskedLm => 0,
                Head::MultipleChoice => 1,
                _ => 2,
            },
            problem_type: ProblemType::SingleLabel,
            pooling: Pooling::Pooler,
            sentence_dense: 0,
            storage: Storage::default(),
        }
    }
}

/// Standard deviation of the weights: the reference's `initializer_range`.
const DEVIATION: f32 = 0.02;

/// Makes a model file of random weights: matrices and biases normal, layer norms the identity.
///
/// The same geometry, head, seed and options give the same bytes. An integer model has as many OCS places as a real one. It is rounded
/// to nearest; the options for calibration have no effect.
///
/// # Errors
/// As [`convert`](crate::convert()), in principle; random weights cause none.
pub fn synth(geometry: Geometry, head: Head, seed: u64, options: &Options<'_>) -> Result<Converted, Error> {
    let config = geometry.config(head);
    let source = |index: usize, role: u16| match role {
        role::EMBEDDING_NORM_WEIGHT
        | role::ATTENTION_NORM_WEIGHT
        | role::OUTPUT_NORM_WEIGHT
        | role::MLM_NORM_WEIGHT => Source::Constant(1.0),
        role::EMBEDDING_NORM_BIAS | role::ATTENTION_NORM_BIAS | role::OUTPUT_NORM_BIAS | role::MLM_NORM_BIAS => {
            Source::Constant(0.0)
        }
        _ => Source::Random(Random::of_matrix(seed, index, DEVIATION)),
    };
    let parameters = expected(&config, Extras::default()).enumerate();
    let network = Network {
        config,
        usage: Usage::default(),
        groups: vec![0; config.num_hidden_layers as usize],
        labels: match head {
            Head::SequenceClassification | Head::TokenClassification => {
                vec!["LABEL_0".to_owned(), "LABEL_1".to_owned()]
            }
            _ => Vec::new(),
        },
        parameters: parameters
            .map(|(index, expected)| {
                let source = source(index, expected.role);
                expected.bind(source)
            })
            .collect(),
    };
    let synthetic = json!({ "geometry": geometry.name(), "head": head.name(), "seed": seed });
    let provenance = json!({ "synthetic": synthetic, "weights": options.weights.name() });
    let mut scheme = Scheme::new(&network, options.weights, options.keep)?;
    if scheme.is_integer() {
        scheme.split(&network, &calibrate::no_peaks(&network));
    }
    let mut packer = Packer::new(Hessians::new());
    let (bytes, report) = build(&network, None, provenance, &scheme, &mut packer, &Course::new(options.progress))?;
    Ok(Converted { bytes, warnings: Vec::new(), report })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (name, geometry) in GEOMETRIES {
            assert_eq!((name.parse(), geometry.name()), (Ok(geometry), name));
        }
        assert!("huge".parse::<Geometry>().is_err());
    }
}
