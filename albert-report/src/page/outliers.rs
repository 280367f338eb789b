//! Which channels are far larger than the rest, and how that changes with depth.

use std::collections::BTreeSet;

use crate::chart::number;
use crate::measure::{Measures, Outlier};

/// Ratio of largest to median at which a cell has its full colour.
const FULL: f32 = 30.0;
/// Linears in the order of the network.
const ORDER: [&str; 10] = [
    "embedding mapping",
    "query, key, value",
    "attention output",
    "feed-forward in",
    "feed-forward out",
    "pooler",
    "classifier",
    "exit classifier",
    "masked-LM transform",
    "sentence order",
];

pub(super) fn section(measures: &Measures) -> String {
    let outliers = &measures.outliers;
    let layers: BTreeSet<usize> = outliers.iter().map(|outlier| outlier.layer).collect();
    let blocks: BTreeSet<usize> = outliers.iter().map(|outlier| outlier.block).collect();
    let name = |layer: usize| match layer {
        0 => "embed".to_owned(),
        layer if layer > measures.layers => "head".to_owned(),
        layer => layer.to_string(),
    };
    let heads: String = layers.iter().map(|&layer| format!("<th scope=\"col\">{}</th>", name(layer))).collect();
    let mut rows = String::new();
    for linear in ORDER {
        for &block in &blocks {
            let of: Vec<&Outlier> =
                outliers.iter().filter(|outlier| (outlier.linear, outlier.block) == (linear, block)).collect();
            if of.is_empty() {
                continue;
            }
            let label = if block > 0 { format!("{linear} ({block})") } else { linear.to_owned() };
            let cells = layers.iter().map(|&layer| {
                of.iter()
                    .find(|outlier| outlier.layer == layer)
                    .map_or_else(|| "<td></td>".to_owned(), |outlier| cell(outlier))
            });
            rows += &format!("<tr><th scope=\"row\">{label}</th>{}</tr>\n", cells.collect::<String>());
        }
    }
    format!(
        "<section>\n<h2>Outlier channels</h2>\n<p class=\"note\">The largest input of each linear in each layer of the reference, and the \
         channel that has it. Shade: how many times the median channel's own peak that is, full at {FULL}. One such channel takes the range \
         of a whole token; outlier channel splitting spreads it over several places in K.</p>\n<div class=\"scroll\"><table class=\"heat\">\n\
         <thead><tr><th scope=\"col\">input of</th>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n</section>\n"
    )
}

fn cell(outlier: &Outlier) -> String {
    let ratio = if outlier.median > 0.0 { outlier.largest / outlier.median } else { 1.0 };
    let shade = (ratio.max(1.0).ln() / FULL.ln()).clamp(0.0, 1.0) * 0.62;
    format!(
        "<td style=\"background:rgba(var(--heat),{shade:.2})\" title=\"{} times the median channel\">{}<small>#{}</small></td>",
        number(f64::from(ratio)),
        number(f64::from(outlier.largest)),
        outlier.channel
    )
}
