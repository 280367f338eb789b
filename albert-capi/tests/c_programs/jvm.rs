//! The Java classes of `mobile/android` and their native layer on this machine's JVM.

use std::path::{Path, PathBuf};
use std::process::Command;

use albert_tests::at_hand;

use crate::conformance::{cases, expected, input};
use crate::tools::{libraries, output, path, printed};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/clinc-intents-int8.albert");
const ANDROID: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mobile/android/albert/src/main");
/// What CMakeLists.txt links with, for Android's pages of 16 KB.
const PAGES: &str = "-Wl,-z,max-page-size=16384";

/// Where `javac` and `include/jni.h` are, if anywhere.
fn java_home() -> Option<PathBuf> {
    let search = std::env::var_os("PATH")?;
    let javac = std::env::split_paths(&search).map(|folder| folder.join("javac")).find(|javac| javac.exists())?;
    let home = javac.canonicalize().ok()?.parent()?.parent()?.to_path_buf();
    home.join("include/jni.h").exists().then_some(home)
}

/// Compiles the native layer, the classes and a program of `tests/java` and returns the command that runs it.
pub(crate) fn program(name: &str) -> Option<Command> {
    let Some(home) = java_home() else {
        at_hand::skip("no JDK with jni.h in PATH: apt-get install openjdk-17-jdk-headless");
        return None;
    };
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("jvm-{name}"));
    std::fs::create_dir_all(&out).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I"]).arg(path("include"));
    compiler.arg("-I").arg(home.join("include")).arg("-I").arg(home.join("include/linux"));
    compiler.arg(format!("{ANDROID}/cpp/albert_jni.c")).arg(libraries().join("libalbert.a"));
    compiler.args([PAGES, "-lpthread", "-ldl", "-lm", "-o"]).arg(out.join("libalbert_jni.so"));
    output(&mut compiler, "");
    let mut javac = Command::new(home.join("bin/javac"));
    javac.args(["-Xlint:all", "-Werror", "--release", "17", "-d"]).arg(&out);
    javac.arg(path(&format!("tests/java/{name}.java")));
    for file in std::fs::read_dir(format!("{ANDROID}/java/io/github/albertedge")).unwrap() {
        javac.arg(file.unwrap().path());
    }
    output(&mut javac, "");
    let mut java = Command::new(home.join("bin/java"));
    java.arg("-Xcheck:jni").arg(format!("-Djava.library.path={}", out.display())).arg("-cp").arg(&out).arg(name);
    Some(java)
}

#[test]
fn every_task_from_java_gives_the_recorded_bits() {
    let cases = cases();
    for (times, end) in [(1, "run"), (2, "twice")] {
        let Some(mut java) = program("Conformance") else { return };
        let printed = printed(&mut java, &input(&cases, end));
        let mut printed = printed.split("end\n");
        for case in &cases {
            let expected = expected(&case["response"]).repeat(times);
            assert_eq!(printed.next(), Some(expected.as_str()), "{}", case["name"]);
        }
        assert_eq!(printed.next(), Some(""));
    }
}

#[test]
fn java_threads_closes_cancels_and_throws_on_large_pages() {
    let Some(mut java) = program("Safety") else { return };
    let cmake = std::fs::read_to_string(format!("{ANDROID}/cpp/CMakeLists.txt")).unwrap();
    assert!(cmake.contains(PAGES));
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jvm-Safety/libalbert_jni.so");
    let segments = printed(Command::new("readelf").arg("-lW").arg(library), "");
    let mut loads = segments.lines().filter(|line| line.trim_start().starts_with("LOAD")).peekable();
    assert!(loads.peek().is_some() && loads.all(|line| line.trim_end().ends_with("0x4000")), "{segments}");
    let printed = printed(java.arg(path("../conformance/text-classification.albert")).arg(MODEL), "");
    // The JVM's checks of native calls write warnings there; later JVMs write other ones to the standard error.
    assert_eq!(printed, "all checks passed\n");
}

/// The program of `docs/mobile.md`, and what the page says that it prints.
#[test]
fn guide_to_phones_shows_a_program_and_its_output() {
    let page = std::fs::read_to_string(path("../docs/mobile.md")).unwrap();
    let (shown, expected) = albert_tests::readme::program_of(&page, "java");
    assert_eq!(std::fs::read_to_string(path("tests/java/Guide.java")).unwrap(), shown, "Guide.java is the page's");
    let Some(mut java) = program("Guide") else { return };
    assert_eq!(printed(java.arg(path("../conformance/encoder.albert")), ""), expected);
}
