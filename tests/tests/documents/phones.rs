//! `docs/mobile.md` and the example app name what the Swift and Java sources have. Swift is parsed by `cargo xtask swift` and compiled
//! by nothing here; Kotlin is, by `cargo xtask kotlin`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use albert_tests::readme::{blocks_of, root};

use super::read;

const SWIFT: &str = "mobile/ios/Sources";
const ANDROID: &str = "mobile/android/albert/src/main";
/// Words of Swift and of Apple's Foundation in the blocks.
const APPLE: [&str; 8] = ["let", "try", "await", "Bundle", "main", "url", "forResource", "withExtension"];
/// The same in the table.
const OTHERS: [&str; 3] = ["try", "await", "url"];

/// Words of a text; what is in double quotes and behind `//` is left out.
fn words(text: &str) -> BTreeSet<String> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or(line));
    let code: String = code.flat_map(|line| line.split('"').step_by(2).chain(["\n"])).collect::<Vec<_>>().join(" ");
    let words = code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())).map(str::to_owned).collect()
}

fn sources(folder: &Path, all: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            sources(&path, all);
        } else if path
            .extension()
            .is_some_and(|extension| ["swift", "java", "kt"].iter().any(|known| extension == *known))
        {
            all.extend(words(&fs::read_to_string(path).expect("a source")));
        }
    }
}

fn words_of(folder: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    sources(&root().join(folder), &mut all);
    assert!(all.len() > 100, "{folder}");
    all
}

#[test]
fn swift_of_the_page_uses_names_of_the_sources() {
    let known = words_of(SWIFT);
    let page = read("docs/mobile.md");
    let blocks: Vec<String> =
        blocks_of(&page).into_iter().filter(|block| block.language == "swift").map(|block| block.text).collect();
    assert!(blocks.len() > 1);
    let own: BTreeSet<&str> = blocks.iter().flat_map(|block| super::words_after(block, "let ")).collect();
    for word in blocks.iter().flat_map(|block| words(block)) {
        let is_known = known.contains(&word) || own.contains(&word.as_str()) || APPLE.contains(&word.as_str());
        assert!(is_known || word == "encoder", "the Swift sources have no {word}");
    }
}

/// Words of Apple's frameworks in the example app, besides [`APPLE`], and of Swift that the sources lack.
const APP: [&str; 30] = [
    "allSatisfy",
    "App",
    "catch",
    "CocoaError",
    "describing",
    "do",
    "failure",
    "fileNoSuchFile",
    "ForEach",
    "format",
    "id",
    "isWhitespace",
    "leading",
    "localizedDescription",
    "MainActor",
    "padding",
    "replacingOccurrences",
    "roundedBorder",
    "Scene",
    "some",
    "Spacer",
    "State",
    "success",
    "SwiftUI",
    "Text",
    "TextField",
    "textFieldStyle",
    "View",
    "VStack",
    "WindowGroup",
];
/// The app's own names that no declaration in the same file introduces.
const APPS: [&str; 4] = ["Albert", "Intents", "label", "line"];

#[test]
fn swift_of_the_app_uses_names_of_the_sources() {
    let mut known = words_of(SWIFT);
    known.extend(APPLE.into_iter().chain(APP).chain(APPS).map(str::to_owned));
    let mut seen = 0;
    for file in ["Intents.swift", "IntentsApp.swift"] {
        let text = read(Path::new("mobile/examples/ios/Sources").join(file));
        let own: BTreeSet<&str> =
            ["let ", "var ", "func ", "struct "].iter().flat_map(|start| super::words_after(&text, start)).collect();
        for word in words(&text) {
            assert!(known.contains(&word) || own.contains(word.as_str()), "{file}: nothing has {word}");
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen}");
}

/// The table of the page has a column for Java and Kotlin and one for Swift.
#[test]
fn the_table_names_what_the_sources_have() {
    let (swift, android) = (words_of(SWIFT), words_of(ANDROID));
    let page = read("docs/mobile.md");
    let rows =
        page.lines().skip_while(|line| !line.starts_with("| | Java")).skip(2).take_while(|line| line.starts_with('|'));
    let mut seen = 0;
    for cells in rows.map(|row| row.split('|').collect::<Vec<_>>()) {
        for (cell, known) in [(cells[2], &android), (cells[3], &swift)] {
            let spans: String = cell.split('`').skip(1).step_by(2).collect::<Vec<_>>().join("\n");
            for word in words(&spans) {
                let is_kotlin = word == "assets" || OTHERS.contains(&word.as_str());
                assert!(known.contains(&word) || is_kotlin, "no source has {word}");
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "{seen}");
}
