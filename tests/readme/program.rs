use albert_core::format::EmbeddedModel;
use albert_core::heads::argmax;
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Arena, Model, Plan, Session};

const MODEL: EmbeddedModel = albert_core::include_model!("../../models/clinc-intents-int8.albert");
const PLAN: Plan = Plan::new(&MODEL.config, 32); // texts of up to 32 tokens

fn main() {
    let model = Model::from_bytes(MODEL.bytes).expect("a valid model");
    let mut arena = Arena::<{ PLAN.arena_bytes() }>::new(); // a static on a device
    let mut session = Session::new(&model, PLAN, &mut arena.0).expect("the planned memory");
    session.run_text("how much money is in my account", None, &EncodeOptions::default()).expect("a text");
    let scores = session.scores().expect("a classifier");
    let best = argmax(scores).expect("labels");
    println!("{} {:.4}", model.label(best).expect("a name"), scores[best]);
}
