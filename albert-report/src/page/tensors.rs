//! What rounding did to every matrix.

use crate::chart::{bytes, count, escape};
use crate::tensors::TensorDifference;

/// Decibels at the ends of the bars.
const LOW: f64 = 0.0;
const HIGH: f64 = 60.0;

pub(super) fn section(tensors: &[TensorDifference]) -> String {
    let rounded = |tensor: &&TensorDifference| tensor.difference.is_none_or(|difference| difference.snr_db.is_some());
    let rows: String = tensors.iter().filter(rounded).map(row).collect();
    let exact = tensors.iter().filter(|tensor| !rounded(tensor)).count();
    let exact = match exact {
        0 => String::new(),
        exact => format!("<p class=\"note\" style=\"margin-top:14px\">{exact} other tensors are stored exactly.</p>\n"),
    };
    format!(
        "<section>\n<h2>What rounding did to the weights</h2>\n<p class=\"note\">Signal to noise of every rounded tensor in decibels, more is \
         better: 6 dB are one bit, 40 dB an error of 1 % of the weights' root mean square.</p>\n<div class=\"scroll\"><table>\n<thead><tr>\
         <th scope=\"col\">tensor</th><th scope=\"col\">shape</th><th scope=\"col\">type</th><th scope=\"col\">bytes</th>\
         <th scope=\"col\">dB</th><th scope=\"col\" class=\"bar\"></th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n{exact}</section>\n"
    )
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
