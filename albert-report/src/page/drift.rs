//! How far the hidden state moves away, layer by layer.

use std::fmt::Write;

use crate::chart::{Scale, line, number, ticks};
use crate::cosines::CosineSummary;
use crate::measure::{Depth, Measures};

/// Extents of one of the two drawings.
const WIDTH: f64 = 402.0;
const HEIGHT: f64 = 236.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 84.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 40.0;

pub(super) fn section(measures: &Measures) -> String {
    let depths = &measures.depths;
    if depths.is_empty() {
        return String::new();
    }
    let error =
        Series { color: "--blue", name: "", values: depths.iter().map(|depth| 100.0 * depth.relative_error).collect() };
    let mean = Series {
        color: "--blue",
        name: "mean",
        values: depths.iter().map(|depth| depth.cosines.cosine_mean).collect(),
    };
    let rare = Series {
        color: "--orange",
        name: "1 % quantile",
        values: depths.iter().map(|depth| depth.cosines.cosine_p1).collect(),
    };
    let low = rare.values.iter().copied().fold(1.0, f64::min);
    let high = error.values.iter().copied().fold(0.0, f64::max);
    format!(
        "<section>\n<h2>How the hidden state drifts</h2>\n<p class=\"note\">The hidden state of every token against the reference's after \
         each layer; 0 is the embeddings. An error that stops growing is one that the layers correct.</p>\n<div class=\"row\">\n{}{}</div>\n{}\
         </section>\n",
        figure("Relative error, per cent", &[error], (0.0, high * 1.08)),
        figure("Cosine of a token's states", &[mean, rare], (low - 0.08 * (1.0 - low).max(1e-9), 1.0)),
        table(depths)
    )
}

struct Series {
    color: &'static str,
    name: &'static str,
    values: Vec<f64>,
}

fn figure(title: &str, series: &[Series], range: (f64, f64)) -> String {
    let mut svg = String::new();
    draw(&mut svg, title, series, range).unwrap_or_default();
    format!(
        "<figure><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{title} by layer; the \
         table has the numbers\">\n{svg}</svg></figure>\n"
    )
}

fn draw(svg: &mut String, title: &str, series: &[Series], (low, high): (f64, f64)) -> std::fmt::Result {
    let last = series.first().map_or(0, |series| series.values.len().saturating_sub(1));
    let x = Scale { low: 0.0, high: last as f64, from: LEFT, to: WIDTH - RIGHT };
    let y = Scale { low, high, from: HEIGHT - BOTTOM, to: TOP };
    writeln!(svg, "<text class=\"strong\" x=\"0\" y=\"14\">{title}</text>")?;
    for value in ticks(low, high, 4) {
        let at = y.place(value);
        writeln!(svg, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{:.1}\"/>", x.to)?;
        writeln!(svg, "<text class=\"soft end\" x=\"{:.1}\" y=\"{:.1}\">{value}</text>", LEFT - 8.0, at + 4.0)?;
    }
    let every = last.div_ceil(12).max(1);
    for layer in (0..=last).step_by(every) {
        let at = x.place(layer as f64);
        writeln!(svg, "<text class=\"soft middle\" x=\"{at:.1}\" y=\"{}\">{layer}</text>", HEIGHT - BOTTOM + 18.0)?;
    }
    writeln!(svg, "<text class=\"soft\" x=\"{LEFT}\" y=\"{}\">layers</text>", HEIGHT - 4.0)?;
    for Series { color, name, values } in series {
        let points = values.iter().enumerate().map(|(layer, &value)| (x.place(layer as f64), y.place(value)));
        writeln!(svg, "<path class=\"trace\" style=\"stroke:var({color})\" d=\"{}\"/>", line(points.clone()))?;
        for (at, up) in points {
            writeln!(svg, "<circle cx=\"{at:.1}\" cy=\"{up:.1}\" r=\"2.6\" style=\"fill:var({color})\"/>")?;
        }
        if let Some(&end) = values.last() {
            let (at, up) = (x.place(last as f64) + 9.0, y.place(end) + 4.0);
            let label = if name.is_empty() { number(end) } else { (*name).to_owned() };
            writeln!(
                svg,
                "<text class=\"strong\" x=\"{at:.1}\" y=\"{up:.1}\" style=\"fill:var({color})\">{label}</text>"
            )?;
        }
    }
    Ok(())
}

fn table(depths: &[Depth]) -> String {
    let row = |depth: &Depth| {
        let Depth { layers, cosines, relative_error } = depth;
        let CosineSummary { cosine_mean, cosine_p1, cosine_p01, .. } = cosines;
        let error = 100.0 * relative_error;
        format!(
            "<tr><th scope=\"row\">{layers}</th><td>{error:.2}</td><td>{cosine_mean:.5}</td><td>{cosine_p1:.5}</td><td>{cosine_p01:.5}</td></tr>\n"
        )
    };
    format!(
        "<table>\n<thead><tr><th scope=\"col\">layers</th><th scope=\"col\">relative error, per cent</th><th scope=\"col\">mean cosine</th>\
         <th scope=\"col\">1\u{a0}% quantile</th><th scope=\"col\">0.1\u{a0}% quantile</th></tr></thead>\n<tbody>\n{}</tbody>\n</table>\n",
        depths.iter().map(row).collect::<String>()
    )
}
