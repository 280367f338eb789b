//! Every block of code of the first page and of `docs/` is run by a test, and every chore that a page names is there.

mod figures;
mod phones;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use albert_tests::readme::{Block, blocks_of, root, sentences};

/// What becomes of the blocks of a page in a language.
enum Fate {
    /// The test in this file, which names the page, runs them and compares what they print.
    RunBy(&'static str),
    /// Nothing runs them, for this reason.
    NotRun(&'static str),
}
use Fate::{NotRun, RunBy};

const COMMANDS: Fate = RunBy("albert-cli/tests/cli/readme.rs");
const C_PROGRAMS: Fate = RunBy("albert-capi/tests/c_programs/main.rs");
const NODE: Fate = RunBy("js/test/manual.test.js");
const PYTHON: Fate = RunBy("python/tests/test_documents.py");
const DOCTESTS: Fate = RunBy("tests/src/lib.rs");
const FIRST_IMAGE: Fate = RunBy("xtask/src/first_image.rs");
const CHORE: Fate = RunBy("tests/tests/documents/main.rs");

/// Page, language, and what becomes of the blocks. Lines of `sh` that are not `albert` commands are chores, see [`CHORES`].
const FATES: &[(&str, &str, Fate)] = &[
    ("README.md", "sh", COMMANDS),
    ("README.md", "console", COMMANDS),
    ("README.md", "pycon", PYTHON),
    ("README.md", "js", NODE),
    ("README.md", "rust", RunBy("tests/tests/readme.rs")),
    ("README.md", "c", C_PROGRAMS),
    ("README.md", "text", NotRun("outputs of the programs above them, which the same tests compare")),
    ("docs/c-api.md", "sh", CHORE),
    ("docs/c-api.md", "cmake", RunBy("albert-capi/tests/c_programs/installed.rs")),
    ("docs/c-api.md", "c", C_PROGRAMS),
    ("docs/c-api.md", "cpp", C_PROGRAMS),
    ("docs/c-api.md", "text", C_PROGRAMS),
    ("docs/cli.md", "text", RunBy("albert-cli/src/args/mod.rs")),
    ("docs/early-exit.md", "sh", COMMANDS),
    ("docs/early-exit.md", "rust", DOCTESTS),
    ("docs/fidelity.md", "sh", CHORE),
    ("docs/first-image.md", "sh", CHORE),
    ("docs/first-image.md", "toml", FIRST_IMAGE),
    ("docs/first-image.md", "rust", FIRST_IMAGE),
    ("docs/first-image.md", "text", FIRST_IMAGE),
    ("docs/javascript.md", "sh", NODE),
    ("docs/javascript.md", "console", NODE),
    ("docs/javascript.md", "html", NODE),
    ("docs/javascript.md", "js", NODE),
    ("docs/kernels.md", "sh", CHORE),
    ("docs/mobile.md", "java", RunBy("albert-capi/tests/c_programs/jvm.rs")),
    ("docs/mobile.md", "text", RunBy("albert-capi/tests/c_programs/jvm.rs")),
    ("docs/mobile.md", "kotlin", RunBy("xtask/src/kotlin.rs")),
    ("docs/mobile.md", "swift", RunBy("xtask/src/swift.rs")),
    ("docs/numerics.md", "text", NotRun("formulas")),
    ("docs/own-classifier.md", "json", COMMANDS),
    ("docs/own-classifier.md", "sh", COMMANDS),
    ("docs/own-classifier.md", "c", C_PROGRAMS),
    ("docs/own-classifier.md", "cpp", C_PROGRAMS),
    ("docs/own-classifier.md", "text", C_PROGRAMS),
    ("docs/own-classifier.md", "rust", DOCTESTS),
    ("docs/performance.md", "sh", COMMANDS),
    ("docs/platforms.md", "sh", CHORE),
    ("docs/porting.md", "sh", CHORE),
    ("docs/python.md", "pycon", PYTHON),
    ("docs/python.md", "sh", CHORE),
    ("docs/quantize-and-validate.md", "sh", COMMANDS),
    ("docs/quick-start.md", "sh", COMMANDS),
    ("docs/quick-start.md", "console", COMMANDS),
];

/// Commands that install or test something, and the place where that is done: a file, and what it has.
const CHORES: &[(&str, &str, &str)] = &[
    ("cargo install --path albert-cli", ".ci/run", "cargo xtask package"),
    ("pip install ./python", "xtask/src/python.rs", "\"maturin\", \"build\""),
    ("cargo xtask js --build", ".ci/run", "\"$xtask\" js"),
    ("cargo xtask install --prefix /usr/local", ".ci/run", "cargo xtask install-test"),
    ("cargo test --workspace", ".ci/run", "cargo test --workspace"),
    (
        "cargo run --release --config 'patch.crates-io.albert-core.path=\"../albert-edge/albert-core\"'",
        "xtask/src/first_image.rs",
        "patch.crates-io.albert-core.path={core:?}",
    ),
    ("cargo new --bin first-image", "xtask/src/first_image.rs", "Cargo.toml"),
    ("cd first-image", "xtask/src/first_image.rs", "current_dir(&folder)"),
    ("cp ../albert-edge/models/clinc-intents-int8.albert model.albert", "xtask/src/first_image.rs", "model.albert"),
    ("rustup target add thumbv7em-none-eabihf riscv32imac-unknown-none-elf", ".ci/run", "riscv32imac-unknown-none-elf"),
    ("sudo apt install qemu-system-arm qemu-system-misc", ".ci/run", "qemu-system-misc"),
    (
        "rustup target add x86_64-unknown-linux-musl aarch64-unknown-linux-gnu aarch64-unknown-linux-musl",
        "xtask/src/dist/platform.rs",
        "aarch64-unknown-linux-musl",
    ),
    (
        "rustup target add x86_64-pc-windows-gnu aarch64-pc-windows-gnullvm x86_64-apple-darwin aarch64-apple-darwin",
        "xtask/src/dist/platform.rs",
        "aarch64-pc-windows-gnullvm",
    ),
    ("cargo xtask dist", ".ci/run", "cargo xtask dist --unoptimized"),
    ("npm init --yes", "js/test/manual.test.js", "npm init --yes"),
    (
        "npm install ../albert-edge/js/albert-edge-0.1.0.tgz",
        "js/test/manual.test.js",
        "npm install ../albert-edge/js/${name}-${version}.tgz",
    ),
    ("benches/peers/fidelity.py --update", "benches/peers/fidelity.py", "--update"),
    ("ALBERT_MUST_RUN=avx2 cargo test -p albert-core --test kernel_conformance", ".ci/run", "cargo test --workspace"),
    (
        "ALBERT_WRITE_DOCS=1 cargo test -p albert-tests --test fidelity --test shared_models",
        ".ci/run",
        "cargo test --workspace",
    ),
    ("cargo bench -p albert-benches --bench kernels", "benches/benches/kernels.rs", "peak"),
    ("cargo bench -p albert-benches --bench kernels -- peak", "benches/benches/kernels.rs", "peak"),
];

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first page and the guides and reference pages.
fn pages() -> Vec<String> {
    let docs = fs::read_dir(root().join("docs")).expect("docs");
    let names = docs.flatten().map(|entry| entry.file_name().into_string().expect("UTF-8"));
    let mut pages: Vec<String> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")).collect();
    pages.push("README.md".into());
    pages.sort();
    pages
}

fn blocks() -> impl Iterator<Item = (String, Block)> {
    pages().into_iter().flat_map(|page| {
        let text = read(&page);
        blocks_of(&text).into_iter().map(move |block| (page.clone(), block))
    })
}

#[test]
fn every_block_has_a_test() {
    let shown: BTreeSet<(String, String)> = blocks().map(|(page, block)| (page, block.language)).collect();
    let listed: BTreeSet<(String, String)> =
        FATES.iter().map(|(page, language, _)| ((*page).to_owned(), (*language).to_owned())).collect();
    let missing: Vec<_> = shown.difference(&listed).collect();
    assert!(missing.is_empty(), "nothing runs these blocks, by page and language: {missing:?}");
    let gone: Vec<_> = listed.difference(&shown).collect();
    assert!(gone.is_empty(), "no page has these blocks: {gone:?}");
    for (page, language, fate) in FATES {
        match fate {
            RunBy(test) => assert!(read(test).contains(page), "{test} does not name {page} ({language})"),
            NotRun(reason) => println!("not run: {page}, {language}: {reason}"),
        }
    }
}

#[test]
fn every_shell_line_is_a_command_or_a_chore() {
    for (page, block) in blocks().filter(|(_, block)| block.language == "sh") {
        for line in block.text.lines() {
            let line = line.split(" #").next().unwrap_or("").trim();
            if line.is_empty() || line.starts_with("albert ") {
                continue;
            }
            let chore = CHORES.iter().find(|(command, ..)| *command == line);
            let (_, place, text) = chore.unwrap_or_else(|| panic!("{page}: nothing runs `{line}`"));
            assert!(read(place).contains(text), "{page}: `{line}` should be done by {place}");
        }
    }
}

/// What pages say about chores, tests and benchmarks leads somewhere.
#[test]
fn chores_and_tests_that_pages_name_are_there() {
    let chores = read("xtask/src/main.rs");
    let mut seen = 0;
    let documents = pages().into_iter().chain(["CONTRIBUTING.md".into()]).chain(notes());
    for page in documents {
        let text = read(&page);
        for name in words_after(&text, "cargo xtask ") {
            assert!(chores.contains(&format!("command == \"{name}\"")), "{page}: cargo xtask {name} is not there");
            seen += 1;
        }
        for (option, folders) in [("--test ", &TESTS[..]), ("--bench ", &["benches/benches"])] {
            for name in words_after(&text, option).filter(|name| !name.starts_with('-')) {
                let found = folders.iter().map(|folder| root().join(folder).join(name));
                let mut candidates = found.flat_map(|path| [path.with_extension("rs"), path.join("main.rs")]);
                assert!(candidates.any(|path| path.exists()), "{page}: {option}{name} is not there");
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen}");
}

/// Where the tests of crates lie.
const TESTS: [&str; 9] = [
    "tests/tests",
    "albert-core/tests",
    "albert-capi/tests",
    "albert-cli/tests",
    "albert-edge/tests",
    "albert-quant/tests",
    "albert-fit/tests",
    "albert-hub/tests",
    "albert-report/tests",
];

fn notes() -> Vec<String> {
    let entries = fs::read_dir(root().join("docs/notes")).expect("docs/notes");
    let paths = entries.flatten().map(|entry| PathBuf::from("docs/notes").join(entry.file_name()));
    paths.map(|path| path.to_str().expect("UTF-8").to_owned()).collect()
}

/// The words that follow `start` in a text, as far as they are made of letters, digits, `-` and `_`.
fn words_after<'t>(text: &'t str, start: &'t str) -> impl Iterator<Item = &'t str> {
    let starts = text.match_indices(start).map(move |(at, _)| &text[at + start.len()..]);
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    starts.map(move |rest| &rest[..rest.find(ends).unwrap_or(rest.len())]).filter(|word| !word.is_empty())
}

/// Crates and headers whose names pages use.
const SOURCES: [&str; 9] = [
    "albert-core/src",
    "albert-edge/src",
    "albert-quant/src",
    "albert-report/src",
    "albert-hub/src",
    "albert-fit/src",
    "albert-cli/src",
    "albert-capi/src",
    "albert-capi/include",
];

/// A name like `Session::run` or `albert_session_step` in a page is one of the sources.
#[test]
fn names_of_the_interface_exist() {
    let mut words = BTreeSet::new();
    SOURCES.iter().for_each(|folder| collect_words(&root().join(folder), &mut words));
    let mut seen = 0;
    for page in pages() {
        let text = read(&page);
        let spans = text.split('`').skip(1).step_by(2);
        let is_name = |span: &str| span.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
        for span in spans.filter(|span| is_name(span)) {
            let of_others = ["std::", "core::", "usize::", "isize::", "clippy::", "albert::"];
            let is_path = span.contains("::") && !of_others.iter().any(|start| span.starts_with(start));
            let is_c = span.starts_with("albert_") && span.matches('_').count() > 1;
            if is_path || is_c {
                let name = span.rsplit(':').next().unwrap_or(span);
                assert!(words.contains(name), "{page}: `{span}` is not in the sources");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

fn collect_words(folder: &Path, words: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_words(&path, words);
        } else if path.extension().is_some_and(|extension| ["rs", "h", "hpp"].iter().any(|known| extension == *known)) {
            let text = fs::read_to_string(&path).expect("a source");
            words.extend(text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map(str::to_owned));
        }
    }
}

/// Pages that are read from top to bottom.
const READ: [&str; 11] = [
    "README.md",
    "docs/quick-start.md",
    "docs/quantize-and-validate.md",
    "docs/python.md",
    "docs/javascript.md",
    "docs/c-api.md",
    "docs/mobile.md",
    "docs/first-image.md",
    "docs/performance.md",
    "docs/early-exit.md",
    "docs/porting.md",
];

/// A reader in a hurry reads each sentence once.
#[test]
fn sentences_have_at_most_30_words() {
    for page in READ {
        let sentences = sentences(&read(page));
        assert!(sentences.len() > 8, "{page}");
        for sentence in sentences {
            let words = sentence.split_whitespace().count();
            assert!(words <= 30, "{page}: {words} words: {sentence}");
        }
    }
}
