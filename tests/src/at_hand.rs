//! What only some machines have: a folder of trained models and recorded cases beside the repository, a JDK.
//!
//! A test that goes without says so on standard error, past the test harness, which would keep it from whoever looks. With
//! `ALBERT_STRICT=1`, as in `.ci/run`, it fails instead where the thing should have been there.

use std::io::Write;
use std::path::PathBuf;

/// A path in the shared folder: `ALBERT_SHARED`, or `../shared` beside the repository. `None`, said aloud, when it is not there;
/// a panic when the folder is there without it and skipping is not allowed.
pub fn shared(path: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("ALBERT_SHARED").map_or_else(beside, PathBuf::from);
    let wanted = folder.join(path);
    if wanted.exists() {
        return Some(wanted);
    }
    assert!(!(folder.is_dir() && is_strict()), "{} is missing", wanted.display());
    say(&format!("{} is not there", wanted.display()));
    None
}

/// For a test that needs what a complete machine has. Says that it is skipped.
///
/// # Panics
/// When skipping is not allowed.
pub fn skip(why: &str) {
    assert!(!is_strict(), "{why}");
    say(why);
}

/// Whether a test that cannot run fails.
pub fn is_strict() -> bool {
    std::env::var_os("ALBERT_STRICT").is_some_and(|value| value != "0")
}

/// The harness keeps what macros print; this goes to the terminal.
fn say(why: &str) {
    let thread = std::thread::current();
    let line = format!("skipped: {}: {why}\n", thread.name().unwrap_or("a test"));
    // A closed standard error is no reason to fail.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
