//! What comes out: outputs against the reference's, and accuracy.

use super::{Accuracy, Subject, cosine, percent};
use crate::chart::{count, escape, number};
use crate::closeness::Closeness;
use crate::measure::Measures;
use crate::scatter::{HEIGHT, WIDTH, panel};

/// Most drawings.
const MOST_PANELS: usize = 2;

/// A figure's name, and how it is read.
type Figure = (&'static str, fn(&Closeness) -> String);

const FIGURES: [Figure; 7] = [
    ("same best label", |closeness| percent(closeness.top1_agreement)),
    ("mean error", |closeness| number(closeness.mean_abs)),
    ("largest error", |closeness| number(closeness.max_abs)),
    ("mean cosine", |closeness| cosine(closeness.cosines.cosine_mean)),
    ("1\u{a0}% quantile of the cosine", |closeness| cosine(closeness.cosines.cosine_p1)),
    ("0.1\u{a0}% quantile", |closeness| cosine(closeness.cosines.cosine_p01)),
    ("vectors", |closeness| count(closeness.cosines.vectors)),
];

pub(super) fn section(measures: &Measures, accuracy: Option<&Accuracy>, subject: Subject) -> String {
    let panels = measures.scatters.iter().take(MOST_PANELS).map(|(name, scatter)| {
        format!(
            "<figure><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{} of the model \
             against those of the reference; the table has the numbers\">{}</svg></figure>\n",
            escape(name),
            panel(name, scatter)
        )
    });
    format!(
        "<section>\n<h2>What comes out</h2>\n<p class=\"note\">Every point is one value of one input: on the diagonal nothing has \
         changed. The strip beneath shows the difference at its own scale.</p>\n<div class=\"row\">\n{}<div class=\"side\">\n{}{}</div>\n\
         </div>\n</section>\n",
        panels.collect::<String>(),
        table(measures),
        accuracy.map_or_else(String::new, |accuracy| { accuracies(accuracy, &measures.inputs_from, subject) })
    )
}

/// A column for each output.
fn table(measures: &Measures) -> String {
    let columns = |cell: &dyn Fn(&str, &Closeness) -> String| {
        measures.outputs.iter().map(|(name, closeness)| cell(name, closeness)).collect::<String>()
    };
    // Which element of an embedding is the largest means nothing.
    let ranked = measures.outputs.keys().any(|name| name.ends_with("logits"));
    let figures = FIGURES.iter().skip(usize::from(!ranked));
    let heads = columns(&|name, _| format!("<th scope=\"col\">{}</th>", escape(name)));
    let row = |(name, read): &Figure| {
        format!(
            "<tr><th scope=\"row\">{name}</th>{}</tr>\n",
            columns(&|_, closeness| format!("<td>{}</td>", read(closeness)))
        )
    };
    format!(
        "<table>\n<thead><tr><th scope=\"col\"></th>{heads}</tr></thead>\n<tbody>\n{}</tbody>\n</table>\n",
        figures.map(row).collect::<String>()
    )
}

fn accuracies(accuracy: &Accuracy, data: &str, subject: Subject) -> String {
    let [before, after] = subject.sides();
    format!(
        "<table>\n<thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{before}</th><th scope=\"col\">{after}</th></tr></thead>\n<tbody>\n\
         <tr><th scope=\"row\">accuracy, {} rows</th><td>{}</td><td>{}</td></tr>\n</tbody>\n</table>\n",
        escape(data),
        count(accuracy.rows),
        percent(accuracy.reference),
        percent(accuracy.model)
    )
}
