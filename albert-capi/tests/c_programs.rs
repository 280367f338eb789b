//! C and C++ programs against the header and both libraries, some under valgrind.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/clinc-intents-int8.albert");
const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

/// Folder of the libraries that cargo built for this test.
fn libraries() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    assert!(folder.join("libalbert.a").exists() && folder.join("libalbert.so").exists(), "{}", folder.display());
    folder
}

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn output(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Compiles a source with `compiler` and links it with the static library, or the shared one.
fn compile(compiler: &[&str], source: &str, name: &str, shared: bool) -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let folder = libraries();
    let mut command = Command::new(compiler[0]);
    command.args(&compiler[1..]).args(WARNINGS).arg("-g").arg("-I").arg(path("include")).arg(path(source));
    command.arg("-o").arg(&program);
    if shared {
        command.arg("-L").arg(&folder).arg("-lalbert").arg(format!("-Wl,-rpath,{}", folder.display()));
    } else {
        command.arg(folder.join("libalbert.a")).args(["-lpthread", "-ldl", "-lm"]);
    }
    output(&mut command, "");
    program
}

/// Runs a program under valgrind: no error and no leak. What the C library keeps for its streams does not count.
fn valgrind(program: &Path, argument: &str, input: &str) -> String {
    let mut command = Command::new("valgrind");
    command.args([
        "-q",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite,indirect,possible",
        "--error-exitcode=9",
    ]);
    let output = output(command.arg(program).arg(argument), input);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_function_from_c99() {
    let program = compile(&["cc", "-std=c99"], "tests/c/abi.c", "abi-c99", false);
    assert_eq!(valgrind(&program, MODEL, ""), "all checks passed\n");
}

#[test]
fn every_function_from_cpp17() {
    let program = compile(&["c++", "-std=c++17", "-x", "c++"], "tests/c/abi.c", "abi-cpp17", true);
    // Cargo's own path may lead to an older library.
    let output = output(Command::new(program).arg(MODEL).env("LD_LIBRARY_PATH", libraries()), "");
    assert_eq!(output.stdout, b"all checks passed\n");
}

#[test]
fn example_prints_what_the_command_line_prints() {
    let program = compile(&["cc", "-std=c99"], "examples/classify.c", "classify", false);
    let texts = std::fs::read_to_string(path("tests/c/classify.in")).unwrap();
    let printed = valgrind(&program, MODEL, &texts);
    // A test of the command line holds `albert run --json` to the same files.
    let expected = std::fs::read_to_string(path("tests/c/classify.out")).unwrap();
    assert_eq!(printed, expected);
}

/// The function that README.md shows, in a program that calls it on the text behind it.
#[test]
fn readme_shows_a_program_and_its_output() {
    let (shown, output) = albert_tests::readme::program("c");
    assert_eq!(std::fs::read_to_string(path("examples/readme.c")).unwrap(), shown, "examples/readme.c is the page's");
    let program = compile(&["cc", "-std=c11"], "tests/c/readme.c", "readme", false);
    assert_eq!(valgrind(&program, MODEL, ""), output);
}
