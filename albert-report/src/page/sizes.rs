//! Where the bytes are.

use std::fmt::Write;

use super::Report;
use crate::chart::{bytes, escape};
use crate::sizes::Sizes;

/// Extents of the drawing.
const WIDTH: f64 = 832.0;
const BAR: f64 = 34.0;
const STEP: f64 = 72.0;
/// Smallest width of a segment that has its name above it.
const NAMED: f64 = 74.0;
/// Colours of the parts, in their order.
const COLORS: [&str; 5] = ["--blue", "--orange", "--teal", "--violet", "--grey"];

pub(super) fn section(report: &Report) -> String {
    let [before, after] = report.subject.sides();
    let rows = [(before, &report.reference_sizes), (after, &report.sizes)];
    let most = rows.iter().map(|(_, sizes)| sizes.total()).max().unwrap_or(0).max(1) as f64;
    let mut svg = String::new();
    for (index, (when, sizes)) in rows.into_iter().enumerate() {
        bar(&mut svg, when, sizes, most, 20.0 + index as f64 * STEP).unwrap_or_default();
    }
    let height = 20.0 + STEP + BAR + 6.0;
    format!(
        "<section>\n<h2>Where the bytes are</h2>\n<p class=\"note\">{}: {}. {}: {}. Layers are stored once, \
         however often they run.</p>\n<figure><svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Bytes by part, {before} and {after}; the table has the numbers\">\n{svg}</svg></figure>\n{}</section>\n",
        capitalized(before),
        escape(&report.reference),
        capitalized(after),
        escape(&report.model),
        table(report)
    )
}

fn bar(svg: &mut String, when: &str, sizes: &Sizes, most: f64, top: f64) -> std::fmt::Result {
    let left = 62.0;
    let unit = (WIDTH - left - 84.0) / most;
    let middle = top + BAR / 2.0 + 4.0;
    writeln!(svg, "<text class=\"soft\" x=\"0\" y=\"{middle}\">{when}</text>")?;
    let mut at = left;
    for ((name, size), color) in sizes.parts().into_iter().zip(COLORS) {
        let width = size as f64 * unit;
        if size == 0 {
            continue;
        }
        // A hair of paper between the segments.
        let shown = (width - 1.5).max(0.75);
        writeln!(
            svg,
            "<rect x=\"{at:.1}\" y=\"{top}\" width=\"{shown:.1}\" height=\"{BAR}\" style=\"fill:var({color})\"><title>{name}: {}</title></rect>",
            bytes(size)
        )?;
        if width >= NAMED {
            writeln!(svg, "<text class=\"soft\" x=\"{at:.1}\" y=\"{}\">{name}</text>", top - 6.0)?;
        }
        at += width;
    }
    writeln!(svg, "<text class=\"strong\" x=\"{:.1}\" y=\"{middle}\">{}</text>", at + 8.0, bytes(sizes.total()))
}

/// With a capital at the start of a sentence.
fn capitalized(word: &str) -> String {
    word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect()
}

fn table(report: &Report) -> String {
    let sides = report.subject.sides();
    let bytes = |size: u64| if size == 0 { "\u{2013}".to_owned() } else { bytes(size) };
    let row = |name: &str, swatch: &str, before: u64, after: u64| {
        let share = if before == 0 {
            "\u{2013}".to_owned()
        } else {
            format!("{:.0}\u{a0}%", 100.0 * after as f64 / before as f64)
        };
        format!(
            "<th scope=\"row\">{swatch}{name}</th><td>{}</td><td>{}</td><td>{share}</td></tr>\n",
            bytes(before),
            bytes(after)
        )
    };
    let mut rows = String::new();
    let parts = report.reference_sizes.parts().into_iter().zip(report.sizes.parts()).zip(COLORS);
    for (((name, before), (_, after)), color) in parts {
        let swatch = format!("<span class=\"swatch\" style=\"background:var({color})\"></span>");
        rows += &format!("<tr>{}", row(name, &swatch, before, after));
    }
    let (before, after) = (report.reference_sizes.total(), report.sizes.total());
    rows += &format!("<tr class=\"sum\">{}", row("all", "", before, after));
    format!(
        "<table>\n<thead><tr><th scope=\"col\">part</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th>\
         <th scope=\"col\">of {}</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n",
        sides[0], sides[1], sides[0]
    )
}
