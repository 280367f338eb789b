//! BERT's family: the same weights under other names and as an ALBERT with a group for each layer give the same outputs.

use std::path::Path;

use crate::support::{Checkpoint, Stored};
use albert_core::{Input, Model, Plan, Positions, Session};
use albert_quant::{Error, HeadChoice, Options, Warning, Weights, convert};
use serde_json::{Value, json};

const VOCABULARY: usize = 31;
const HIDDEN: usize = 12;
const INTERMEDIATE: usize = 20;
const LAYERS: usize = 3;
const POSITIONS: usize = 16;
const TYPES: usize = 2;

/// An ALBERT whose embeddings have width `embedding` and are mapped by the identity when that is the hidden width.
fn albert(class: &str, embedding: usize) -> Checkpoint {
    let config = json!({
        "model_type": "albert", "architectures": [format!("Albert{class}")], "hidden_act": "gelu",
        "vocab_size": VOCABULARY, "embedding_size": embedding, "hidden_size": HIDDEN, "intermediate_size": INTERMEDIATE,
        "num_hidden_layers": LAYERS, "num_hidden_groups": LAYERS, "inner_group_num": 1, "num_attention_heads": 3,
        "max_position_embeddings": POSITIONS, "type_vocab_size": TYPES, "layer_norm_eps": 1e-5
    });
    let mut albert = Checkpoint { config, tensors: Default::default() };
    let linear = |albert: &mut Checkpoint, name: &str, rows: usize, columns: usize| {
        albert.random(&format!("{name}.weight"), &[rows, columns]);
        albert.random(&format!("{name}.bias"), &[rows]);
    };
    let norm = |albert: &mut Checkpoint, name: &str, width: usize| {
        albert.random(&format!("{name}.weight"), &[width]);
        albert.random(&format!("{name}.bias"), &[width]);
    };
    for (table, rows) in [("word", VOCABULARY), ("position", POSITIONS), ("token_type", TYPES)] {
        albert.random(&format!("embeddings.{table}_embeddings.weight"), &[rows, embedding]);
    }
    norm(&mut albert, "embeddings.LayerNorm", embedding);
    let mapping = "encoder.embedding_hidden_mapping_in";
    if embedding == HIDDEN {
        let one = |index: usize| f32::from(u8::from(index / HIDDEN == index % HIDDEN));
        let identity: Vec<f32> = (0..HIDDEN * HIDDEN).map(one).collect();
        albert.tensors.insert(format!("{mapping}.weight"), Stored::f32(&[HIDDEN, HIDDEN], &identity));
        albert.tensors.insert(format!("{mapping}.bias"), Stored::f32(&[HIDDEN], &[0.0; HIDDEN]));
    } else {
        linear(&mut albert, mapping, HIDDEN, embedding);
    }
    for group in 0..LAYERS {
        let part = |name: &str| format!("encoder.albert_layer_groups.{group}.albert_layers.0.{name}");
        for name in ["query", "key", "value", "dense"] {
            linear(&mut albert, &part(&format!("attention.{name}")), HIDDEN, HIDDEN);
        }
        norm(&mut albert, &part("attention.LayerNorm"), HIDDEN);
        linear(&mut albert, &part("ffn"), INTERMEDIATE, HIDDEN);
        linear(&mut albert, &part("ffn_output"), HIDDEN, INTERMEDIATE);
        norm(&mut albert, &part("full_layer_layer_norm"), HIDDEN);
    }
    if matches!(class, "Model" | "ForSequenceClassification" | "ForMultipleChoice") {
        linear(&mut albert, "pooler", HIDDEN, HIDDEN);
    }
    match class {
        "ForSequenceClassification" | "ForTokenClassification" => linear(&mut albert, "classifier", 3, HIDDEN),
        "ForMultipleChoice" => linear(&mut albert, "classifier", 1, HIDDEN),
        "ForQuestionAnswering" => linear(&mut albert, "qa_outputs", 2, HIDDEN),
        "ForMaskedLM" => {
            linear(&mut albert, "predictions.dense", embedding, HIDDEN);
            norm(&mut albert, "predictions.LayerNorm", embedding);
            albert.random("predictions.bias", &[VOCABULARY]);
        }
        _ => {}
    }
    albert
}

/// The same weights as another family has them: `names` are pairs of parts of names, the first that fits counts.
fn renamed(albert: &Checkpoint, config: Value, layer: &str, names: &[(&str, &str)]) -> Checkpoint {
    let mut other = albert.renamed(|name| {
        let group = "encoder.albert_layer_groups.";
        let (layer, part) = match name.strip_prefix(group).and_then(|rest| rest.split_once(".albert_layers.0.")) {
            Some((index, part)) => (format!("{layer}{index}."), part),
            None => (String::new(), name),
        };
        let (stem, variable) = part.rsplit_once('.').unwrap();
        let stem = names.iter().find(|(own, _)| *own == stem).map_or(stem, |(_, name)| name);
        format!("{layer}{stem}.{variable}")
    });
    other.config = config;
    other
}

const BERT: [(&str, &str); 12] = [
    ("attention.query", "attention.self.query"),
    ("attention.key", "attention.self.key"),
    ("attention.value", "attention.self.value"),
    ("attention.dense", "attention.output.dense"),
    ("attention.LayerNorm", "attention.output.LayerNorm"),
    ("ffn", "intermediate.dense"),
    ("ffn_output", "output.dense"),
    ("full_layer_layer_norm", "output.LayerNorm"),
    ("pooler", "pooler.dense"),
    ("predictions", "cls.predictions"),
    ("predictions.dense", "cls.predictions.transform.dense"),
    ("predictions.LayerNorm", "cls.predictions.transform.LayerNorm"),
];

fn bert_config(class: &str) -> Value {
    json!({
        "model_type": "bert", "architectures": [class], "hidden_act": "gelu", "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN, "intermediate_size": INTERMEDIATE, "num_hidden_layers": LAYERS,
        "num_attention_heads": 3, "max_position_embeddings": POSITIONS, "type_vocab_size": TYPES,
        "layer_norm_eps": 1e-5
    })
}

fn unmapped(mut checkpoint: Checkpoint) -> Checkpoint {
    checkpoint.tensors.retain(|name, _| !name.contains("embedding_hidden_mapping_in"));
    checkpoint
}

fn with_prefix(checkpoint: &Checkpoint, network: &str) -> Checkpoint {
    let own = ["embeddings.", "encoder.", "transformer.", "pooler.", "embeddings_project."];
    checkpoint.renamed(|name| match own.iter().any(|part| name.starts_with(part)) {
        true => format!("{network}.{name}"),
        false => name.to_owned(),
    })
}

/// Hidden states and the head's outputs for two inputs.
fn outputs_of(path: &Path) -> Vec<f32> {
    let mut options = Options::default();
    options.weights = Weights::Fp16;
    let file = convert(path, &options).unwrap_or_else(|error| panic!("{error}")).bytes;
    let model = Model::from_bytes(&file).unwrap();
    let mut outputs: Vec<f32> = Vec::new();
    for (ids, types) in [(vec![2, 7, 30, 11, 3], vec![0; 5]), ((0..16).collect(), vec![0; 16])] {
        let plan = Plan::new(model.config(), ids.len());
        let mut arena = vec![0; plan.arena_bytes() + 64];
        let mut session = Session::new(&model, plan, &mut arena).unwrap();
        let input = Input::new(&ids).with_token_types(&types).with_positions(Positions::All);
        let output = session.run(&input).unwrap();
        outputs.extend(output.last_hidden_state());
        outputs.extend(output.logits());
        if let Some(mut logits) = session.vocabulary_logits(1) {
            while let Some(chunk) = logits.next_chunk() {
                outputs.extend(chunk.logits);
            }
        }
    }
    assert!(outputs.iter().all(|x| x.is_finite()) && outputs.len() >= 21 * HIDDEN);
    outputs
}

fn outputs(checkpoint: &Checkpoint) -> Vec<f32> {
    let directory = tempfile::tempdir().unwrap();
    checkpoint.write(directory.path());
    outputs_of(directory.path())
}

const CLASSES: [&str; 6] = [
    "Model",
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForQuestionAnswering",
    "ForMaskedLM",
    "ForMultipleChoice",
];

#[test]
fn bert_is_an_albert_with_a_group_for_each_layer() {
    for class in CLASSES {
        let albert = albert(class, HIDDEN);
        let bert = renamed(&unmapped(albert.clone()), bert_config(&format!("Bert{class}")), "encoder.layer.", &BERT);
        let expected = outputs(&albert);
        assert_eq!(outputs(&bert), expected, "{class}");
        assert_eq!(outputs(&with_prefix(&bert, "bert")), expected, "{class}");
    }
}

/// BERT's other classifiers have another activation before the classifier.
#[test]
fn classifiers_keep_their_activation() {
    let albert = albert("ForSequenceClassification", HIDDEN);
    let convert_as = |config: Value, names: &[(&str, &str)], layer: &str| {
        let names = [names, &BERT].concat();
        let directory = tempfile::tempdir().unwrap();
        renamed(&unmapped(albert.clone()), config, layer, &names).write(directory.path());
        outputs_of(directory.path())
    };
    let mut electra = bert_config("ElectraForSequenceClassification");
    (electra["model_type"], electra["embedding_size"]) = ("electra".into(), HIDDEN.into());
    let head = [("pooler", "classifier.dense"), ("classifier", "classifier.out_proj")];
    assert_ne!(convert_as(electra, &head, "encoder.layer."), outputs(&albert), "gelu, not tanh");
}

#[test]
fn robertas_positions_start_after_the_padding() {
    let names = [
        ("classifier", "classifier.out_proj"),
        ("pooler", "classifier.dense"),
        ("predictions", "lm_head"),
        ("predictions.dense", "lm_head.dense"),
        ("predictions.LayerNorm", "lm_head.layer_norm"),
    ];
    for (model_type, prefix) in [("roberta", "Roberta"), ("xlm-roberta", "XLMRoberta"), ("camembert", "Camembert")] {
        for class in CLASSES {
            let albert = albert(class, HIDDEN);
            let mut config = bert_config(&format!("{prefix}{class}"));
            (config["model_type"], config["pad_token_id"]) = (model_type.into(), 1.into());
            config["max_position_embeddings"] = (POSITIONS + 2).into();
            let heads = if class == "ForSequenceClassification" { &names[..] } else { &names[2..] };
            let names = [heads, &BERT].concat();
            let mut roberta = renamed(&unmapped(albert.clone()), config, "encoder.layer.", &names);
            let positions = roberta.tensor("embeddings.position_embeddings.weight");
            let padding = vec![7.0; 2 * HIDDEN];
            *positions = Stored::f32(&[POSITIONS + 2, HIDDEN], &[padding, positions.values()].concat());
            assert_eq!(outputs(&with_prefix(&roberta, "roberta")), outputs(&albert), "{prefix}{class}");
        }
    }
}

#[test]
fn distilbert_has_no_token_types() {
    let names = [
        ("attention.query", "attention.q_lin"),
        ("attention.key", "attention.k_lin"),
        ("attention.value", "attention.v_lin"),
        ("attention.dense", "attention.out_lin"),
        ("attention.LayerNorm", "sa_layer_norm"),
        ("ffn", "ffn.lin1"),
        ("ffn_output", "ffn.lin2"),
        ("full_layer_layer_norm", "output_layer_norm"),
        ("predictions.dense", "vocab_transform"),
        ("predictions.LayerNorm", "vocab_layer_norm"),
        ("predictions", "vocab_projector"),
    ];
    for class in ["Model", "ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM"] {
        let mut albert = albert(class, HIDDEN);
        albert.tensors.retain(|name, _| !name.starts_with("pooler"));
        albert.config["layer_norm_eps"] = json!(1e-12);
        let types = Stored::f32(&[TYPES, HIDDEN], &[0.0; TYPES * HIDDEN]);
        *albert.tensor("embeddings.token_type_embeddings.weight") = types;
        let config = json!({
            "model_type": "distilbert", "architectures": [format!("DistilBert{class}")], "activation": "gelu",
            "vocab_size": VOCABULARY, "dim": HIDDEN, "hidden_dim": INTERMEDIATE, "n_layers": LAYERS, "n_heads": 3,
            "max_position_embeddings": POSITIONS
        });
        let mut distil = renamed(&unmapped(albert.clone()), config, "transformer.layer.", &names);
        distil.tensors.remove("embeddings.token_type_embeddings.weight");
        assert_eq!(outputs(&with_prefix(&distil, "distilbert")), outputs(&albert), "{class}");
    }
}

#[test]
fn electras_embeddings_are_mapped_when_they_are_narrow() {
    for (class, embedding) in [("Model", 8), ("ForTokenClassification", 8), ("ForQuestionAnswering", HIDDEN)] {
        let mut albert = albert(class, embedding);
        albert.tensors.retain(|name, _| !name.starts_with("pooler"));
        let mut config = bert_config(&format!("Electra{class}"));
        (config["model_type"], config["embedding_size"]) = ("electra".into(), embedding.into());
        let own = if embedding == HIDDEN { unmapped(albert.clone()) } else { albert.clone() };
        let names = [&BERT[..], &[("encoder.embedding_hidden_mapping_in", "embeddings_project")]].concat();
        let electra = renamed(&own, config, "encoder.layer.", &names);
        assert_eq!(outputs(&with_prefix(&electra, "electra")), outputs(&albert), "{class}");
    }
}

fn refused(checkpoint: &Checkpoint) -> String {
    let directory = tempfile::tempdir().unwrap();
    checkpoint.write(directory.path());
    convert(directory.path(), &Options::default()).unwrap_err().to_string()
}

#[test]
fn other_mathematics_is_refused_by_name() {
    let bert = |change: &dyn Fn(&mut Value)| {
        let mut config = bert_config("BertModel");
        change(&mut config);
        refused(&renamed(&unmapped(albert("Model", HIDDEN)), config, "encoder.layer.", &BERT))
    };
    for name in ["mobilebert", "modernbert", "nomic_bert", "albert_act", "deberta-v2", "mpnet", "t5"] {
        assert!(bert(&|config| config["model_type"] = name.into()).contains(name));
    }
    let relative = bert(&|config| config["position_embedding_type"] = "relative_key_query".into());
    assert!(relative.contains("relative_key_query"), "{relative}");
    assert!(bert(&|config| config["use_bottleneck"] = true.into()).contains("use_bottleneck is true"));
    assert!(bert(&|config| config["hidden_act"] = "swiglu".into()).contains("swiglu"));
    assert!(bert(&|config| config["is_decoder"] = true.into()).contains("is_decoder"));
    let class = bert(&|config| config["architectures"] = json!(["BertForNextSentencePrediction"]));
    assert!(class.contains("BertForNextSentencePrediction"), "{class}");
    let mut config = bert_config("RobertaForMaskedLM");
    (config["model_type"], config["hidden_act"]) = ("roberta".into(), "relu".into());
    config["pad_token_id"] = json!(0);
    config["max_position_embeddings"] = json!(POSITIONS);
    let error = refused(&renamed(&unmapped(albert("ForMaskedLM", HIDDEN)), config, "encoder.layer.", &BERT));
    assert!(error.contains("hidden_act"), "{error}");
}

#[test]
fn heads_without_a_counterpart_are_left_out_with_a_warning() {
    for (model_type, class, warning) in [
        ("bert", "BertForPreTraining", Warning::HeadLeftOut("next sentence")),
        ("electra", "ElectraForPreTraining", Warning::HeadLeftOut("replaced tokens")),
    ] {
        let mut config = bert_config(class);
        (config["model_type"], config["embedding_size"]) = (model_type.into(), HIDDEN.into());
        let mut checkpoint = renamed(&unmapped(albert("ForMaskedLM", HIDDEN)), config, "encoder.layer.", &BERT);
        checkpoint.random("cls.seq_relationship.weight", &[2, HIDDEN]);
        let directory = tempfile::tempdir().unwrap();
        checkpoint.write(directory.path());
        let warnings = convert(directory.path(), &Options::default()).unwrap().warnings;
        assert!(warnings.contains(&warning), "{warnings:?}");
        assert!(!warnings.iter().any(|warning| matches!(warning, Warning::UnusedTensors(_))), "{warnings:?}");
    }
}

/// A linear's thin matrices, and the weight that they make of another.
fn lora(base: &mut Checkpoint, name: &str, rank: usize, scale: f32) -> Vec<(String, Stored)> {
    let (a_name, b_name) =
        (format!("base_model.model.{name}.lora_A.weight"), format!("base_model.model.{name}.lora_B.weight"));
    let weight = base.tensor(&format!("{name}.weight"));
    let &[rows, columns] = weight.shape.as_slice() else { panic!("a matrix") };
    let mut thin = Checkpoint { config: Value::Null, tensors: Default::default() };
    thin.random(&a_name, &[rank, columns]);
    thin.random(&b_name, &[rows, rank]);
    let (a, b) = (thin.tensors[&a_name].values(), thin.tensors[&b_name].values());
    let mut merged = weight.values();
    for row in 0..rows {
        for column in 0..columns {
            let sum: f32 = (0..rank).map(|k| b[row * rank + k] * a[k * columns + column]).sum();
            merged[row * columns + column] += scale * sum;
        }
    }
    *weight = Stored::f32(&[rows, columns], &merged);
    thin.tensors.into_iter().collect()
}

#[test]
fn adapters_are_merged() {
    let config = bert_config("BertForSequenceClassification");
    let base = renamed(&unmapped(albert("ForSequenceClassification", HIDDEN)), config, "encoder.layer.", &BERT);
    let base = with_prefix(&base, "bert");
    let mut merged = base.clone();
    let mut adapter = Checkpoint { config: Value::Null, tensors: Default::default() };
    for name in ["bert.encoder.layer.0.attention.self.query", "bert.encoder.layer.2.intermediate.dense"] {
        adapter.tensors.extend(lora(&mut merged, name, 4, 2.0));
    }
    // The classifier is saved whole.
    for part in ["weight", "bias"] {
        let mut own = merged.tensors[&format!("classifier.{part}")].clone();
        own = Stored::f32(&own.shape, &own.values().iter().map(|x| x + 0.5).collect::<Vec<_>>());
        adapter.tensors.insert(format!("base_model.model.classifier.{part}"), own.clone());
        *merged.tensor(&format!("classifier.{part}")) = own;
    }
    let directory = tempfile::tempdir().unwrap();
    let (base_path, adapter_path) = (directory.path().join("base"), directory.path().join("adapter"));
    let write = |config: &Value| {
        std::fs::create_dir_all(&adapter_path).unwrap();
        std::fs::write(adapter_path.join("adapter_config.json"), config.to_string()).unwrap();
        let tensors = safetensors::serialize(adapter.tensors.iter(), None).unwrap();
        std::fs::write(adapter_path.join("adapter_model.safetensors"), tensors).unwrap();
    };
    std::fs::create_dir(&base_path).unwrap();
    base.write(&base_path);
    let config = json!({
        "peft_type": "LORA", "r": 4, "lora_alpha": 8, "bias": "none", "fan_in_fan_out": false,
        "base_model_name_or_path": base_path.to_str().unwrap(), "target_modules": ["query"], "modules_to_save": ["classifier"]
    });
    write(&config);
    assert_eq!(albert_quant::adapter_base(&adapter_path).unwrap().as_deref(), base_path.to_str());
    let (found, expected) = (outputs_of(&adapter_path), outputs(&merged));
    assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-2), "{found:?} {expected:?}");
    assert_ne!(found, outputs(&base));
    let error = |key: &str, value: Value| {
        let mut config = config.clone();
        config[key] = value;
        write(&config);
        convert(&adapter_path, &Options::default()).unwrap_err()
    };
    for (key, value) in [("use_dora", json!(true)), ("peft_type", json!("IA3")), ("alpha_pattern", json!({"query": 3}))]
    {
        assert!(error(key, value).to_string().contains(key));
    }
    let absent = error("base_model_name_or_path", json!("org/absent"));
    assert!(matches!(&absent, Error::AdapterBase { base, .. } if base == "org/absent"), "{absent}");
}

/// A sentence-transformers directory around a BERT.
fn sentence(modules: &[(&str, &str)], pooling: &Value, change: impl Fn(&Path)) -> Result<Value, String> {
    let directory = tempfile::tempdir().unwrap();
    let bert = renamed(&unmapped(albert("Model", HIDDEN)), bert_config("BertModel"), "encoder.layer.", &BERT);
    let network = directory.path().join(modules.first().map_or("", |(path, _)| path));
    std::fs::create_dir_all(&network).unwrap();
    bert.write(&network);
    let class =
        |(path, name): &(&str, &str)| json!({ "path": path, "type": format!("sentence_transformers.models.{name}") });
    let list: Vec<Value> = modules.iter().map(class).collect();
    let write = |name: &str, value: &Value| std::fs::write(directory.path().join(name), value.to_string()).unwrap();
    write("modules.json", &json!(list));
    std::fs::create_dir_all(directory.path().join("1_Pooling")).unwrap();
    write("1_Pooling/config.json", pooling);
    change(directory.path());
    let mut options = Options::default();
    options.head = HeadChoice::Auto;
    let converted = convert(directory.path(), &options).map_err(|error| error.to_string())?;
    let model = Model::from_bytes(&converted.bytes).unwrap();
    assert!(!model.config().pooler, "an embedding of the text takes its place");
    let found = model.sentence_embedding().unwrap();
    Ok(json!({
        "pooling": format!("{:?}", found.pooling), "normalize": found.normalize, "max_sequence": model.max_sequence(),
        "prompts": model.prompts().iter().map(|(name, text)| [name, text]).collect::<Vec<_>>()
    }))
}

const MODULES: [(&str, &str); 3] = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")];

#[test]
fn sentence_transformers_say_how_embeddings_are_made() {
    let mean = json!({ "word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": true });
    let found = sentence(&MODULES, &mean, |path| {
        let prompts = json!({ "prompts": { "query": "query: " }, "default_prompt_name": null });
        std::fs::write(path.join("config_sentence_transformers.json"), prompts.to_string()).unwrap();
        std::fs::write(path.join("sentence_bert_config.json"), "{\r\n\"max_seq_length\": 12}").unwrap();
    });
    let found = found.unwrap();
    assert_eq!(
        (&found["pooling"], &found["normalize"], &found["max_sequence"]),
        (&json!("Mean"), &json!(true), &json!(12))
    );
    assert_eq!(found["prompts"], json!([["query", "query: "]]));
    let old = [("0_Transformer", "Transformer"), ("1_Pooling", "Pooling")];
    assert_eq!(sentence(&old, &mean, |_| ()).unwrap()["normalize"], json!(false));
    for (mode, name) in [("cls_token", "FirstToken"), ("max_tokens", "Max"), ("mean_sqrt_len_tokens", "MeanSqrt")] {
        let pooling = json!({ format!("pooling_mode_{mode}"): true, "pooling_mode_mean_tokens": false });
        assert_eq!(sentence(&MODULES, &pooling, |_| ()).unwrap()["pooling"], json!(name));
    }
}

#[test]
fn sentence_modules_that_a_model_file_cannot_have_are_refused() {
    let mean = json!({ "pooling_mode_mean_tokens": true });
    let error = |pooling: &Value| sentence(&MODULES, pooling, |_| ()).unwrap_err();
    let two = json!({ "pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true });
    assert!(error(&two).contains("cls_token with mean_tokens"), "{}", error(&two));
    let last = json!({ "pooling_mode_mean_tokens": false, "pooling_mode_lasttoken": true });
    assert!(error(&last).contains("lasttoken"));
    for modules in [
        &[("", "Transformer"), ("1_Pooling", "Pooling"), ("2_LSTM", "LSTM")][..],
        &[("", "Transformer"), ("2_Normalize", "Normalize")],
        &[("", "WordEmbeddings"), ("1_Pooling", "Pooling")],
        &[("", "Transformer"), ("../1_Pooling", "Pooling")],
    ] {
        let error = sentence(modules, &mean, |_| ()).unwrap_err();
        assert!(error.contains("modules.json"), "{error}");
    }
}
