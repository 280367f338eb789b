//! The little JSON that every build needs: objects as `JSON.stringify` writes them, and results. A general library, with its trees and
//! decimal fractions, would be a tenth of the module that classifies.

use core::fmt::Write;

/// A value as it is written.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'j>(pub(crate) &'j str);

impl<'j> Raw<'j> {
    /// JSON that is one value.
    pub(crate) fn new(json: &'j [u8]) -> Option<Self> {
        core::str::from_utf8(json).ok().map(|json| Self(json.trim_ascii()))
    }

    pub(crate) fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The fields of an object: names and values.
    pub(crate) fn fields(self) -> Option<Vec<(String, Self)>> {
        let mut rest = self.inside('{', '}')?;
        let mut fields = Vec::new();
        while !rest.is_empty() {
            let (name, after) = split(rest)?;
            let (value, after) = split(after.strip_prefix(':')?.trim_ascii_start())?;
            fields.push((Self(name).text()?, Self(value)));
            rest = next(after)?;
        }
        Some(fields)
    }

    /// A list of whole numbers.
    pub(crate) fn numbers(self) -> Option<Vec<u32>> {
        let mut rest = self.inside('[', ']')?;
        let mut numbers = Vec::new();
        while !rest.is_empty() {
            let (number, after) = split(rest)?;
            numbers.push(number.parse().ok()?);
            rest = next(after)?;
        }
        Some(numbers)
    }

    /// A string.
    pub(crate) fn text(self) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.inside('"', '"')?.chars();
        while let Some(c) = chars.next() {
            let plain = match c {
                '\\' => match chars.next()? {
                    'b' => '\x08',
                    'f' => '\x0c',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => {
                        let mut unit = || (0..4).try_fold(0, |unit, _| Some(unit * 16 + chars.next()?.to_digit(16)?));
                        match unit()? {
                            high @ 0xd800..0xdc00 => {
                                // `JSON.stringify` has no pairs of surrogates, others do.
                                let low = (chars.next()? == '\\' && chars.next()? == 'u').then(|| {
                                    (0..4).try_fold(0, |unit, _| Some(unit * 16 + chars.next()?.to_digit(16)?))
                                })??;
                                let low = low.checked_sub(0xdc00).filter(|&low| low < 0x400)?;
                                char::from_u32(0x10000 + (high - 0xd800) * 0x400 + low)?
                            }
                            unit => char::from_u32(unit)?,
                        }
                    }
                    c @ ('"' | '\\' | '/') => c,
                    _ => return None,
                },
                c => c,
            };
            text.push(plain);
        }
        Some(text)
    }

    fn inside(self, open: char, close: char) -> Option<&'j str> {
        self.0.strip_prefix(open)?.strip_suffix(close).map(str::trim_ascii).filter(|_| self.0.len() > 1)
    }
}

/// The value that text begins with, and what is after it.
fn split(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' | b':' if depth == 0 => {
                let (value, rest) = text.split_at_checked(place)?;
                return Some((value.trim_ascii(), rest));
            }
            _ => {}
        }
    }
    (depth == 0 && !quoted).then(|| (text.trim_ascii(), ""))
}

/// What is after the comma behind a value.
fn next(after: &str) -> Option<&str> {
    if after.is_empty() {
        Some(after)
    } else {
        after.strip_prefix(',').map(str::trim_ascii_start).filter(|rest| !rest.is_empty())
    }
}

/// Writes JSON.
#[derive(Default)]
pub(crate) struct Writer(String);

impl Writer {
    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// Begins a list or an object: `[` or `{`.
    pub(crate) fn open(&mut self, bracket: char) {
        self.value();
        self.0.push(bracket);
    }

    /// Ends it.
    pub(crate) fn close(&mut self, bracket: char) {
        self.0.push(bracket);
    }

    /// The name of the field whose value comes next.
    pub(crate) fn name(&mut self, name: &str) -> &mut Self {
        self.text(name);
        self.0.push(':');
        self
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.value();
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.0.extend(['\\', c]),
                '\0'..' ' => self.0.extend(["\\u00", HEX[c as usize / 16], HEX[c as usize % 16]]),
                _ => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    pub(crate) fn number(&mut self, number: impl TryInto<u64>) {
        self.value();
        // Writing to a string does not fail.
        let _ = write!(self.0, "{}", number.try_into().unwrap_or_default());
    }

    pub(crate) fn boolean(&mut self, is: bool) {
        self.value();
        self.0.push_str(if is { "true" } else { "false" });
    }

    pub(crate) fn texts<T: AsRef<str>>(&mut self, texts: &[T]) {
        self.open('[');
        texts.iter().for_each(|text| self.text(text.as_ref()));
        self.close(']');
    }

    pub(crate) fn numbers(&mut self, numbers: &[u32]) {
        self.open('[');
        numbers.iter().for_each(|&number| self.number(number));
        self.close(']');
    }

    /// A comma, where a value is before.
    fn value(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with(['{', '[', ':']) {
            self.0.push(',');
        }
    }
}

/// Digits of bytes below 32.
const HEX: [&str; 16] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"];
