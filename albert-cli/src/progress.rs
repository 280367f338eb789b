//! Progress bars: on a terminal, and only when the results do not go there too.

use std::cell::RefCell;
use std::io::{IsTerminal, stderr, stdout};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar of `total` units for work that prints its results at the end.
pub(crate) fn bar(total: u64) -> ProgressBar {
    visible(total, "{bar:40} {pos}/{len} {eta} {msg}", stderr().is_terminal())
}

/// A bar in thousandths of the whole work.
pub(crate) fn whole() -> ProgressBar {
    visible(1000, "{bar:40} {percent}% {eta} {msg}", stderr().is_terminal())
}

/// A bar of `total` bytes for work that prints results as it goes; none when the number is not known.
pub(crate) fn bytes(total: Option<u64>) -> ProgressBar {
    let shown = total.is_some() && stderr().is_terminal() && !stdout().is_terminal();
    visible(total.unwrap_or(0), "{bar:40} {bytes}/{total_bytes} {eta}", shown)
}

/// Bars for files that are downloaded one after the other.
#[derive(Debug)]
pub(crate) struct Download(RefCell<(String, ProgressBar)>);

/// No bar yet: there may be nothing to download.
pub(crate) fn download() -> Download {
    Download(RefCell::new((String::new(), ProgressBar::hidden())))
}

impl Download {
    /// Shows how many bytes of a file are there.
    pub(crate) fn show(&self, file: &str, done: u64, total: Option<u64>) {
        let mut current = self.0.borrow_mut();
        if current.0 != file {
            current.1.finish_and_clear();
            let shown = stderr().is_terminal();
            *current =
                (file.to_owned(), visible(total.unwrap_or(0), "{bar:40} {bytes}/{total_bytes} {eta} {msg}", shown));
            current.1.set_message(file.to_owned());
        }
        current.1.set_position(done);
    }

    pub(crate) fn end(&self) {
        self.0.borrow().1.finish_and_clear();
    }
}

fn visible(total: u64, template: &str, shown: bool) -> ProgressBar {
    if !shown {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
