//! What rounding did to every matrix, or how two files' matrices differ.

use super::Subject;
use crate::chart::{bytes, count, escape};
use crate::tensors::TensorDifference;

/// Decibels at the ends of the bars.
const LOW: f64 = 0.0;
const HIGH: f64 = 60.0;

pub(super) fn section(tensors: &[TensorDifference], subject: Subject) -> String {
    let differs = |tensor: &TensorDifference| tensor.difference.is_none_or(|difference| difference.snr_db.is_some());
    // A matrix has two extents. Vectors are not rounded: where one differs, its values are others.
    let listed = |tensor: &TensorDifference| differs(tensor) && (tensor.shape.len() > 1 || tensor.difference.is_none());
    let rows: String = tensors.iter().filter(|tensor| listed(tensor)).map(row).collect();
    let others = || tensors.iter().filter(|tensor| !listed(tensor));
    let vectors = others().filter(|tensor| differs(tensor)).count();
    let same = others().count() - vectors;
    let (title, which) = match subject {
        Subject::Quantization => ("What rounding did to the weights", "rounded matrix"),
        Subject::Files => ("How the tensors differ", "matrix that differs, the difference being the noise,"),
    };
    format!(
        "<section>\n<h2>{title}</h2>\n<p class=\"note\">Signal to noise of every {which} in decibels, more is \
         better: 6 dB are one bit, 40 dB an error of 1 % of the weights' root mean square.</p>\n<div class=\"scroll\"><table>\n<thead><tr>\
         <th scope=\"col\">tensor</th><th scope=\"col\">shape</th><th scope=\"col\">type</th><th scope=\"col\">bytes</th>\
         <th scope=\"col\">dB</th><th scope=\"col\" class=\"bar\"></th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n{}</section>\n",
        notes(vectors, same, subject)
    )
}

/// What there is to say about tensors that are not in the table.
fn notes(vectors: usize, same: usize, subject: Subject) -> String {
    let note = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("One {one}.")),
        count => Some(format!("{count} {many}.")),
    };
    let (moved, stored) = match subject {
        Subject::Quantization => (
            note(
                vectors,
                "bias was moved to where activations are rounded best; the network computes the same with it",
                "biases were moved to where activations are rounded best; the network computes the same with them",
            ),
            note(same, "other tensor is stored exactly", "other tensors are stored exactly"),
        ),
        Subject::Files => (
            note(vectors, "vector differs", "vectors differ"),
            note(same, "tensor is the same in both", "tensors are the same in both"),
        ),
    };
    let notes: Vec<String> = [moved, stored].into_iter().flatten().collect();
    if notes.is_empty() {
        return String::new();
    }
    format!("<p class=\"note\" style=\"margin-top:14px\">{}</p>\n", notes.join(" "))
}

fn row(tensor: &TensorDifference) -> String {
    let shape = tensor.shape.iter().map(|&size| count(size)).collect::<Vec<_>>().join(" \u{d7} ");
    let snr = tensor.difference.and_then(|difference| difference.snr_db);
    let (text, bar) =
        snr.map_or_else(|| ("not comparable".to_owned(), String::new()), |snr| (format!("{snr:.1}"), bar(snr)));
    format!(
        "<tr><th scope=\"row\" class=\"name\">{}</th><td class=\"dim\">{shape}</td><td>{}</td><td>{}</td><td>{text}</td><td class=\"bar\">{bar}</td></tr>\n",
        name(&tensor.name),
        tensor.dtype,
        bytes(tensor.bytes)
    )
}

/// The name without what all of its kind share; a line may break at its dots.
fn name(name: &str) -> String {
    let name = name.strip_prefix("encoder.").unwrap_or(name);
    let name = name.replace("albert_layer_groups.", "group ").replace(".albert_layers.", " layer ");
    let name = name.strip_suffix(".weight").unwrap_or(&name);
    escape(name).replace('.', ".<wbr>")
}

/// A bar from the left, with marks every 20 dB.
fn bar(snr: f64) -> String {
    let place = |db: f64| 100.0 * (db.clamp(LOW, HIGH) - LOW) / (HIGH - LOW);
    let marks: String = [20.0, 40.0, 60.0]
        .iter()
        .map(|&db| format!("<path class=\"grid\" vector-effect=\"non-scaling-stroke\" d=\"M{:.1} 0V14\"/>", place(db)))
        .collect();
    format!(
        "<svg viewBox=\"0 0 100 14\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect y=\"4\" height=\"6\" width=\"{:.1}\" \
         style=\"fill:var(--blue)\"/>{marks}</svg>",
        place(snr)
    )
}
