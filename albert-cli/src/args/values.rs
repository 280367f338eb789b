//! Values of options.

use albert_core::config::Head;
use albert_core::kernels::{self, Kernels};
use albert_edge::{Aggregation, Function, Truncation};
use albert_quant::{Budget, HeadChoice, Keep, Weights};

pub(super) fn isa(name: &str) -> std::result::Result<Kernels, String> {
    if name == "auto" {
        return Ok(kernels::detect());
    }
    kernels::by_name(name).map_err(|_| {
        let usable = kernels::compiled().iter().filter(|set| set.kernels().is_some());
        let names: Vec<&str> = usable.map(|set| set.name()).collect();
        format!("this machine has auto, {}", names.join(", "))
    })
}

pub(super) fn weights(name: &str) -> std::result::Result<Weights, String> {
    let known = Weights::ALL;
    let found = known.into_iter().find(|weights| weights.name() == name);
    found.ok_or_else(|| format!("expected one of {}", known.map(Weights::name).join(", ")))
}

pub(super) fn budget(text: &str) -> std::result::Result<Budget, String> {
    let expected = "expected a number of bytes, or a percentage as 60%";
    match text.strip_suffix('%') {
        Some(percent) => {
            let percent = percent.parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
            percent.map(Budget::Percent).ok_or_else(|| expected.to_owned())
        }
        None => text.parse().map(Budget::Bytes).map_err(|_| expected.to_owned()),
    }
}

pub(super) fn keep(text: &str) -> std::result::Result<Keep, String> {
    let (name, format) = text.split_once('=').ok_or("expected NAME=FORMAT")?;
    let format = format.parse().map_err(|error| format!("{error}"))?;
    Ok(Keep { name: name.to_owned(), format })
}

pub(super) fn head(name: &str) -> std::result::Result<HeadChoice, String> {
    if name == "auto" { Ok(HeadChoice::Auto) } else { name.parse().map_err(|error| format!("{error}")) }
}

pub(super) fn synthetic_head(name: &str) -> std::result::Result<Head, String> {
    match name.parse() {
        Ok(HeadChoice::Use(head)) => Ok(head),
        Ok(HeadChoice::Encoder) => Err("random weights have a pooler; take none".to_owned()),
        Ok(HeadChoice::Auto) => Err("there is no checkpoint that has a head".to_owned()),
        Ok(_) => Err("random weights cannot be had for this head".to_owned()),
        Err(error) => Err(format!("{error}")),
    }
}

pub(super) fn aggregation(name: &str) -> std::result::Result<Aggregation, String> {
    Aggregation::from_name(name).ok_or_else(|| "expected none, simple, first, average or max".to_owned())
}

pub(super) fn function(name: &str) -> std::result::Result<Function, String> {
    Function::from_name(name).ok_or_else(|| "expected default, softmax, sigmoid or none".to_owned())
}

pub(super) fn truncation(name: &str) -> std::result::Result<Truncation, String> {
    let expected = "expected longest_first, only_first, only_second or do_not_truncate";
    Truncation::from_name(name).ok_or_else(|| expected.to_owned())
}

pub(super) fn probability(number: &str) -> std::result::Result<f32, String> {
    let number = number.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "expected a probability from 0 to 1".to_owned())
}

pub(super) fn at_least_one(number: &str) -> std::result::Result<usize, String> {
    number.parse().ok().filter(|&number| number > 0).ok_or_else(|| "expected a number from 1 on".to_owned())
}
