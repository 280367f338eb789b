//! What all drawings share: colours, scales, ticks, numbers as text.

use std::fmt::Write;

/// Colours of the drawings and the page, light and dark. Whoever shows a drawing by itself puts this in front.
pub(crate) const THEME: &str = include_str!("theme.css");

/// Maps values to a length on paper.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Scale {
    pub(crate) fn place(&self, value: f64) -> f64 {
        let span = self.high - self.low;
        let share = if span == 0.0 { 0.5 } else { (value - self.low) / span };
        self.from + share * (self.to - self.from)
    }
}

/// Round values within a range, about `count`.
pub(crate) fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let raw = (high - low) / count.max(1) as f64;
    if !(raw > 0.0 && raw.is_finite()) {
        return vec![low];
    }
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|&step| step >= raw * 0.999);
    let step = step.unwrap_or(raw);
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    // Multiples of a power of ten, free of the digits that binary fractions leave.
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let rounded = |value: f64| format!("{value:.digits$}").parse().unwrap_or(value);
    (first..=last).map(|multiple| rounded(multiple as f64 * step)).collect()
}

/// A number with as many digits as tell it, and a proper minus sign.
pub(crate) fn number(value: f64) -> String {
    let text = match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 1e-4 => format!("{value:.1e}"),
        size if size < 10.0 => {
            let digits = (2 - size.log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{value:.digits$}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    text.replace('-', "\u{2212}")
}

/// Bytes in decimal units.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes as f64 {
        size if size >= 1e6 => format!("{:.2}\u{a0}MB", size / 1e6),
        size if size >= 1e3 => format!("{:.1}\u{a0}kB", size / 1e3),
        size => format!("{size}\u{a0}B"),
    }
}

/// A count with blanks between thousands.
pub(crate) fn count(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// Text with the characters escaped that mean something in HTML and SVG.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A polyline through points.
pub(crate) fn line(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let command = if path.is_empty() { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        write!(path, "{command}{x:.1} {y:.1}").unwrap_or_default();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_ticks() {
        assert_eq!(ticks(-1.1, 1.1, 5), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(ticks(0.0, 0.01, 5), [0.0, 0.002, 0.004, 0.006, 0.008, 0.01]);
        assert_eq!(ticks(-3e-9, 3e-9, 3), [-2e-9, 0.0, 2e-9]);
        assert_eq!(ticks(2.0, 2.0, 5), [2.0]);
        assert_eq!(ticks(0.0, f64::NAN, 5), [0.0]);
    }

    #[test]
    fn numbers_as_text() {
        let all = [0.0, 0.5, -1.25, 0.01234, 12.34, 1234.4, 0.000_012].map(number);
        assert_eq!(all, ["0", "0.5", "−1.25", "0.0123", "12.3", "1234", "1.2e−5"]);
        assert_eq!([12, 1200, 2_467_000].map(bytes), ["12\u{a0}B", "1.2\u{a0}kB", "2.47\u{a0}MB"]);
        assert_eq!([7, 1234, 1_234_567].map(count), ["7", "1\u{2009}234", "1\u{2009}234\u{2009}567"]);
        assert_eq!(escape("<a b=\"c\">&"), "&lt;a b=&quot;c&quot;&gt;&amp;");
    }
}
