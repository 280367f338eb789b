//! Any bytes as a tokenizer section: refused, or used on any text. The first byte is the length of the text, which follows.
#![no_main]

albert_fuzz::target!(|bytes| check(bytes));

fn check(bytes: &[u8]) -> Option<()> {
    let (&length, rest) = bytes.split_first()?;
    let (text, section) = rest.split_at_checked(length.into())?;
    albert_tests::robust::tokenizer_section(section, &String::from_utf8_lossy(text));
    Some(())
}
