//! Names of tensors: what files call them, and what they are called here.
//!
//! Canonical names are those of the reference library's `AlbertModel`, with the heads' names beside them and no
//! `albert.` prefix.

/// The canonical name of a PyTorch tensor; `None` for buffers and optimizer state, which mean nothing to inference.
pub(crate) fn canonical(name: &str) -> Option<String> {
    let mut name = name;
    while let Some(rest) = name.strip_prefix("module.") {
        name = rest;
    }
    let name = name.strip_prefix("albert.").unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    if matches!(last, "position_ids" | "token_type_ids" | "global_step") || is_optimizer_state(name) {
        return None;
    }
    Some(match name.rsplit_once('.') {
        Some((stem, "gamma")) => format!("{stem}.weight"),
        Some((stem, "beta")) => format!("{stem}.bias"),
        _ => name.to_owned(),
    })
}

fn is_optimizer_state(name: &str) -> bool {
    ["adam_m", "adam_v", "exp_avg", "exp_avg_sq"].iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn prefixes_and_old_names_are_normalised() {
        let same = |name: &str, expected: &str| assert_eq!(canonical(name).as_deref(), Some(expected));
        same("albert.pooler.weight", "pooler.weight");
        same("pooler.weight", "pooler.weight");
        same("module.albert.pooler.bias", "pooler.bias");
        same("module.module.classifier.bias", "classifier.bias");
        same("albert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight");
        same("x.full_layer_layer_norm.beta", "x.full_layer_layer_norm.bias");
        same("predictions.decoder.weight", "predictions.decoder.weight");
    }

    #[test]
    fn buffers_and_optimizer_state_are_dropped() {
        for name in ["albert.embeddings.position_ids", "embeddings.token_type_ids", "global_step", "a/kernel/adam_m"] {
            assert_eq!(canonical(name), None, "{name}");
        }
    }
}
