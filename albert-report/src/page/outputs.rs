//! What comes out: outputs against the reference's, and accuracy.

use super::{Accuracy, cosine, percent};
use crate::chart::{count, escape, number};
use crate::measure::Measures;
use crate::scatter::{HEIGHT, WIDTH, panel};

/// Most drawings.
const MOST_PANELS: usize = 2;

pub(super) fn section(measures: &Measures, accuracy: Option<&Accuracy>) -> String {
    let panels = measures.scatters.iter().take(MOST_PANELS).map(|(name, scatter)| {
        format!(
            "<figure><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{} of the model \
             against those of the reference; the table has the numbers\">{}</svg></figure>\n",
            escape(name),
            panel(name, scatter)
        )
    });
    let rows = measures.outputs.iter().map(|(name, closeness)| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            escape(name),
            number(closeness.max_abs),
            number(closeness.mean_abs),
            cosine(closeness.cosine_min),
            cosine(closeness.cosine_mean),
            percent(closeness.top1_agreement)
        )
    });
    let accuracy = accuracy.map_or_else(String::new, |accuracy| {
        format!(
            "<table style=\"margin-top:28px\">\n<thead><tr><th scope=\"col\">labels of the data</th><th scope=\"col\">rows</th>\
             <th scope=\"col\">accuracy before</th><th scope=\"col\">accuracy after</th></tr></thead>\n<tbody><tr>\
             <th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr></tbody>\n</table>\n",
            escape(&measures.inputs_from),
            count(accuracy.rows),
            percent(accuracy.reference),
            percent(accuracy.model)
        )
    });
    format!(
        "<section>\n<h2>What comes out</h2>\n<p class=\"note\">Every point is one value of one input: on the diagonal nothing has \
         changed. The strip beneath shows the difference at its own scale.</p>\n<div class=\"row\">\n{}</div>\n\
         <div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">output</th><th scope=\"col\">largest error</th>\
         <th scope=\"col\">mean error</th><th scope=\"col\">worst cosine</th><th scope=\"col\">mean cosine</th>\
         <th scope=\"col\">same best</th></tr></thead>\n<tbody>\n{}</tbody>\n</table></div>\n{accuracy}</section>\n",
        panels.collect::<String>(),
        rows.collect::<String>()
    )
}
