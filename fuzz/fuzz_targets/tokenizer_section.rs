//! Any bytes as a tokenizer section: refused, or used on any text. The first byte is the length of the text, which follows.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&length, rest)) = bytes.split_first() else { return };
    if let Some((text, section)) = rest.split_at_checked(length.into()) {
        albert_tests::robust::tokenizer_section(section, &String::from_utf8_lossy(text));
    }
});
