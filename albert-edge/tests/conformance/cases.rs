//! What is asked of the models.

use serde_json::{Value, json};

fn case(name: &str, model: &str, task: &str, options: Value, request: Value) -> Value {
    json!({ "name": name, "model": format!("{model}.albert"), "task": task, "options": options, "request": request })
}

/// All cases, without results.
pub(crate) fn cases() -> Vec<Value> {
    let text = "the river runs north of Paris";
    let context = "Anna lives in London, near the old bridge over the river. the river runs north of Paris and goes to \
                   the sea. who lives in the old city is near the bridge.";
    let question = json!({ "question": "where is the bridge", "context": context });
    let classify = |name, model, options, request| case(name, model, "text-classification", options, request);
    let tag = |name, options, request| case(name, "token-classification", "token-classification", options, request);
    let ask = |name, options| case(name, "question-answering", "question-answering", options, question.clone());
    let fill = |name, options, request| case(name, "fill-mask", "fill-mask", options, request);
    let beside = |name, options, request| {
        let mut case = case(name, "encoder", "text-classification", options, request);
        case["head"] = json!(crate::models::HEAD);
        case
    };
    let labels = json!(["river", "city", "the old bridge"]);
    let zero = |name, options, labels: &Value| {
        let request = json!({ "text": text, "candidate_labels": labels });
        case(name, "inference", "zero-shot-classification", options, request)
    };
    vec![
        classify("text", "text-classification", json!({}), json!({ "text": text })),
        classify(
            "text, all labels",
            "text-classification",
            json!({ "top_k": 3 }),
            json!({ "text": "漢字 \u{1f30a} sea" }),
        ),
        classify(
            "pair",
            "text-classification",
            json!({ "top_k": 2 }),
            json!({ "text": text, "text_pair": "to the sea" }),
        ),
        classify(
            "sigmoid",
            "text-classification",
            json!({ "top_k": 3, "function_to_apply": "sigmoid" }),
            json!({ "text": text }),
        ),
        classify(
            "logits",
            "text-classification",
            json!({ "top_k": 3, "function_to_apply": "none" }),
            json!({ "text": text }),
        ),
        classify(
            "cut",
            "text-classification",
            json!({ "truncation": "longest_first", "max_length": 8 }),
            json!({ "text": context }),
        ),
        classify(
            "ids",
            "text-classification",
            json!({}),
            json!({ "input_ids": [2, 6, 7, 8, 3, 9, 3], "token_type_ids": [0, 0, 0, 0, 0, 1, 1] }),
        ),
        classify("codebook weights", "text-classification-int4", json!({ "top_k": 3 }), json!({ "text": text })),
        beside("head file", json!({}), json!({ "text": text })),
        beside("head file, all labels", json!({ "top_k": 10 }), json!({ "text": text, "text_pair": "to the sea" })),
        zero("zero-shot", json!({}), &labels),
        zero("zero-shot, each by itself", json!({ "multi_label": true, "top_k": 2 }), &labels),
        zero("zero-shot, one label", json!({ "hypothesis_template": "the man is {}, who" }), &json!(["sea"])),
        tag("tokens", json!({}), json!({ "text": text })),
        tag("simple", json!({ "aggregation_strategy": "simple" }), json!({ "text": context })),
        tag("first", json!({ "aggregation_strategy": "first" }), json!({ "text": "Annaville is near the old bridge" })),
        tag(
            "average",
            json!({ "aggregation_strategy": "average" }),
            json!({ "text": "Annaville is near the old bridge" }),
        ),
        tag("max, windows", json!({ "aggregation_strategy": "max", "stride": 5 }), json!({ "text": context })),
        ask("answer", json!({})),
        ask("answers in windows", json!({ "top_k": 4, "max_seq_len": 40, "doc_stride": 8 })),
        ask(
            "no answer",
            json!({ "top_k": 50, "handle_impossible_answer": true, "align_to_words": false, "max_answer_len": 2 }),
        ),
        fill("mask", json!({}), json!({ "text": "the [MASK] runs north" })),
        fill(
            "targets",
            json!({ "top_k": 3 }),
            json!({ "text": "the [MASK] runs", "targets": ["\u{2581}river", "\u{2581}sea", "zoo"] }),
        ),
        fill("masks", json!({ "top_k": 2 }), json!({ "text": "the [MASK] runs [MASK]" })),
        case(
            "mask, pretraining head",
            "pretraining",
            "fill-mask",
            json!({ "top_k": 2 }),
            json!({ "text": "the [MASK] runs" }),
        ),
        case(
            "choices",
            "multiple-choice",
            "multiple-choice",
            json!({}),
            json!({ "text": text, "choices": ["to the sea", "in London", "a, b"] }),
        ),
        case(
            "order",
            "pretraining",
            "sentence-order",
            json!({}),
            json!({ "text": text, "text_pair": "and goes to the sea" }),
        ),
        case("hidden states", "encoder", "feature-extraction", json!({}), json!({ "text": "the sea" })),
        case("embedding", "encoder", "sentence-embedding", json!({}), json!({ "text": text })),
        case(
            "embedding, length 1",
            "encoder",
            "sentence-embedding",
            json!({ "normalize": true }),
            json!({ "text": text }),
        ),
        case(
            "ranking",
            "ranker",
            "reranking",
            json!({}),
            json!({ "text": "where is the sea", "documents": [text, "to the sea", "Anna lives in London"] }),
        ),
    ]
}

/// Texts whose tokens and outputs are recorded, for interfaces without tasks.
pub(crate) fn runs() -> Vec<Value> {
    let models = [
        "text-classification",
        "text-classification-int4",
        "ranker",
        "token-classification",
        "question-answering",
        "multiple-choice",
        "fill-mask",
        "pretraining",
        "encoder",
    ];
    let texts = [("the river runs north of Paris", None), ("Anna lives in London", Some("near the old bridge"))];
    let mut runs = Vec::new();
    for model in models {
        for (text, pair) in texts {
            let mut run = json!({ "model": format!("{model}.albert"), "text": text });
            if let Some(pair) = pair {
                run["text_pair"] = json!(pair);
            }
            runs.push(run);
        }
    }
    runs.push(json!({ "model": "encoder.albert", "head": crate::models::HEAD, "text": texts[0].0 }));
    runs
}

/// What prototypes are taught, by pairs of label and text, and asked.
pub(crate) fn prototypes() -> Vec<Value> {
    vec![json!({
        "model": "encoder.albert",
        "labels": 4,
        "examples": [
            [0, "the river runs north of Paris"], [0, "the river runs to the sea"], [2, "Anna lives in London"],
            [2, "who lives in the old city"], [3, "the old bridge"], [0, "the sea"],
        ],
        "text": "who lives near the river",
    })]
}
