//! Figures as text.

use albert_report::metrics::{Evaluation, Figure};

use super::{Cost, Line};
use crate::console::{Console, Escaped};
use crate::error::Result;

/// Most labels and confusions that are printed: JSON and the page have all of them.
const MOST_LABELS: usize = 10;
const MOST_CONFUSIONS: usize = 5;

/// A figure a line, then labels and confusions.
pub(super) fn print(output: &mut Console, evaluation: &Evaluation, cost: Option<&Cost>) -> Result<()> {
    output.line(format_args!("{:18} {}", evaluation.unit(), evaluation.rows()))?;
    for Figure { name, value, interval } in evaluation.figures() {
        match interval {
            Some([low, high]) => output.line(format_args!("{name:18} {value:.4}  95%: {low:.4} to {high:.4}"))?,
            None => output.line(format_args!("{name:18} {value:.4}"))?,
        }
    }
    if let Evaluation::Answers(answers) = evaluation {
        for (name, part) in [("answerable", answers.answerable), ("unanswerable", answers.unanswerable)] {
            if let Some(part) = part {
                let (rows, exact, f1) = (part.rows, part.exact_match, part.f1);
                output.line(format_args!("{name:18} {rows} rows, exact_match {exact:.4}, f1 {f1:.4}"))?;
            }
        }
    }
    if let Some(Cost { mean_layers, mean_ms }) = cost {
        output.line(format_args!("{:18} {mean_layers:.2}", "layers"))?;
        output.line(format_args!("{:18} {mean_ms:.3}", "ms"))?;
    }
    let mut labels: Vec<_> = evaluation.labels().iter().filter(|label| label.rows > 0).collect();
    if labels.is_empty() {
        return Ok(());
    }
    output.line("")?;
    if labels.len() > MOST_LABELS {
        output.line(format_args!("the {MOST_LABELS} of {} labels with the lowest F1:", labels.len()))?;
        labels.sort_by(|a, b| a.f1.total_cmp(&b.f1));
        labels.truncate(MOST_LABELS);
    }
    output.line(format_args!("{:>6} {:>9} {:>9} {:>9}  label", "rows", "precision", "recall", "f1"))?;
    for label in labels {
        let (precision, recall, f1) = (label.precision, label.recall, label.f1);
        output.line(format_args!(
            "{:>6} {precision:>9.4} {recall:>9.4} {f1:>9.4}  {}",
            label.rows,
            Escaped(&label.label)
        ))?;
    }
    for (index, (label, answer, rows)) in evaluation.confusions().into_iter().take(MOST_CONFUSIONS).enumerate() {
        if index == 0 {
            output.line("")?;
            output.line("most confused:")?;
        }
        output.line(format_args!("{rows:>6} x {} answered as {}", Escaped(label), Escaped(answer)))?;
    }
    Ok(())
}

/// One line of the table of a sweep; the first has the heads before it.
pub(super) fn sweep_line(output: &mut Console, line: &Line) -> Result<()> {
    let mut cells = vec![(line.unit, line.rows.to_string())];
    cells.extend(line.figures.iter().map(|(name, value)| (*name, format!("{value:.4}"))));
    cells.push(("ms", format!("{:.3}", line.cost.mean_ms)));
    let row = |text: &dyn Fn(&(&'static str, String)) -> String| -> String {
        cells.iter().map(|cell| format!(" {:>width$}", text(cell), width = cell.0.len().max(10))).collect()
    };
    if line.layers == 1 {
        output.line(format_args!("layers{}", row(&|cell| cell.0.to_owned())))?;
    }
    output.line(format_args!("{:>6}{}", line.layers, row(&|cell| cell.1.clone())))
}
