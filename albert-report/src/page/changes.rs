//! Which answers change.

use super::Subject;
use crate::changes::{Change, Changes, Rights};
use crate::chart::{count, escape, number};

/// Most rows of the table.
const MOST_ROWS: usize = 50;

pub(super) fn section(changes: &Changes, subject: Subject) -> String {
    let Changes { answers, changed, right, rows } = changes;
    if *answers == 0 {
        return String::new();
    }
    let heading = "<section>\n<h2>Which answers change</h2>\n";
    if *changed == 0 {
        return format!("{heading}<p class=\"note\">None of {}.</p>\n</section>\n", count(*answers));
    }
    let [before, after] = subject.sides();
    let row = |change: &Change| {
        let token = change.token.map_or_else(String::new, |token| format!(", token {token}"));
        format!(
            "<tr><th scope=\"row\" class=\"name\">{}</th><td class=\"dim\">{}{token}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            if change.text.is_empty() { format!("input {}", change.input) } else { escape(&change.text) },
            escape(change.output),
            answer(&change.reference, change.right().map(|[reference, _]| reference)),
            answer(&change.model, change.right().map(|[_, model]| model)),
            number(change.reference_margin),
            number(change.model_margin)
        )
    };
    let shown: String = rows.iter().take(MOST_ROWS).map(row).collect();
    let some = if *changed > MOST_ROWS {
        format!(" These are the {MOST_ROWS} with the largest margins.")
    } else {
        String::new()
    };
    let right = rights(right, subject);
    format!(
        "{heading}<p class=\"note\">{} of {}.{right} A margin is how much higher the logit of a side\u{2019}s answer is than that of the other answer: small \
         ones were close calls.{some}</p>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">text</th><th scope=\"col\">output</th>\
         <th scope=\"col\">{before}</th><th scope=\"col\">{after}</th><th scope=\"col\">margin {before}</th><th scope=\"col\">margin {after}</th>\
         </tr></thead>\n<tbody>\n{shown}</tbody>\n</table></div>\n</section>\n",
        count(*changed),
        count(*answers)
    )
}

/// How many of the changed answers were right.
fn rights(Rights { labelled, reference, model }: &Rights, subject: Subject) -> String {
    if *labelled == 0 {
        return String::new();
    }
    let [labelled, reference, model] = [labelled, reference, model].map(|number| count(*number));
    let [before, after] = match subject {
        Subject::Quantization => ["before", "after"],
        Subject::Files => ["in A", "in B"],
    };
    format!(" Of {labelled} with a label, {reference} were right {before} and {model} {after}.")
}

/// An answer, and whether it is right.
fn answer(name: &str, right: Option<bool>) -> String {
    let name = escape(name);
    match right {
        Some(true) => format!("{name} <span class=\"right\">right</span>"),
        Some(false) => format!("{name} <span class=\"wrong\">wrong</span>"),
        None => name,
    }
}
