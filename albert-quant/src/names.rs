//! Names of tensors: what files call them, and what they are called here.
//!
//! Canonical names are those of the reference library's `AlbertModel`, with the heads' names beside them and no
//! `albert.` prefix. Networks of BERT's family have the same parts under other names; each of their layers is a group of one
//! block.

/// What classes with heads put before the names of their network.
const NETWORKS: [&str; 6] = ["albert", "bert", "roberta", "distilbert", "electra", "camembert"];

/// The canonical name of a PyTorch tensor; `None` for buffers and optimizer state, which mean nothing to inference.
pub(crate) fn canonical(name: &str) -> Option<String> {
    let mut name = name;
    while let Some(rest) = name.strip_prefix("module.") {
        name = rest;
    }
    let without = |network: &&str| name.strip_prefix(*network)?.strip_prefix('.');
    let name = NETWORKS.iter().find_map(without).or_else(|| nested(name)).unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    if matches!(last, "position_ids" | "token_type_ids" | "global_step") || is_optimizer_state(name) {
        return None;
    }
    let name = match name.rsplit_once('.') {
        Some((stem, "gamma")) => format!("{stem}.weight"),
        Some((stem, "beta")) => format!("{stem}.bias"),
        _ => name.to_owned(),
    };
    Some(of_bert(&name).unwrap_or(name))
}

/// The name in the network of a model that has it as its `encoder`, as PL-BERT's does.
fn nested(name: &str) -> Option<&str> {
    let inner = name.strip_prefix("encoder.")?;
    ["embeddings.", "encoder.", "pooler."].iter().any(|part| inner.starts_with(part)).then_some(inner)
}

/// Parts of a layer: BERT's and RoBERTa's and ELECTRA's names, then DistilBERT's.
const PARTS: [(&str, &str); 16] = [
    ("attention.self.query", "attention.query"),
    ("attention.self.key", "attention.key"),
    ("attention.self.value", "attention.value"),
    ("attention.output.dense", "attention.dense"),
    ("attention.output.LayerNorm", "attention.LayerNorm"),
    ("intermediate.dense", "ffn"),
    ("output.dense", "ffn_output"),
    ("output.LayerNorm", "full_layer_layer_norm"),
    ("attention.q_lin", "attention.query"),
    ("attention.k_lin", "attention.key"),
    ("attention.v_lin", "attention.value"),
    ("attention.out_lin", "attention.dense"),
    ("sa_layer_norm", "attention.LayerNorm"),
    ("ffn.lin1", "ffn"),
    ("ffn.lin2", "ffn_output"),
    ("output_layer_norm", "full_layer_layer_norm"),
];

/// Modules outside the layers.
const MODULES: [(&str, &str); 16] = [
    ("embeddings_project", "encoder.embedding_hidden_mapping_in"),
    ("pooler.dense", "pooler"),
    ("cls.predictions", "predictions"),
    ("cls.predictions.decoder", "predictions.decoder"),
    ("cls.predictions.transform.dense", "predictions.dense"),
    ("cls.predictions.transform.LayerNorm", "predictions.LayerNorm"),
    ("lm_head", "predictions"),
    ("lm_head.dense", "predictions.dense"),
    ("lm_head.layer_norm", "predictions.LayerNorm"),
    ("lm_head.decoder", "predictions.decoder"),
    ("vocab_transform", "predictions.dense"),
    ("vocab_layer_norm", "predictions.LayerNorm"),
    ("vocab_projector", "predictions.decoder"),
    ("generator_lm_head", "predictions.decoder"),
    ("generator_predictions.dense", "predictions.dense"),
    ("generator_predictions.LayerNorm", "predictions.LayerNorm"),
];

/// The name of a tensor of BERT's family; `None` for any other.
fn of_bert(name: &str) -> Option<String> {
    let known = |table: &[(&str, &'static str)], name: &str| {
        table.iter().find(|(stored, _)| *stored == name).map(|(_, own)| *own)
    };
    let layer = name.strip_prefix("encoder.layer.").or_else(|| name.strip_prefix("transformer.layer."));
    if let Some((layer, part)) = layer.and_then(|rest| rest.split_once('.')) {
        let (part, variable) = part.rsplit_once('.')?;
        let part = known(&PARTS, part)?;
        return Some(format!("encoder.albert_layer_groups.{layer}.albert_layers.0.{part}.{variable}"));
    }
    let (module, variable) = name.rsplit_once('.')?;
    let module = known(&MODULES, module)?;
    Some(format!("{module}.{variable}"))
}

fn is_optimizer_state(name: &str) -> bool {
    ["adam_m", "adam_v", "exp_avg", "exp_avg_sq"].iter().any(|suffix| name.ends_with(suffix))
}

/// The canonical name of a Keras variable (`tf_model.h5`), and whether the reference stores its transpose.
///
/// Paths are those of the file's groups: the layer's name, the scope and the variable, as in
/// `albert/tf_albert_model/albert/encoder/albert_layer_groups_._0/…/query/kernel:0`.
pub(crate) fn of_keras(path: &str) -> Option<(String, bool)> {
    let path = path.split_once(':').map_or(path, |(path, _)| path).replace("_._", "/");
    let parts: Vec<&str> = path.split('/').collect();
    let head = |part: &&str| {
        matches!(*part, "predictions" | "sop_classifier" | "qa_outputs" | "classifier" | "pre_classifier" | "lm_head")
    };
    // The scope repeats the layer's name; what counts starts at its last mention.
    let trunk = parts.iter().rposition(|part| NETWORKS.contains(part)).map(|at| at + 1);
    let start = trunk.or_else(|| {
        let last = parts.iter().rposition(head)?;
        let nested = last > 0 && parts[last] == "classifier" && parts[last - 1] == "sop_classifier";
        Some(last - usize::from(nested))
    })?;
    let (variable, parents) = parts[start..].split_last()?;
    let (variable, transposed) = match *variable {
        "kernel" => ("weight", true),
        "gamma" | "embeddings" => ("weight", false),
        "beta" => ("bias", false),
        other => (other, false),
    };
    let dotted = parents.iter().map(|part| format!("{part}.")).collect::<String>() + variable;
    // BERT's head lies in a scope whose name ends in `cls`.
    let dotted = dotted.replacen("predictions.transform.", "predictions.", 1);
    canonical(&dotted).map(|name| (name, transposed))
}

/// The canonical name of a Flax parameter by the keys on the way to it, and whether the reference stores its transpose.
pub(crate) fn of_flax(path: &[&str]) -> Option<(String, bool)> {
    let path = path.strip_prefix(&["params"]).unwrap_or(path);
    let (variable, parents) = path.split_last()?;
    let (variable, transposed) = match *variable {
        "kernel" => ("weight", true),
        "scale" | "embedding" => ("weight", false),
        other => (other, false),
    };
    let dotted = parents.iter().map(|part| format!("{part}.")).collect::<String>() + variable;
    canonical(&dotted).map(|name| (name, transposed))
}

/// The canonical name of a variable of the original TensorFlow checkpoints, and whether the reference stores its transpose.
pub(crate) fn of_tensorflow(name: &str) -> Option<(String, bool)> {
    let name = name.strip_prefix("module/").unwrap_or(name);
    if let Some(table) = name.strip_prefix("bert/embeddings/").filter(|table| table.ends_with("_embeddings")) {
        return Some((format!("embeddings.{table}.weight"), false));
    }
    let fixed = match name {
        "cls/predictions/output_bias" => Some("predictions.bias"),
        "cls/seq_relationship/output_weights" => Some("sop_classifier.classifier.weight"),
        "cls/seq_relationship/output_bias" => Some("sop_classifier.classifier.bias"),
        "cls/squad/output_weights" => Some("qa_outputs.weight"),
        "cls/squad/output_bias" => Some("qa_outputs.bias"),
        "output_weights" => Some("classifier.weight"),
        "output_bias" => Some("classifier.bias"),
        _ => None,
    };
    if let Some(fixed) = fixed {
        return Some((fixed.to_owned(), false));
    }
    let (layer, variable) = name.rsplit_once('/')?;
    let (variable, transposed) = match variable {
        "kernel" => ("weight", true),
        "gamma" => ("weight", false),
        "beta" | "bias" => ("bias", false),
        _ => return None,
    };
    let layer = match layer {
        "bert/embeddings/LayerNorm" => "embeddings.LayerNorm".to_owned(),
        "bert/encoder/embedding_hidden_mapping_in" => "encoder.embedding_hidden_mapping_in".to_owned(),
        "bert/pooler/dense" => "pooler".to_owned(),
        "cls/predictions/transform/dense" => "predictions.dense".to_owned(),
        "cls/predictions/transform/LayerNorm" => "predictions.LayerNorm".to_owned(),
        bert if bert.starts_with("bert/encoder/layer_") => {
            let (layer, part) = bert.strip_prefix("bert/encoder/layer_")?.split_once('/')?;
            return of_bert(&format!("encoder.layer.{layer}.{}.{variable}", part.replace('/', ".")))
                .map(|name| (name, transposed));
        }
        other => {
            let inner = other.strip_prefix("bert/encoder/transformer/group_")?;
            let (group, inner) = inner.split_once("/inner_group_")?;
            let (inner, part) = inner.split_once('/')?;
            let part = match part {
                "attention_1/self/query" => "attention.query",
                "attention_1/self/key" => "attention.key",
                "attention_1/self/value" => "attention.value",
                "attention_1/output/dense" => "attention.dense",
                "LayerNorm" => "attention.LayerNorm",
                "ffn_1/intermediate/dense" => "ffn",
                "ffn_1/intermediate/output/dense" => "ffn_output",
                "LayerNorm_1" => "full_layer_layer_norm",
                _ => return None,
            };
            format!("encoder.albert_layer_groups.{group}.albert_layers.{inner}.{part}")
        }
    };
    Some((format!("{layer}.{variable}"), transposed))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn layers_of_berts_family_are_groups_of_one_block() {
        let same = |name: &str, expected: &str| assert_eq!(canonical(name).as_deref(), Some(expected));
        let block = |part: &str| format!("encoder.albert_layer_groups.7.albert_layers.0.{part}");
        same("bert.encoder.layer.7.attention.self.key.bias", &block("attention.key.bias"));
        same("roberta.encoder.layer.7.attention.output.LayerNorm.gamma", &block("attention.LayerNorm.weight"));
        same("encoder.layer.7.output.LayerNorm.bias", &block("full_layer_layer_norm.bias"));
        same("distilbert.transformer.layer.7.ffn.lin2.weight", &block("ffn_output.weight"));
        same("distilbert.transformer.layer.7.sa_layer_norm.weight", &block("attention.LayerNorm.weight"));
        same("electra.embeddings_project.weight", "encoder.embedding_hidden_mapping_in.weight");
        same("bert.pooler.dense.weight", "pooler.weight");
        same("cls.predictions.bias", "predictions.bias");
        same("cls.predictions.transform.LayerNorm.beta", "predictions.LayerNorm.bias");
        same("lm_head.layer_norm.weight", "predictions.LayerNorm.weight");
        same("module.encoder.encoder.embedding_hidden_mapping_in.bias", "encoder.embedding_hidden_mapping_in.bias");
        same("module.encoder.embeddings.LayerNorm.weight", "embeddings.LayerNorm.weight");
        let original = |name: &str| of_tensorflow(name);
        let query = Some((block("attention.query.weight"), true));
        assert_eq!(original("bert/encoder/layer_7/attention/self/query/kernel"), query);
        assert_eq!(of_keras("bert/tf_bert_model/bert/encoder/layer_._7/attention/self/query/kernel:0"), query);
    }

    #[test]
    fn buffers_and_optimizer_state_are_dropped() {
        for name in ["albert.embeddings.position_ids", "embeddings.token_type_ids", "global_step", "a/kernel/adam_m"] {
            assert_eq!(canonical(name), None, "{name}");
        }
    }

    #[test]
    fn keras_paths_are_cut_at_the_scope() {
        let same = |path: &str, name: &str, transposed| assert_eq!(of_keras(path), Some((name.to_owned(), transposed)));
        same("albert/tf_albert_model/albert/pooler/kernel:0", "pooler.weight", true);
        same("albert/tf_x/albert/embeddings/word_embeddings/weight:0", "embeddings.word_embeddings.weight", false);
        same(
            "albert/tf_x/albert/embeddings/position_embeddings/embeddings:0",
            "embeddings.position_embeddings.weight",
            false,
        );
        same(
            "albert/tf_x/albert/encoder/albert_layer_groups_._0/albert_layers_._1/attention/LayerNorm/gamma:0",
            "encoder.albert_layer_groups.0.albert_layers.1.attention.LayerNorm.weight",
            false,
        );
        same("predictions/tf_x/predictions/decoder/bias:0", "predictions.decoder.bias", false);
        same("sop_classifier/tf_x/sop_classifier/classifier/kernel:0", "sop_classifier.classifier.weight", true);
        same("classifier/tf_x/classifier/bias:0", "classifier.bias", false);
        assert_eq!(of_keras("dropout_4/rate:0"), None);
    }

    #[test]
    fn original_names_are_mapped_and_state_is_dropped() {
        let same = |path: &str, name: &str, transposed| {
            assert_eq!(of_tensorflow(path), Some((name.to_owned(), transposed)));
        };
        let block = "encoder.albert_layer_groups.0.albert_layers.2";
        let part = |part: &str| format!("bert/encoder/transformer/group_0/inner_group_2/{part}");
        same(&part("attention_1/self/query/kernel"), &format!("{block}.attention.query.weight"), true);
        same(&part("ffn_1/intermediate/output/dense/bias"), &format!("{block}.ffn_output.bias"), false);
        same(&part("LayerNorm_1/gamma"), &format!("{block}.full_layer_layer_norm.weight"), false);
        same("module/cls/seq_relationship/output_weights", "sop_classifier.classifier.weight", false);
        same("bert/embeddings/token_type_embeddings", "embeddings.token_type_embeddings.weight", false);
        same("output_bias", "classifier.bias", false);
        same("cls/squad/output_weights", "qa_outputs.weight", false);
        for name in ["global_step", "bert/pooler/dense/kernel/adam_m", "bert/embeddings/word_embeddings/adam_v"] {
            assert_eq!(of_tensorflow(name), None, "{name}");
        }
    }
}
