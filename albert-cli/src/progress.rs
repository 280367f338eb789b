//! Progress bars: on a terminal, and only when the results do not go there too.

use std::io::{IsTerminal, stderr, stdout};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar of `total` units for work that prints its results at the end.
pub(crate) fn bar(total: u64) -> ProgressBar {
    visible(total, "{bar:40} {pos}/{len} {eta} {msg}", stderr().is_terminal())
}

/// A bar of `total` bytes for work that prints results as it goes; none when the number is not known.
pub(crate) fn bytes(total: Option<u64>) -> ProgressBar {
    let shown = total.is_some() && stderr().is_terminal() && !stdout().is_terminal();
    visible(total.unwrap_or(0), "{bar:40} {bytes}/{total_bytes} {eta}", shown)
}

fn visible(total: u64, template: &str, shown: bool) -> ProgressBar {
    if !shown {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
