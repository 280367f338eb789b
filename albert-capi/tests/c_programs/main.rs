//! C, C++ and Java programs against the headers and both libraries, some under valgrind.

mod conformance;
mod fit;
mod installed;
mod jvm;
mod tools;

use std::path::Path;
use std::process::Command;

use tools::{compile, libraries, output, path, printed, valgrind};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/clinc-intents-int8.albert");
/// The folder of small models.
const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../conformance");

#[test]
fn every_function_from_c99() {
    let program = compile(&["cc", "-std=c99"], "tests/c/abi.c", "abi-c99", false);
    assert_eq!(valgrind(&program, &[MODEL, MODELS], ""), "all checks passed\n");
}

#[test]
fn every_function_from_cpp17() {
    let program = compile(&["c++", "-std=c++17", "-x", "c++"], "tests/c/abi.c", "abi-cpp17", true);
    // Cargo's own path may lead to an older library.
    let output = output(Command::new(program).args([MODEL, MODELS]).env("LD_LIBRARY_PATH", libraries()), "");
    assert_eq!(output.stdout, b"all checks passed\n");
}

#[test]
fn example_prints_what_the_command_line_prints() {
    let program = compile(&["cc", "-std=c99"], "examples/classify.c", "classify", false);
    let texts = std::fs::read_to_string(path("tests/c/classify.in")).unwrap();
    let printed = valgrind(&program, &[MODEL], &texts);
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
    assert_eq!(valgrind(&program, &[MODEL], ""), output);
}

/// Holds a program that reads cases to the recorded responses, with one request a case and with two.
fn conforms(program: &Path, under_valgrind: bool) {
    let cases = conformance::cases();
    let input = conformance::input(&cases, "run");
    let alone =
        if under_valgrind { valgrind(program, &[], &input) } else { printed(&mut Command::new(program), &input) };
    conformance::compare(&cases, 1, &alone);
    let printed = printed(&mut Command::new(program), &conformance::input(&cases, "twice"));
    conformance::compare(&cases, 2, &printed);
}

#[test]
fn every_task_from_c_gives_the_recorded_bits() {
    conforms(&compile(&["cc", "-std=c99"], "tests/c/conformance.c", "conformance-c", false), true);
}

#[test]
fn every_task_from_cpp_gives_the_recorded_bits() {
    conforms(&compile(&["c++", "-std=c++17"], "tests/cpp/conformance.cpp", "conformance-cpp", false), true);
}

#[test]
fn cpp_owns_views_and_throws() {
    let models = path("../conformance");
    let program = compile(&["c++", "-std=c++17"], "tests/cpp/faces.cpp", "faces-cpp", false);
    assert_eq!(valgrind(&program, &[models.to_str().unwrap()], ""), "all checks passed\n");
}

#[test]
fn every_function_of_the_tasks() {
    let models = path("../conformance");
    let program = compile(&["cc", "-std=c99"], "tests/c/tasks.c", "tasks-c99", false);
    assert_eq!(valgrind(&program, &[models.to_str().unwrap()], ""), "all checks passed\n");
    let program = compile(&["c++", "-std=c++17", "-x", "c++"], "tests/c/tasks.c", "tasks-cpp17", true);
    let output = output(Command::new(program).arg(models).env("LD_LIBRARY_PATH", libraries()), "");
    assert_eq!(output.stdout, b"all checks passed\n");
}

/// The programs of the guide, and what it says that they print.
#[test]
fn guide_shows_programs_and_their_output() {
    let page = std::fs::read_to_string(path("../docs/c-api.md")).unwrap();
    for (language, compiler) in [("c", ["cc", "-std=c99"]), ("cpp", ["c++", "-std=c++17"])] {
        let (shown, output) = albert_tests::readme::program_of(&page, language);
        let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("guide.{language}"));
        std::fs::write(&source, shown).unwrap();
        // An absolute path stands for itself.
        let program = compile(&compiler, source.to_str().unwrap(), &format!("guide-{language}"), false);
        assert_eq!(valgrind(&program, &[MODEL], ""), output);
    }
}

/// The same of the guide to classifiers of one's own. Without valgrind, on which a fit takes long.
#[test]
fn guide_to_own_classifiers_shows_programs_and_their_output() {
    let page = std::fs::read_to_string(path("../docs/own-classifier.md")).unwrap();
    let encoder = path("../conformance/encoder.albert");
    for (language, compiler) in [("c", ["cc", "-std=c99"]), ("cpp", ["c++", "-std=c++17"])] {
        let (shown, output) = albert_tests::readme::program_of(&page, language);
        let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("guide-own.{language}"));
        std::fs::write(&source, shown).unwrap();
        let program = compile(&compiler, source.to_str().unwrap(), &format!("guide-own-{language}"), false);
        assert_eq!(printed(Command::new(program).arg(&encoder), ""), output);
    }
}
