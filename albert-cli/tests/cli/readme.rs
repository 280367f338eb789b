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
/// Pages with commands on a checkpoint of the reader's.
const FOLLOWED: [&str; 4] =
    ["README.md", "docs/quick-start.md", "docs/quantize-and-validate.md", "docs/performance.md"];

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

/// Commands on a checkpoint of the reader's: here the trained one of this repository, in a folder that is empty before.
#[test]
fn other_commands_run_in_order() {
    for page in FOLLOWED {
        other_commands_of(page);
    }
}

fn other_commands_of(page: &str) {
    let folder = Folder::new();
    folder.write(
        "eval.jsonl",
        r#"{"words": ["Find", "Four", "Songs"], "tags": ["O", "B-object_name", "B-object_type"]}"#,
    );
    folder.write("texts.txt", "play some jazz by miles davis\nwhat will the weather be like tomorrow\n");
    let checkpoint = fixture("trained/snips-slots");
    fs::copy(checkpoint.join("reference.safetensors"), folder.path("reference.safetensors")).expect("a copy");
    let mut commands = 0;
    for block in blocks(page, "sh") {
        for line in block.text.lines().filter_map(|line| line.strip_prefix("albert ")) {
            let words = words(line).into_iter().map(|word| match word.as_str() {
                "albert/albert-base-v2" => checkpoint.to_str().expect("UTF-8").to_owned(),
                _ => word,
            });
            let output = program().args(words).current_dir(folder.path("")).output().expect("the program starts");
            assert!(output.status.success(), "albert {line}\n{}", String::from_utf8_lossy(&output.stderr));
            commands += 1;
        }
    }
    assert!(commands >= 4);
}
