//! A network's matrices in their formats, and the file that they make.

use std::collections::{BTreeMap, BTreeSet};

use albert_core::config::{Config, Storage};
use albert_core::format::layout::{PANEL_CHANNELS, dtype, has_scale_steps, matrix_bytes, round_up, scale_bytes};
use serde_json::json;

use crate::bytes::ModelBytes;
use crate::calibrate::{Site, rounding_cost};
use crate::error::Error;
use crate::formats::Format;
use crate::network::{Kind, Network, Parameter, Source};
use crate::progress::{Course, Stage};
use crate::quantize::{self, Feedback, Fidelity};
use crate::report::{Report, TensorReport};
use crate::scheme::{Hessians, Scheme};
use crate::writer::{Region, Sections, TensorPlan, Writer};

/// Rounds matrices so that the errors of their outputs are small on the inputs that the Hessians are of; to nearest where
/// there is no Hessian.
pub(crate) struct Packer {
    hessians: Hessians,
    /// The sites so far.
    seen: BTreeSet<Site>,
    site: Option<Site>,
    /// That of the site.
    feedback: Feedback,
    /// Matrices that are rounded already, by parameter and element type.
    store: BTreeMap<(usize, u8), Packed>,
}

/// What goes into the [`Region`] of a linear's matrix.
struct Packed {
    data: Vec<u8>,
    scales: Vec<u8>,
    sums: Vec<i32>,
    fidelity: Fidelity,
}

impl Packer {
    pub(crate) fn new(hessians: Hessians) -> Self {
        Self { hessians, seen: BTreeSet::new(), site: None, feedback: Feedback::none(), store: BTreeMap::new() }
    }

    /// Rounds an integer matrix now, to be written as often as one likes. Parameters come in file order.
    pub(crate) fn remember(
        &mut self,
        index: usize,
        parameter: &Parameter,
        format: Format,
        scheme: &Scheme,
    ) -> Result<(), Error> {
        let plan = plan(parameter, format, scheme);
        let channels = round_up(parameter.rows, PANEL_CHANNELS);
        let scales = scale_bytes(has_scale_steps(plan.dtype, plan.lookup), plan.rows);
        let bytes = matrix_bytes(plan.dtype, plan.rows, plan.columns + plan.splits.len()).unwrap_or(0);
        let (mut data, mut scales, mut sums) = (vec![0; bytes], vec![0; scales], vec![0; channels]);
        let region =
            Region { dtype: plan.dtype, data: &mut data, scales: &mut scales, sums: &mut sums, splits: &plan.splits };
        let fidelity = self.pack(index, parameter, region)?;
        self.store.insert((index, plan.dtype), Packed { data, scales, sums, fidelity });
        Ok(())
    }

    fn pack(&mut self, index: usize, parameter: &Parameter, region: Region<'_>) -> Result<Fidelity, Error> {
        if let Some(packed) = self.store.get(&(index, region.dtype)) {
            region.data.copy_from_slice(&packed.data);
            region.scales.copy_from_slice(&packed.scales);
            region.sums.copy_from_slice(&packed.sums);
            return Ok(packed.fidelity);
        }
        // Sites come one after the other but for the biases between their matrices, so that one feedback is kept at a time; its
        // Hessian is dropped.
        let site = Site::of(parameter);
        if self.site != site && parameter.kind != Kind::Vector {
            let first = site.is_none_or(|site| self.seen.insert(site));
            debug_assert!(first, "the Hessian of {site:?} is gone");
            let hessian = site.and_then(|site| self.hessians.remove(&site));
            self.feedback = hessian.and_then(|hessian| Feedback::new(&hessian)).unwrap_or(Feedback::none());
            self.site = site;
        }
        quantize::pack(parameter, region, &self.feedback)
    }
}

/// Rounds a network and writes its file. `provenance` is what is known about where it comes from, a JSON object.
pub(crate) fn build(
    network: &Network,
    tokenizer: Option<&[u8]>,
    mut provenance: serde_json::Value,
    scheme: &Scheme,
    packer: &mut Packer,
    course: &Course<'_>,
) -> Result<(ModelBytes, Report), Error> {
    let Network { config, usage, groups, labels, parameters } = network;
    provenance["generator"] = json!(concat!("albert-quant ", env!("CARGO_PKG_VERSION")));
    let formats = parameters.iter().zip(&scheme.formats);
    let plans: Vec<TensorPlan> = formats.map(|(parameter, &format)| plan(parameter, format, scheme)).collect();
    let ocs_places = plans.iter().map(|plan| plan.splits.len() as u32).max().unwrap_or(0);
    let codebook = plans.iter().any(|plan| dtype::is_codebook(plan.dtype));
    let storage = Storage { ocs_places, smoothing: false, codebook };
    let config = Config { precision: scheme.precision, storage, ..*config };
    let provenance = provenance.to_string();
    let sections = Sections { config: &config, groups, usage, labels, tokenizer, provenance: &provenance };
    let mut writer = Writer::new(&sections, plans);
    let mut report = Report::default();
    let costs = parameters.iter().zip(&scheme.formats);
    let costs: Vec<f64> = costs.map(|(parameter, format)| rounding_cost(parameter, format.is_codebook())).collect();
    let all: f64 = costs.iter().sum();
    let mut done = 0.0;
    for (index, parameter) in parameters.iter().enumerate() {
        let region = writer.region(index);
        let (dtype, ocs_places) = (dtype::name(region.dtype), region.splits.len());
        let fidelity = packer.pack(index, parameter, region)?;
        // Once more as a whole: pages that a panel gave back may have come again with its neighbour.
        parameter.source.release(0..parameter.rows);
        let checkpoint_bytes = parameter.source.bytes();
        report.checkpoint_bytes += checkpoint_bytes as u64;
        report.tensors.push(TensorReport {
            name: parameter.name.clone(),
            dtype,
            rows: parameter.rows,
            columns: parameter.columns,
            ocs_places,
            bytes: writer.bytes(index),
            checkpoint_bytes,
            relative_error: fidelity.relative_error(),
            moved: matches!(parameter.source, Source::Moved { .. }),
        });
        done += costs[index];
        course.show(Stage::Quantize, index + 1, parameters.len(), done / all);
    }
    let bytes = writer.finish();
    report.model_bytes = bytes.len() as u64;
    Ok((bytes, report))
}

fn plan(parameter: &Parameter, format: Format, scheme: &Scheme) -> TensorPlan {
    let vector = parameter.kind == Kind::Vector;
    let splits = Site::of(parameter).and_then(|site| scheme.splits.get(&site));
    TensorPlan {
        role: parameter.role,
        block: parameter.block,
        dtype: if vector { dtype::F32 } else { format.dtype() },
        vector,
        lookup: parameter.kind == Kind::Table,
        rows: parameter.rows,
        columns: parameter.columns,
        splits: splits.filter(|_| scheme.is_integer()).cloned().unwrap_or_default(),
    }
}
