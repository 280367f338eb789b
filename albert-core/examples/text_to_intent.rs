//! Texts to intents with the demo model, and the logits to the bit: for each text `text: label`, then lines of logits, the bits
//! of each in hexadecimal, as the firmware prints them.

use albert_core::format::EmbeddedModel;
use albert_core::heads::argmax;
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Arena, Model, Plan, Session};

const MODEL: EmbeddedModel = albert_core::include_model!("../../models/clinc-intents-int8.albert");
const PLAN: Plan = Plan::new(&MODEL.config, 32);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::from_bytes(MODEL.bytes)?;
    let mut arena = Box::new(Arena::<{ PLAN.arena_bytes() }>::new());
    let mut session = Session::new(&model, PLAN, &mut arena.0)?;
    for text in ["what is my balance", "please set an alarm for seven in the morning"] {
        let output = session.run_text(text, None, &EncodeOptions::default())?;
        println!("{text}: {}", argmax(output.logits()).and_then(|best| model.label(best)).unwrap_or("?"));
        for row in output.logits().chunks(8) {
            println!("{}", row.iter().map(|logit| format!(" {:08x}", logit.to_bits())).collect::<String>());
        }
    }
    Ok(())
}
