//! Scatter plots of obtained against expected values, as SVG: on the diagonal they are equal. A strip below shows the difference at a
//! scale of its own, because small ones cannot be seen on the diagonal.

use std::fmt::Write;

use crate::chart::{Scale, THEME, count, escape, number, ticks};

/// Most points of a drawing.
const MOST_POINTS: usize = 4000;
/// Side of the square.
const SIDE: f64 = 264.0;
/// Height of the strip with the differences, and the room between the two.
const STRIP: f64 = 76.0;
const GAP: f64 = 14.0;
/// Room around both.
const LEFT: f64 = 58.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 44.0;
const RIGHT: f64 = 18.0;
/// Extents of a drawing with all its labels.
pub(crate) const WIDTH: f64 = LEFT + SIDE + RIGHT;
pub(crate) const HEIGHT: f64 = TOP + SIDE + GAP + STRIP + BOTTOM;
/// Drawings side by side.
const COLUMNS: usize = 3;

/// The points of one output's plot: every n-th of its values, so that there are never too many.
#[derive(Clone, Debug)]
pub struct Scatter {
    points: Vec<(f32, f32)>,
    stride: usize,
    seen: usize,
    /// Largest difference of any value, drawn or not.
    largest: f32,
}

impl Default for Scatter {
    fn default() -> Self {
        Self { points: Vec::new(), stride: 1, seen: 0, largest: 0.0 }
    }
}

impl Scatter {
    /// Adds values, expected and obtained, as many of each.
    pub fn add(&mut self, expected: &[f32], obtained: &[f32]) {
        for (&x, &y) in expected.iter().zip(obtained) {
            self.largest = self.largest.max((x - y).abs());
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

    /// Smallest and largest value, and some room.
    fn range(&self) -> (f64, f64) {
        let values = || self.points.iter().flat_map(|&(x, y)| [x, y]).map(f64::from);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        match high - low {
            span if span > 0.0 => (low - 0.04 * span, high + 0.04 * span),
            _ if low.is_finite() => (low - 1.0, high + 1.0),
            _ => (-1.0, 1.0),
        }
    }
}

/// An SVG file with a plot for each output, given with its name.
pub fn draw(scatters: &[(&str, &Scatter)]) -> String {
    let columns = scatters.len().clamp(1, COLUMNS);
    let (width, height) = (WIDTH * columns as f64, HEIGHT * scatters.len().div_ceil(columns) as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <style>{THEME}</style>\n<rect width=\"100%\" height=\"100%\" style=\"fill: var(--paper)\"/>\n"
    );
    for (index, (name, scatter)) in scatters.iter().enumerate() {
        let (left, top) = ((index % columns) as f64 * WIDTH, (index / columns) as f64 * HEIGHT);
        // Writing to a string cannot fail.
        writeln!(svg, "<g transform=\"translate({left} {top})\">{}</g>", panel(name, scatter)).unwrap_or_default();
    }
    svg + "</svg>\n"
}

/// One drawing, as the content of a group.
pub(crate) fn panel(name: &str, scatter: &Scatter) -> String {
    let mut svg = String::new();
    // Writing to a string cannot fail.
    write_panel(&mut svg, name, scatter).unwrap_or_default();
    svg
}

fn write_panel(svg: &mut String, name: &str, scatter: &Scatter) -> std::fmt::Result {
    let (low, high) = scatter.range();
    let x = Scale { low, high, from: LEFT, to: LEFT + SIDE };
    let y = Scale { low, high, from: TOP + SIDE, to: TOP };
    let (right, bottom) = (LEFT + SIDE, TOP + SIDE);
    let (strip_top, strip_bottom) = (bottom + GAP, bottom + GAP + STRIP);
    let most = if scatter.largest > 0.0 { f64::from(scatter.largest) } else { 1.0 };
    let error = Scale { low: -1.15 * most, high: 1.15 * most, from: strip_bottom, to: strip_top };

    writeln!(svg, "<text class=\"strong\" x=\"{LEFT}\" y=\"20\">{}</text>", escape(name))?;
    let shown = scatter.points.len();
    let of = if shown < scatter.seen { format!("{} of {}", count(shown), count(scatter.seen)) } else { count(shown) };
    writeln!(svg, "<text class=\"soft end\" x=\"{right}\" y=\"36\">{of} values</text>")?;
    writeln!(svg, "<text class=\"soft\" x=\"{LEFT}\" y=\"36\">obtained \u{2191}</text>")?;
    for value in ticks(low, high, 4) {
        let (at, up) = (x.place(value), y.place(value));
        writeln!(
            svg,
            "<path class=\"grid\" d=\"M{at:.1} {TOP}V{bottom}M{at:.1} {strip_top}V{strip_bottom}M{LEFT} {up:.1}H{right}\"/>"
        )?;
        writeln!(
            svg,
            "<text class=\"soft middle\" x=\"{at:.1}\" y=\"{:.1}\">{}</text>",
            strip_bottom + 18.0,
            number(value)
        )?;
        writeln!(
            svg,
            "<text class=\"soft end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT - 8.0,
            up + 4.0,
            number(value)
        )?;
    }
    writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} {bottom}L{right} {TOP}\"/>")?;
    writeln!(svg, "<rect class=\"axis\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{SIDE}\" height=\"{SIDE}\"/>")?;
    dots(svg, scatter.points.iter().map(|&(a, b)| (x.place(a.into()), y.place(b.into()))))?;

    let zero = error.place(0.0);
    writeln!(svg, "<path class=\"axis\" d=\"M{LEFT} {zero:.1}H{right}\"/>")?;
    writeln!(svg, "<rect class=\"axis\" x=\"{LEFT}\" y=\"{strip_top}\" width=\"{SIDE}\" height=\"{STRIP}\"/>")?;
    for (value, text) in [(most, format!("+{}", number(most))), (0.0, "0".to_owned()), (-most, number(-most))] {
        writeln!(
            svg,
            "<text class=\"soft end\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>",
            LEFT - 8.0,
            error.place(value) + 4.0
        )?;
    }
    dots(svg, scatter.points.iter().map(|&(a, b)| (x.place(a.into()), error.place(f64::from(b) - f64::from(a)))))?;
    let below = strip_bottom + 36.0;
    writeln!(svg, "<text class=\"soft\" x=\"{LEFT}\" y=\"{below}\">below: obtained \u{2212} expected</text>")?;
    writeln!(svg, "<text class=\"soft end\" x=\"{right}\" y=\"{below}\">expected \u{2192}</text>")
}

/// Points as strokes of no length with round ends.
fn dots(svg: &mut String, points: impl Iterator<Item = (f64, f64)>) -> std::fmt::Result {
    svg.push_str("<path class=\"dots\" d=\"");
    for (x, y) in points {
        write!(svg, "M{x:.1} {y:.1}h0")?;
    }
    writeln!(svg, "\"/>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_stay_few_and_span_the_values() {
        let values: Vec<f32> = (0..100_000).map(|value| value as f32).collect();
        let mut scatter = Scatter::default();
        scatter.add(&values, &values);
        assert!(scatter.points.len() <= MOST_POINTS && scatter.points.len() > MOST_POINTS / 4);
        assert_eq!(scatter.points[0], (0.0, 0.0));
        assert!(scatter.points.last().unwrap().0 > 99_000.0);
        let svg = draw(&[("logits", &scatter), ("empty", &Scatter::default())]);
        assert!(svg.ends_with("</svg>\n") && svg.contains("of 100\u{2009}000 values") && svg.contains(">0 values"));
    }

    #[test]
    fn the_largest_difference_counts_even_when_it_is_not_drawn() {
        let mut scatter = Scatter::default();
        let (expected, mut obtained) = (vec![0.0; 20_000], vec![0.0; 20_000]);
        obtained[13_337] = -0.25;
        scatter.add(&expected, &obtained);
        assert!(panel("logits", &scatter).contains(">+0.25</text>"));
    }
}
