//! A model inside the program: aligned, with the configuration that the reader finds.

use albert_core::format::{EmbeddedModel, config_of_embedded};
use albert_core::{Arena, Model, Plan, Session};

const MODEL: EmbeddedModel = albert_core::include_model!("../../models/clinc-intents-int8.albert");
const PLAN: Plan = Plan::new(&MODEL.config, 32).with_tile_rows(4);

#[test]
fn plan_of_the_constant_fits_the_model() {
    let model = Model::from_bytes(MODEL.bytes).unwrap();
    assert_eq!(*model.config(), MODEL.config);
    let mut arena = Box::new(Arena::<{ PLAN.arena_bytes() }>::new());
    assert!(Session::new(&model, PLAN, &mut arena.0).is_ok());
}

#[test]
fn other_files_do_not_compile() {
    let refused = |file: &[u8]| {
        let file = file.to_vec();
        std::panic::catch_unwind(move || config_of_embedded(&file)).is_err()
    };
    let mut version = MODEL.bytes.to_vec();
    version[8] ^= 1;
    assert!(refused(b"ALBERT") && refused(&[0; 128]) && refused(&version));
    assert!(refused(&MODEL.bytes[..MODEL.bytes.len() - 1]));
    assert!(!refused(MODEL.bytes));
}
