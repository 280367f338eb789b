//! Expected against obtained values, drawn as SVG: on the diagonal they are equal.

use std::fmt::Write;
use std::path::Path;

use crate::commands::quantize;
use crate::error::Result;

/// Most points of a panel.
const MOST_POINTS: usize = 4000;
/// Side of a panel's square, and the room around it for labels.
const SIDE: f64 = 320.0;
const MARGIN: f64 = 56.0;
/// Panels side by side.
const COLUMNS: usize = 3;

/// Points of one output: every `stride`th of its values.
#[derive(Debug)]
pub(super) struct Plot {
    points: Vec<(f32, f32)>,
    stride: usize,
    seen: usize,
}

impl Default for Plot {
    fn default() -> Self {
        Self { points: Vec::new(), stride: 1, seen: 0 }
    }
}

impl Plot {
    /// Takes values, expected and obtained. When there are too many, every other one is dropped.
    pub(super) fn add(&mut self, expected: &[f32], obtained: &[f32]) {
        for (&x, &y) in expected.iter().zip(obtained) {
            if self.seen.is_multiple_of(self.stride) && x.is_finite() && y.is_finite() {
                self.points.push((x, y));
            }
            self.seen += 1;
            if self.points.len() > MOST_POINTS {
                let mut keep = false;
                self.points.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.stride *= 2;
            }
        }
    }

    /// Smallest and largest value.
    fn range(&self) -> (f64, f64) {
        let values = || self.points.iter().flat_map(|&(x, y)| [x, y]).map(f64::from);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        match high - low {
            span if span > 0.0 => (low - 0.03 * span, high + 0.03 * span),
            _ if low.is_finite() => (low - 1.0, high + 1.0),
            _ => (-1.0, 1.0),
        }
    }
}

/// Writes a drawing with a panel for each output.
pub(super) fn write<'p>(path: &Path, plots: impl Iterator<Item = (&'static str, &'p Plot)>) -> Result<()> {
    let plots: Vec<_> = plots.collect();
    quantize::write(path, draw(&plots).as_bytes())
}

fn draw(plots: &[(&str, &Plot)]) -> String {
    let cell = SIDE + 2.0 * MARGIN;
    let columns = plots.len().clamp(1, COLUMNS);
    let (width, height) = (cell * columns as f64, cell * plots.len().div_ceil(columns) as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (index, (name, plot)) in plots.iter().enumerate() {
        let (left, top) = ((index % columns) as f64 * cell + MARGIN, (index / columns) as f64 * cell + MARGIN);
        panel(&mut svg, name, plot, left, top).unwrap_or_default();
    }
    svg + "</svg>\n"
}

fn panel(svg: &mut String, name: &str, plot: &Plot, left: f64, top: f64) -> std::fmt::Result {
    let (low, high) = plot.range();
    let place = |value: f64| (value - low) / (high - low) * SIDE;
    let middle = SIDE / 2.0;
    writeln!(svg, "<g transform=\"translate({left} {top})\">")?;
    writeln!(svg, "<rect width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"#999\"/>")?;
    for value in ticks(low, high) {
        let at = place(value);
        let up = SIDE - at;
        writeln!(svg, "<path d=\"M{at:.1} 0V{SIDE}M0 {up:.1}H{SIDE}\" stroke=\"#e4e4e4\"/>")?;
        writeln!(svg, "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value}</text>", SIDE + 16.0)?;
        writeln!(svg, "<text x=\"-6\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>", up + 4.0)?;
    }
    writeln!(svg, "<path d=\"M0 {SIDE}L{SIDE} 0\" stroke=\"#c33\" stroke-dasharray=\"4 3\"/>")?;
    writeln!(svg, "<g fill=\"#1f5fa8\" fill-opacity=\"0.45\">")?;
    for &(x, y) in &plot.points {
        writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"1.6\"/>", place(x.into()), SIDE - place(y.into()))?;
    }
    writeln!(svg, "</g>")?;
    writeln!(svg, "<text x=\"{middle}\" y=\"-12\" text-anchor=\"middle\" font-size=\"14\">{name}</text>")?;
    writeln!(svg, "<text x=\"{middle}\" y=\"{:.1}\" text-anchor=\"middle\">reference</text>", SIDE + 36.0)?;
    writeln!(svg, "<text transform=\"translate(-40 {middle}) rotate(-90)\" text-anchor=\"middle\">obtained</text>")?;
    writeln!(svg, "</g>")
}

/// Round values within a range, about five.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let raw = (high - low) / 5.0;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|&step| step >= raw).unwrap_or(raw);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    // Multiples of a power of ten, free of the digits that binary fractions leave.
    let rounded = |value: f64| format!("{value:.6}").parse().unwrap_or(value);
    (first..=last).map(|multiple| rounded(multiple as f64 * step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_ticks() {
        assert_eq!(ticks(-1.1, 1.1), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(ticks(0.0, 0.01), [0.0, 0.002, 0.004, 0.006, 0.008, 0.01]);
    }

    #[test]
    fn points_stay_few_and_span_the_values() {
        let values: Vec<f32> = (0..100_000).map(|value| value as f32).collect();
        let mut plot = Plot::default();
        plot.add(&values, &values);
        assert!(plot.points.len() <= MOST_POINTS && plot.points.len() > MOST_POINTS / 4);
        assert_eq!(plot.points[0], (0.0, 0.0));
        assert!(plot.points.last().unwrap().0 > 99_000.0);
        assert!(draw(&[("logits", &plot), ("empty", &Plot::default())]).ends_with("</svg>\n"));
    }
}
