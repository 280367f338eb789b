//! The report as one HTML file: no scripts, nothing from the network. Every figure is in a table.

use std::fmt::Write;

use crate::report::Report;

/// Size of the reliability diagram.
const SIDE: f64 = 240.0;

/// The report of classifier `name` as one HTML file, without scripts and without anything from the network.
pub fn page(report: &Report, name: &str) -> String {
    let mut html = String::new();
    let percent = |x: f64| format!("{:.1} %", 100.0 * x);
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: what held-out rows say</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <p>{examples} examples of {labels} labels; the classifier reads the {pooling}. Every figure is of rows that were held out, \
         in {folds} folds.</p>\n",
        title = escape(name),
        examples = report.examples,
        labels = report.labels.len(),
        pooling = escape(report.pooling),
        folds = report.folds.len(),
    );
    let figures = [
        ("accuracy", format!("{} ± {}", percent(report.accuracy), percent(report.accuracy_deviation))),
        ("macro-F1", format!("{} ± {}", percent(report.macro_f1), percent(report.macro_f1_deviation))),
        ("calibration error", percent(report.calibration_error)),
        ("temperature", format!("{:.3}", report.temperature)),
        ("threshold", format!("{:.3}", report.threshold)),
    ];
    table(&mut html, "Summary", &["", ""], figures.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]));
    let folds = report.folds.iter().enumerate().map(|(index, fold)| {
        vec![(index + 1).to_string(), fold.rows.to_string(), percent(fold.accuracy), percent(fold.macro_f1)]
    });
    table(&mut html, "Folds", &["fold", "rows", "accuracy", "macro-F1"], folds);
    reliability(&mut html, report);
    let bins = report.reliability.iter().filter(|bin| bin.rows > 0).map(|bin| {
        let range = format!("{:.1} to {:.1}", bin.from, bin.to);
        vec![range, bin.rows.to_string(), percent(bin.score), percent(bin.accuracy)]
    });
    table(&mut html, "Scores and how often they are right", &["score", "rows", "mean score", "right"], bins);
    let confusions = report.confusions.iter().map(|confusion| {
        vec![confusion.label.clone(), confusion.answer.clone(), confusion.rows.to_string(), confusion.texts.join(" · ")]
    });
    table(&mut html, "Confusions", &["label", "answered as", "rows", "for example"], confusions);
    let labels = report.labels.iter().map(|label| {
        vec![
            label.label.clone(),
            label.examples.to_string(),
            percent(label.precision),
            percent(label.recall),
            percent(label.f1),
        ]
    });
    table(&mut html, "Labels", &["label", "examples", "precision", "recall", "F1"], labels);
    let tried = report.tried.iter().map(|tried| {
        let (strength, loss) = (format!("{}", tried.strength), format!("{:.4}", tried.loss));
        vec![tried.pooling.to_owned(), strength, loss, percent(tried.accuracy)]
    });
    table(&mut html, "What was tried", &["pooling", "penalty", "loss", "accuracy"], tried);
    html.push_str("</body>\n</html>\n");
    html
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
table{border-collapse:collapse;margin:.5rem 0 2rem}td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}\
svg{display:block}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}td,th{border-color:#444}}\n";

/// A heading and a table; nothing without rows.
fn table(html: &mut String, title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = writeln!(html, "<h2>{}</h2>\n<table>", escape(title));
    let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        cells.map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect::<String>()
    };
    let _ = writeln!(html, "<tr>{}</tr>", cells("th", &mut head.iter().copied()));
    for row in rows {
        let _ = writeln!(html, "<tr>{}</tr>", cells("td", &mut row.iter().map(String::as_str)));
    }
    html.push_str("</table>\n");
}

/// The reliability diagram: scores against how often they are right; honest scores lie on the diagonal.
fn reliability(html: &mut String, report: &Report) {
    let _ = write!(
        html,
        "<h2>Reliability</h2>\n<svg width=\"{SIDE}\" height=\"{SIDE}\" viewBox=\"0 0 1 1\" role=\"img\" \
         aria-label=\"scores against how often they are right\">\
         <rect width=\"1\" height=\"1\" fill=\"none\" stroke=\"currentColor\" stroke-width=\".004\"/>\
         <line x1=\"0\" y1=\"1\" x2=\"1\" y2=\"0\" stroke=\"currentColor\" stroke-width=\".004\" stroke-dasharray=\".02\"/>"
    );
    let rows: usize = report.reliability.iter().map(|bin| bin.rows).sum();
    for bin in report.reliability.iter().filter(|bin| bin.rows > 0) {
        let radius = 0.01 + 0.04 * (bin.rows as f64 / rows.max(1) as f64).sqrt();
        let _ = write!(
            html,
            "<circle cx=\"{:.4}\" cy=\"{:.4}\" r=\"{radius:.4}\" fill=\"#2a78d0\"/>",
            bin.score,
            1.0 - bin.accuracy
        );
    }
    html.push_str("</svg>\n");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
