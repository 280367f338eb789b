//! The commands of `README.md` and the guides run, and print what the pages say.

use std::fs;

use albert_tests::readme::{Block, blocks_of, root};

use crate::harness::{Folder, fixture, program};

/// The words of a line, as a shell splits them; a comment ends them.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or("");
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Pages that show what commands print.
const SHOWN: [&str; 2] = ["README.md", "docs/quick-start.md"];
/// Pages with commands on files of the reader's.
const FOLLOWED: [&str; 6] = [
    "README.md",
    "docs/quick-start.md",
    "docs/quantize-and-validate.md",
    "docs/performance.md",
    "docs/early-exit.md",
    "docs/own-classifier.md",
];

/// The blocks of this language.
fn blocks(page: &str, language: &str) -> Vec<Block> {
    let text = fs::read_to_string(root().join(page)).expect("a page");
    blocks_of(&text).into_iter().filter(|block| block.language == language).collect()
}

#[test]
fn shown_outputs_are_the_outputs() {
    for page in SHOWN {
        shown_outputs_of(page);
    }
}

fn shown_outputs_of(page: &str) {
    let mut commands = 0;
    for block in blocks(page, "console") {
        for command in block.text.split("$ albert ").skip(1) {
            let (line, shown) = command.split_once('\n').expect("a command in a line");
            let output = program().args(words(line)).current_dir(root()).output().expect("the program starts");
            assert_eq!(String::from_utf8_lossy(&output.stdout), shown, "albert {line}");
            commands += 1;
        }
    }
    assert!(commands > 0);
}

/// Commands on files of the reader's: here the trained checkpoint of this repository and small files, in a folder that is empty before.
#[test]
fn other_commands_run_in_order() {
    for page in FOLLOWED {
        let folder = match page {
            "docs/early-exit.md" => folder_of_intents(),
            "docs/own-classifier.md" => folder_of_examples(page),
            _ => folder_of_slots(),
        };
        other_commands_of(page, &folder);
    }
}

/// Rows and texts for the trained checkpoint.
fn folder_of_slots() -> Folder {
    let folder = Folder::new();
    folder.write(
        "eval.jsonl",
        r#"{"words": ["Find", "Four", "Songs"], "tags": ["O", "B-object_name", "B-object_type"]}"#,
    );
    folder.write("texts.txt", "play some jazz by miles davis\nwhat will the weather be like tomorrow\n");
    fs::copy(fixture("trained/snips-slots").join("reference.safetensors"), folder.path("reference.safetensors"))
        .expect("a copy");
    folder
}

/// A model that chooses one label, and rows for it.
fn folder_of_intents() -> Folder {
    let folder = Folder::new();
    fs::copy(root().join("models/clinc-intents-int8.albert"), folder.path("model.albert")).expect("a copy");
    folder.write("eval.jsonl", r#"{"text": "wake me up at six", "label": "alarm"}"#);
    folder
}

/// A small encoder, and the rows of the page with enough others beside them.
fn folder_of_examples(page: &str) -> Folder {
    let folder = Folder::new();
    fs::copy(root().join("conformance/encoder.albert"), folder.path("encoder.albert")).expect("a copy");
    let shown: String = blocks(page, "json").into_iter().map(|block| block.text).collect();
    let more: String = ["now", "please", "again", "today", "once more"]
        .iter()
        .flat_map(|end| {
            [("lamps off", "light"), ("the next song", "music")]
                .map(|(text, label)| format!("{{\"text\": \"{text} {end}\", \"label\": \"{label}\"}}\n"))
        })
        .collect();
    folder.write("rows.jsonl", shown + &more);
    folder.write("more.jsonl", more);
    folder.write("texts.txt", "where is my parcel\nplay some jazz\nswitch the light on\n");
    folder.write("more.txt", "play the next song\n");
    folder
}

fn other_commands_of(page: &str, folder: &Folder) {
    let checkpoint = fixture("trained/snips-slots");
    let mut commands = 0;
    for block in blocks(page, "sh") {
        for line in block.text.lines().filter_map(|line| line.strip_prefix("albert ")) {
            let words = words(line).into_iter().map(|word| match word.as_str() {
                "albert/albert-base-v2" | "checkpoint" => checkpoint.to_str().expect("UTF-8").to_owned(),
                _ => word,
            });
            let output = program().args(words).current_dir(folder.path("")).output().expect("the program starts");
            assert!(output.status.success(), "{page}: albert {line}\n{}", String::from_utf8_lossy(&output.stderr));
            commands += 1;
        }
    }
    assert!(commands >= 2, "{page}");
}
