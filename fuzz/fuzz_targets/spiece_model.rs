//! Any bytes as a `spiece.model`: refused in one line, or compiled to a section that is valid and used. The first byte chooses
//! what is made of the file.
#![no_main]

use albert_quant::tokenizer::{SpieceKind, compile_spiece};
use albert_tests::robust;

albert_fuzz::target!(init: albert_fuzz::models::unicode_tables(), |bytes| check(bytes));

fn check(bytes: &[u8]) {
    let Some((&kind, model)) = bytes.split_first() else { return };
    let kind = if kind % 2 == 0 { SpieceKind::SentencePiece } else { SpieceKind::Converted };
    robust::compiled(compile_spiece(model, None, kind), "A b, [MASK] \u{fb01} e\u{301}한국 ½");
}
