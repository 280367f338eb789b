use super::*;

fn tiny() -> Value {
    serde_json::json!({
        "model_type": "albert", "architectures": ["AlbertModel"], "hidden_act": "gelu_new", "vocab_size": 30,
        "embedding_size": 8, "hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 3,
        "num_hidden_groups": 2, "inner_group_num": 1, "num_attention_heads": 3, "max_position_embeddings": 16,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12
    })
}

fn parse_as(dialect: Dialect, value: &Value) -> Result<CheckpointConfig, ConfigProblem> {
    CheckpointConfig::parse(value.to_string().as_bytes(), dialect, &mut Vec::new())
}

fn parse(value: &Value) -> Result<CheckpointConfig, String> {
    parse_as(Dialect::Reference, value).map_err(|problem| problem.to_string())
}

fn with(key: &str, value: Value) -> Result<CheckpointConfig, String> {
    let mut config = tiny();
    config[key] = value;
    parse(&config)
}

#[test]
fn groups_are_those_of_the_reference() {
    let groups = |layers, groups| {
        let config =
            CheckpointConfig { num_hidden_layers: layers, num_hidden_groups: groups, ..parse(&tiny()).unwrap() };
        config.groups()
    };
    assert_eq!(groups(12, 1), [0; 12]);
    assert_eq!(groups(12, 5), [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4]);
    assert_eq!(groups(5, 4), [0, 0, 1, 2, 3]);
    assert_eq!(groups(2, 3), [0, 1]);
    // Where f64 rounding differs from whole numbers.
    assert_eq!(groups(18, 14)[9], 6);
    assert_eq!(groups(44, 20)[33], 14);
    // Where another f64 formula would differ.
    assert_eq!(groups(22, 22)[15], 15);
    for layers in 1..=64 {
        for count in 1..=64 {
            assert!(groups(layers, count).iter().all(|&group| u32::from(group) < count), "{layers} {count}");
        }
    }
}

#[test]
fn sizes_are_never_guessed() {
    for key in ["vocab_size", "hidden_size", "num_hidden_layers", "type_vocab_size", "num_hidden_groups"] {
        assert_eq!(with(key, Value::Null).unwrap_err(), format!("{key} is missing"));
    }
    assert!(with("hidden_size", "768".into()).unwrap_err().starts_with("hidden_size is \"768\"; expected a whole"));
    assert!(with("vocab_size", 0.into()).unwrap_err().starts_with("vocab_size is 0; expected"));
    assert!(with("hidden_size", (1u64 << 40).into()).is_err());
    assert!(with("hidden_size", 12.5.into()).is_err());
    assert_eq!(
        with("num_attention_heads", 5.into()).unwrap_err(),
        "hidden_size 12 is no multiple of num_attention_heads 5"
    );
}

#[test]
fn other_networks_are_refused() {
    let error = with("model_type", "modernbert".into()).unwrap_err();
    assert!(error.starts_with("model_type \"modernbert\" is another network; known are albert, bert"), "{error}");
    assert_eq!(with("hidden_act", "gelu_newer".into()).unwrap_err(), "unknown hidden_act \"gelu_newer\"");
    assert!(with("position_embedding_type", "relative_key".into()).unwrap_err().contains("relative_key"));
    let mut config = tiny();
    config["model_type"] = Value::Null;
    config["architectures"] = serde_json::json!(["CustomAlbert"]);
    assert!(parse(&config).unwrap_err().starts_with("unknown architecture \"CustomAlbert\""));
    let text = |text: &[u8]| CheckpointConfig::parse(text, Dialect::Reference, &mut Vec::new());
    assert!(matches!(text(b"{"), Err(ConfigProblem::Json(_))));
    assert!(matches!(text(b"[]"), Err(ConfigProblem::NotAnObject)));
}

/// As the original code computes it; the reference's `gelu` is another function.
#[test]
fn the_original_gelu_is_the_tanh_form() {
    let mut config = tiny();
    config["hidden_act"] = "gelu".into();
    let activation = |dialect| parse_as(dialect, &config).unwrap().hidden_act;
    assert_eq!(activation(Dialect::Reference), Activation::Gelu);
    assert_eq!(activation(Dialect::Original), Activation::GeluTanh);
}

#[test]
fn null_is_absent() {
    let config = with("classifier_dropout_prob", Value::Null).unwrap();
    assert_eq!(config, parse(&tiny()).unwrap());
    assert_eq!(with("layer_norm_eps", Value::Null).unwrap().layer_norm_eps, 1e-12);
    assert_eq!(with("problem_type", Value::Null).unwrap().problem_type, None);
    assert_eq!(with("architectures", Value::Null).unwrap().architecture, None);
    assert!(with("tie_word_embeddings", Value::Null).unwrap().tie_word_embeddings);
}

/// What would make another network of the same tensors is refused by its key, and harmless values are not.
#[test]
fn variants_are_refused_by_name() {
    let refused = [
        ("auto_map", serde_json::json!({"AutoModel": "modeling_lsg_albert.LSGAlbertModel"})),
        ("is_decoder", true.into()),
        ("use_bottleneck", true.into()),
        ("trigram_input", true.into()),
        ("normalization_type", "no_norm".into()),
        ("ln_type", "preln".into()),
        ("layers_to_keep", serde_json::json!([0, 2])),
        ("pruned_heads", serde_json::json!({"0": [1]})),
        ("net_structure_type", 1.into()),
        ("gap_size", 2.into()),
        ("num_memory_blocks", 1.into()),
        ("down_scale_factor", 2.into()),
        ("quantization_config", serde_json::json!({"load_in_8bit": true})),
        ("torch_dtype", "int8".into()),
        ("dtype", "uint8".into()),
    ];
    for (key, value) in refused {
        let error = with(key, value).unwrap_err();
        assert!(error.starts_with(key), "{error}");
    }
    let harmless = [
        ("layers_to_keep", serde_json::json!([])),
        ("ln_type", "postln".into()),
        ("net_structure_type", 0.into()),
        ("down_scale_factor", 1.into()),
        ("torch_dtype", "bfloat16".into()),
        ("use_bottleneck", false.into()),
        ("pruned_heads", serde_json::json!({})),
        ("classifier_dropout_prob", Value::Null),
        ("output_past", true.into()),
    ];
    for (key, value) in harmless {
        assert_eq!(with(key, value), parse(&tiny()), "{key}");
    }
}

fn bert() -> Value {
    serde_json::json!({
        "model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu", "vocab_size": 30,
        "hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 3, "num_attention_heads": 3,
        "max_position_embeddings": 16, "type_vocab_size": 2
    })
}

#[test]
fn every_layer_of_berts_family_is_a_group() {
    let config = parse(&bert()).unwrap();
    assert_eq!((config.num_hidden_groups, config.inner_group_num, config.embedding_size), (3, 1, 12));
    assert_eq!(config.groups(), [0, 1, 2]);
    assert_eq!((config.max_position_embeddings, config.first_position), (16, 0));
    // Positions start after the padding token's id.
    for (name, pad, first) in [("roberta", 1, 2), ("xlm-roberta", 1, 2), ("camembert", 0, 1)] {
        let mut value = bert();
        (value["model_type"], value["pad_token_id"]) = (name.into(), pad.into());
        let config = parse(&value).unwrap();
        assert_eq!((config.max_position_embeddings, config.first_position), (16 - first, first), "{name}");
    }
    let mut value = bert();
    (value["model_type"], value["pad_token_id"]) = ("roberta".into(), 15.into());
    assert!(parse(&value).unwrap_err().contains("max_position_embeddings"));
}

#[test]
fn pl_berts_sizes_are_in_yaml() {
    let text = "log_dir: \"x\"\nmodel_params:\n  vocab_size: 178\n  hidden_size: 768 # wide\n  num_attention_heads: 12\n  \
                intermediate_size: 2048\n  max_position_embeddings: 512\n  num_hidden_layers: 12\n  dropout: 0.1\nother: 1\n";
    let config = parse(&of_pl_bert(text)).unwrap();
    assert_eq!((config.vocab_size, config.hidden_size, config.embedding_size), (178, 768, 128));
    assert_eq!((config.intermediate_size, config.num_hidden_layers, config.num_hidden_groups), (2048, 12, 1));
    assert!(parse(&of_pl_bert("nothing: 1")).unwrap_err().contains("is missing"));
}

#[test]
fn distilbert_has_words_of_its_own() {
    let config = parse(&serde_json::json!({
        "model_type": "distilbert", "activation": "gelu", "vocab_size": 30, "dim": 12, "hidden_dim": 20,
        "n_layers": 3, "n_heads": 3, "max_position_embeddings": 16, "sinusoidal_pos_embds": false
    }));
    let config = config.unwrap();
    assert_eq!((config.hidden_size, config.intermediate_size, config.num_hidden_layers), (12, 20, 3));
    assert_eq!((config.num_attention_heads, config.type_vocab_size), (3, 1));
}

/// As in the first releases of BERT miniatures: sizes and nothing else.
#[test]
fn a_configuration_of_sizes_alone_is_a_bert() {
    let mut value = bert();
    for key in ["model_type", "architectures"] {
        value[key] = Value::Null;
    }
    let mut warnings = Vec::new();
    let config = CheckpointConfig::parse(value.to_string().as_bytes(), Dialect::Reference, &mut warnings).unwrap();
    assert_eq!(config.family, Family::Bert);
    assert_eq!(warnings, [Warning::GuessedFamily("bert")]);
    // Left over from an ALBERT.
    let mut value = bert();
    value["embedding_size"] = 8.into();
    let mut warnings = Vec::new();
    let config = CheckpointConfig::parse(value.to_string().as_bytes(), Dialect::Reference, &mut warnings).unwrap();
    assert_eq!((config.embedding_size, warnings), (12, vec![Warning::IgnoredKey("embedding_size")]));
}

#[test]
fn cross_encoders_say_how_scores_are_made() {
    let of = |key: &str, value: Value| with(key, value).map(|config| config.problem_type);
    let old = "sbert_ce_default_activation_function";
    assert_eq!(of(old, "torch.nn.modules.linear.Identity".into()), Ok(Some(ProblemType::Regression)));
    let new = serde_json::json!({"activation_fn": "torch.nn.modules.activation.Sigmoid", "version": "4.1.0"});
    assert_eq!(of("sentence_transformers", new), Ok(Some(ProblemType::MultiLabel)));
    assert!(of(old, "my.Activation".into()).is_err());
}

#[test]
fn labels_are_read_by_id() {
    let config = with("id2label", serde_json::json!({"10": "k", "2": "c"})).unwrap();
    assert_eq!(config.labels.into_iter().collect::<Vec<_>>(), [(2, "c".to_owned()), (10, "k".to_owned())]);
    assert!(with("id2label", serde_json::json!(["a"])).is_err());
    assert!(with("id2label", serde_json::json!({"x": "a"})).is_err());
    let numbers = with("id2label", serde_json::json!({"0": 7, "1": 0})).unwrap();
    assert_eq!(numbers.labels.into_values().collect::<Vec<_>>(), ["7", "0"]);
    let inverted = with("id2label", serde_json::json!({"NEGATIVE": 0, "POSITIVE": 1})).unwrap_err();
    assert!(inverted.contains("from names to ids"), "{inverted}");
    assert!(with("id2label", serde_json::json!({"0": ["a"]})).is_err());
}
