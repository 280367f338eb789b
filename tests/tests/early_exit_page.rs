//! The tables of `docs/early-exit.md`: the demo model at every depth and under every policy.

use std::fs;

use albert_core::heads::argmax;
use albert_core::tokenizer::EncodeOptions;
use albert_core::{ExitPolicy, Input, Model, Plan, Session};
use albert_tests::aligned::Aligned;
use albert_tests::readme::root;
use albert_tests::{at_hand, page};

const PAGE: &str = "early-exit.md";
/// The label of texts that are out of scope.
const OUT_OF_SCOPE: &str = "oos";

/// How an inference ends.
#[derive(Clone, Copy)]
enum End {
    Layers(u32),
    Policy(ExitPolicy),
}

/// Right answers among the rows of a kind.
#[derive(Default)]
struct Share {
    right: u32,
    rows: u32,
}

impl Share {
    fn count(&mut self, right: bool) {
        self.right += u32::from(right);
        self.rows += 1;
    }

    fn ratio(&self) -> f64 {
        f64::from(self.right) / f64::from(self.rows)
    }
}

/// Text and label of each row of the evaluation data, where it is at hand.
fn rows() -> Option<Vec<(String, String)>> {
    let path = at_hand::shared("models/clinc-intents/eval.jsonl")?;
    let text = fs::read_to_string(path).expect("rows");
    let rows = text.lines().map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row");
        let field = |name: &str| row[name].as_str().expect("a text").to_owned();
        (field("text"), field("label"))
    });
    Some(rows.collect())
}

/// Mean number of layers, and accuracy over all rows, those in scope and those out of scope.
fn measure(rows: &[(String, String)], end: End) -> (f64, [f64; 3]) {
    let bytes = Aligned::copy(&fs::read(root().join("models/clinc-intents-int8.albert")).expect("the demo model"));
    let model = Model::from_bytes(&bytes).expect("a valid model");
    let tokenizer = model.tokenizer().expect("a tokenizer");
    let plan = Plan::new(model.config(), 64);
    let mut arena = Aligned::zeros(plan.arena_bytes());
    let mut memory = vec![0; 1 << 16];
    let mut session = Session::new(&model, plan, &mut arena).expect("the planned memory");
    if let End::Policy(policy) = end {
        session.set_early_exit(Some(policy)).expect("the head chooses one label");
    }
    let mut layers = 0;
    let [mut all, mut within, mut without] = [Share::default(), Share::default(), Share::default()];
    for (text, label) in rows {
        let encoding = tokenizer.encode(text, None, &EncodeOptions::default(), &mut memory).expect("enough memory");
        let input = Input::new(encoding.ids());
        let input = if let End::Layers(count) = end { input.with_layers(count) } else { input };
        let output = session.run(&input).expect("at most 64 tokens");
        layers += output.layers();
        let right = model.label(argmax(output.logits()).expect("labels")) == Some(label.as_str());
        all.count(right);
        if label == OUT_OF_SCOPE { &mut without } else { &mut within }.count(right);
    }
    (f64::from(layers) / f64::from(all.rows), [&all, &within, &without].map(Share::ratio))
}

fn cells(shares: [f64; 3]) -> String {
    shares.iter().map(|share| format!(" {share:.4} |")).collect()
}

#[test]
fn every_depth_of_the_demo_model() {
    let Some(rows) = rows() else { return };
    let line = |layers| format!("| {layers} |{}", cells(measure(&rows, End::Layers(layers)).1));
    let lines: Vec<String> = (1..=6).map(line).collect();
    let head = "| layers | accuracy | in scope | out of scope |\n|--:|--:|--:|--:|";
    page::hold_exactly(PAGE, "layers", head, &lines);
}

#[test]
fn policies_on_the_demo_model() {
    let Some(rows) = rows() else { return };
    let patience = (1..=3).map(|layers| (format!("patience {layers}"), ExitPolicy::Patience(layers)));
    let confidence = [0.3, 0.5, 0.7, 0.9].map(|share| (format!("confidence {share}"), ExitPolicy::Confidence(share)));
    let line = |(name, policy)| {
        let (layers, shares) = measure(&rows, End::Policy(policy));
        format!("| {name} | {layers:.2} |{}", cells(shares))
    };
    let lines: Vec<String> = patience.chain(confidence).map(line).collect();
    let head = "| policy | mean layers | accuracy | in scope | out of scope |\n|---|--:|--:|--:|--:|";
    page::hold_exactly(PAGE, "policies", head, &lines);
}
