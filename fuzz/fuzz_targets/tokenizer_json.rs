//! Any bytes as a `tokenizer.json`: refused in one line, or compiled to a section that is valid and used.
#![no_main]

use albert_quant::tokenizer::compile_json;
use albert_tests::robust;

albert_fuzz::target!(init: albert_fuzz::models::unicode_tables(), |bytes| check(bytes));

fn check(bytes: &[u8]) {
    robust::compiled(compile_json(bytes, None), "A b, [MASK] \u{fb01} e\u{301}한국 ½");
}
