//! The Java classes of `mobile/android` and their native layer on this machine's JVM.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use albert_tests::at_hand;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/clinc-intents-int8.albert");
const ANDROID: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mobile/android/albert/src/main");

/// Where `javac` and `include/jni.h` are, if anywhere.
fn java_home() -> Option<PathBuf> {
    let search = std::env::var_os("PATH")?;
    let javac = std::env::split_paths(&search).map(|folder| folder.join("javac")).find(|javac| javac.exists())?;
    let home = javac.canonicalize().ok()?.parent()?.parent()?.to_path_buf();
    home.join("include/jni.h").exists().then_some(home)
}

fn run(command: &mut Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn java_prints_what_the_command_line_prints() {
    let Some(home) = java_home() else {
        return at_hand::skip("no JDK with jni.h in PATH: apt-get install openjdk-17-jdk-headless");
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jvm");
    std::fs::create_dir_all(&out).unwrap();
    let library = std::env::current_exe().unwrap().with_file_name("libalbert.a");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I"]).arg(root.join("include"));
    compiler.arg("-I").arg(home.join("include")).arg("-I").arg(home.join("include/linux"));
    compiler.arg(format!("{ANDROID}/cpp/albert_jni.c")).arg(library).arg("-o").arg(out.join("libalbert_jni.so"));
    run(&mut compiler, "");
    let package = format!("{ANDROID}/java/io/github/albertedge");
    let mut javac = Command::new(home.join("bin/javac"));
    javac.args(["-Xlint:all", "-Werror", "-d"]).arg(&out).arg(root.join("tests/java/Classify.java"));
    run(javac.args([format!("{package}/Albert.java"), format!("{package}/NativeAlbert.java")]), "");
    let mut java = Command::new(home.join("bin/java"));
    java.arg("-Xcheck:jni").arg(format!("-Djava.library.path={}", out.display())).arg("-cp").arg(&out);
    // A test of the command line holds `albert run --json` to the same files.
    let texts = std::fs::read_to_string(root.join("tests/c/classify.in")).unwrap();
    let printed = run(java.args(["Classify", MODEL]), &texts);
    assert_eq!(printed, std::fs::read_to_string(root.join("tests/c/classify.out")).unwrap());
}
