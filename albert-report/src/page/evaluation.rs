//! What a model's answers are worth, as a page.

use std::fmt::Write;

use crate::chart::{Scale, THEME, count, escape, number, ticks};
use crate::metrics::{BINS, Evaluation, Figure, LabelFigures, Reliability};

/// Most labels of a confusion matrix that is drawn whole.
const MOST_IN_MATRIX: usize = 24;
/// Most confusions in the list.
const MOST_CONFUSIONS: usize = 50;
/// Extents of the reliability diagram.
const SIDE: f64 = 300.0;
const LEFT: f64 = 46.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 44.0;

/// The figures of `model` on `data` as one HTML file; both are names.
pub fn evaluation_page(model: &str, data: &str, evaluation: &Evaluation) -> String {
    let sections = [
        figures(evaluation),
        evaluation.reliability().map_or_else(String::new, reliability),
        labels(evaluation.labels()),
        confusions(evaluation),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: evaluation</title>\n<style>\n{THEME}{style}</style>\n</head>\n<body>\n\
         <header>\n<p class=\"kicker\">Evaluation</p>\n<h1>{title}</h1>\n<p class=\"lede\">{rows} {unit} of {data}.</p>\n</header>\n\
         <main>\n{sections}</main>\n<footer>\n<p>Made by albert {version}.</p>\n</footer>\n</body>\n</html>\n",
        title = escape(model),
        style = include_str!("style.css"),
        rows = count(evaluation.rows()),
        unit = evaluation.unit(),
        data = escape(data),
        sections = sections.concat(),
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// A table with its heads; the first cell of a row is its name.
fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let heads: String = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
    let row = |cells: Vec<String>| {
        let cell = |(index, cell): (usize, String)| match index {
            0 => format!("<th scope=\"row\">{cell}</th>"),
            _ => format!("<td>{cell}</td>"),
        };
        format!("<tr>{}</tr>\n", cells.into_iter().enumerate().map(cell).collect::<String>())
    };
    format!(
        "<div class=\"scroll\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{}</tbody>\n</table></div>\n",
        rows.map(row).collect::<String>()
    )
}

fn digits(value: f64) -> String {
    format!("{value:.4}")
}

fn figures(evaluation: &Evaluation) -> String {
    let row = |Figure { name, value, interval }: Figure| {
        let interval = interval.map_or_else(String::new, |[low, high]| format!("{low:.4} to {high:.4}"));
        vec![name.replace('_', " "), digits(value), interval]
    };
    format!(
        "<section>\n<h2>Figures</h2>\n<p class=\"note\">An interval holds the figure in 95 of 100 samples of as many rows \
         (bootstrap, {} draws).</p>\n{}</section>\n",
        count(crate::metrics::DRAWS),
        table(&["", "value", "95\u{a0}% interval"], evaluation.figures().into_iter().map(row))
    )
}

fn reliability(reliability: &Reliability) -> String {
    let rows = reliability.bins.iter().filter(|bin| bin.rows > 0).map(|bin| {
        vec![
            format!("{} to {}", number(bin.from), number(bin.to)),
            count(bin.rows),
            digits(bin.score),
            digits(bin.accuracy),
        ]
    });
    format!(
        "<section>\n<h2>Reliability</h2>\n<p class=\"note\">How often answers of a score are right. On the diagonal a score of 0.9 is right \
         in 9 of 10 cases. The expected calibration error over {BINS} bins of equal width is {}.</p>\n<div class=\"row\">\n<figure>{}</figure>\n\
         <div class=\"side\">{}</div>\n</div>\n</section>\n",
        digits(reliability.calibration_error),
        diagram(reliability),
        table(&["score", "answers", "mean score", "right"], rows)
    )
}

/// A bar for each bin, and the diagonal.
fn diagram(reliability: &Reliability) -> String {
    let x = Scale { low: 0.0, high: 1.0, from: LEFT, to: LEFT + SIDE };
    let y = Scale { low: 0.0, high: 1.0, from: TOP + SIDE, to: TOP };
    let (width, height, bottom) = (LEFT + SIDE + 8.0, TOP + SIDE + BOTTOM, TOP + SIDE);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"share of right answers by \
         score; the table has the numbers\">"
    );
    for value in ticks(0.0, 1.0, 5) {
        let (at, up) = (x.place(value), y.place(value));
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {up:.1}H{right}\"/><text class=\"soft end\" x=\"{:.1}\" y=\"{:.1}\">{value}</text>\
             <text class=\"soft middle\" x=\"{at:.1}\" y=\"{:.1}\">{value}</text>",
            LEFT - 8.0,
            up + 4.0,
            bottom + 18.0,
            right = LEFT + SIDE
        );
    }
    for bin in reliability.bins.iter().filter(|bin| bin.rows > 0) {
        let (from, to, top) = (x.place(bin.from) + 1.0, x.place(bin.to) - 1.0, y.place(bin.accuracy));
        let _ = write!(
            svg,
            "<rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"var(--blue)\" fill-opacity=\".55\"/>\
             <circle cx=\"{:.1}\" cy=\"{top:.1}\" r=\"3.5\" fill=\"var(--orange)\"/>",
            to - from,
            bottom - top,
            x.place(bin.score)
        );
    }
    let _ = write!(
        svg,
        "<path class=\"axis\" d=\"M{LEFT} {bottom}L{right} {TOP}\"/><rect class=\"axis\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{SIDE}\" \
         height=\"{SIDE}\"/><text class=\"soft\" x=\"{LEFT}\" y=\"{:.1}\">right \u{2191}; dots: mean score</text>\
         <text class=\"soft end\" x=\"{right}\" y=\"{:.1}\">score \u{2192}</text></svg>",
        bottom + 38.0,
        bottom + 38.0,
        right = LEFT + SIDE
    );
    svg
}

fn labels(labels: &[LabelFigures]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let mut labels: Vec<&LabelFigures> = labels.iter().collect();
    labels.sort_by(|a, b| a.f1.total_cmp(&b.f1));
    let row = |label: &LabelFigures| {
        let figures = [label.precision, label.recall, label.f1].map(digits);
        [vec![escape(&label.label), count(label.rows)], figures.to_vec()].concat()
    };
    format!(
        "<section>\n<h2>Labels</h2>\n<p class=\"note\">The lowest F1 first.</p>\n{}</section>\n",
        table(&["label", "in the data", "precision", "recall", "F1"], labels.into_iter().map(row))
    )
}

fn confusions(evaluation: &Evaluation) -> String {
    let Evaluation::Classification(figures) = evaluation else { return String::new() };
    let mut text = "<section>\n<h2>Confusions</h2>\n".to_owned();
    if figures.labels.len() <= MOST_IN_MATRIX {
        let names: Vec<String> = figures.labels.iter().map(|label| escape(&label.label)).collect();
        let heads: Vec<&str> =
            std::iter::once("label \u{2193} answer \u{2192}").chain(names.iter().map(String::as_str)).collect();
        let rows = names.iter().zip(&figures.confusion_matrix);
        text += &table(
            &heads,
            rows.map(|(name, row)| [vec![name.clone()], row.iter().map(|&rows| count(rows)).collect()].concat()),
        );
    }
    let all = evaluation.confusions();
    if all.is_empty() {
        return text + "<p class=\"note\">No row is answered wrongly.</p>\n</section>\n";
    }
    let shown = all.iter().take(MOST_CONFUSIONS);
    let rows = shown.map(|(label, answer, rows)| vec![escape(label), escape(answer), count(*rows)]);
    text += &format!(
        "<p class=\"note\">{} of {} pairs, the most frequent first.</p>\n{}</section>\n",
        count(all.len().min(MOST_CONFUSIONS)),
        count(all.len()),
        table(&["label", "answered as", "rows"], rows)
    );
    text
}
