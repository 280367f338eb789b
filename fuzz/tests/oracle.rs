//! The oracles see what they are there for: a child process that exceeds a limit is aborted, one that does not is not.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use albert_fuzz::oracle::{Counting, Limits, bounded};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LIMITS: Limits = Limits { bytes_per_byte: 10, bytes: 1 << 20, seconds: 1 };

/// Runs this test again as a child that does `what`; how it ended.
fn signal_of(what: &str) -> Option<i32> {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env("CHILD", what)
        .output();
    let output = child.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).contains(" may");
    assert_eq!(told, output.status.signal().is_some(), "{output:?}");
    output.status.signal()
}

#[test]
fn child() {
    let Ok(what) = std::env::var("CHILD") else { return };
    bounded(100, LIMITS, || match what.as_str() {
        "memory" => drop(vec![1u8; (1 << 20) + 2000]),
        "growth" => drop((0..1u32 << 20).collect::<std::collections::VecDeque<_>>()),
        "time" => loop {
            std::hint::spin_loop();
        },
        _ => drop(vec![1u8; 1 << 20]),
    });
}

#[test]
fn inputs_within_their_limits_pass() {
    assert_eq!(signal_of("nothing"), None);
}

#[test]
fn too_much_memory_and_too_much_time_abort() {
    for what in ["memory", "growth", "time"] {
        assert_eq!(signal_of(what), Some(libc::SIGABRT), "{what}");
    }
}
