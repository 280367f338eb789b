//! Tables of figures are written by commands: each lies in a block that names its command, or is in a list here.

use std::collections::BTreeSet;

use albert_tests::block;
use albert_tests::readme::root;

use super::{pages, read, words_after};

/// Tables that people write: page, how the first line begins, and why.
const BY_HAND: &[(&str, &str, &str)] = &[
    ("docs/benchmarks.md", "| name | instructions |", "operands of instructions"),
    ("docs/cli.md", "| exit code |", "part of the interface; `albert-cli/tests/cli` holds it"),
    ("docs/format.md", "|", "defines the format; `format_rules` holds it"),
    ("docs/glossary.md", "| term |", "defines words"),
    ("docs/kernels.md", "| set |", "shapes of tiles"),
    ("docs/numerics.md", "| function |", "bounds that `kernels/math_errors.rs` holds this page to"),
    ("docs/quantization.md", "| `--weights` | layers' matrices |", "defines the formats"),
    ("docs/security.md", "| attack |", "what attacks on version 0.1 came to, and the tests that hold today's answer"),
    ("docs/security.md", "| what | bound |", "constants of the readers; `hostile_checkpoints` holds what they promise"),
    ("docs/tokenizer.md", "|", "defines the section; `tokenizer_robustness` holds it"),
];

/// A table with at least one cell that begins with a number, and the block that it is in.
struct Table {
    page: String,
    head: String,
    block: Option<String>,
}

/// Tables of figures, and the blocks as name and command. Blocks begin and end, each once, and none is in another.
fn tables_and_blocks(page: &str) -> (Vec<Table>, Vec<(String, String)>) {
    let (text, mut tables, mut blocks) = (read(page), Vec::new(), Vec::new());
    let (mut open, mut head, mut in_code): (Option<String>, Option<&str>, bool) = (None, None, false);
    let mut has_figures = false;
    for line in text.lines().chain([""]) {
        in_code ^= line.starts_with("```");
        if line.starts_with('|') && !in_code {
            let is_body = head.is_some() && !line.starts_with("|-") && !line.starts_with("| -");
            head.get_or_insert(line);
            has_figures |= is_body && line.split('|').any(|cell| cell.trim().starts_with(|c: char| c.is_ascii_digit()));
            continue;
        }
        if let Some(head) = head.take().filter(|_| has_figures) {
            tables.push(Table { page: page.to_owned(), head: head.to_owned(), block: open.clone() });
        }
        has_figures = false;
        let Some(mark) = line.strip_prefix("<!-- ") else { continue };
        let mark = mark.strip_suffix(" -->").unwrap_or_else(|| panic!("{page}: {line}"));
        if let Some(name) = mark.strip_prefix("end ") {
            assert_eq!(open.take().as_deref(), Some(name), "{page}: a block ends that does not begin");
        } else {
            let (name, command) = mark
                .strip_prefix("begin ")
                .and_then(|mark| mark.split_once(": made by "))
                .unwrap_or_else(|| panic!("{page}: {line} should be `begin NAME: made by COMMAND`"));
            assert!(open.replace(name.to_owned()).is_none(), "{page}: {name} begins inside a block");
            assert!(
                block::parts(&text, name).is_some_and(|[head, ..]| head.ends_with(&format!("{line}\n"))),
                "{page}: {name} begins twice, or does not end"
            );
            blocks.push((name.to_owned(), command.to_owned()));
        }
    }
    assert!(open.is_none(), "{page}: {open:?} does not end");
    (tables, blocks)
}

#[test]
fn tables_of_figures_are_made_by_commands() {
    let tables: Vec<Table> = pages().iter().flat_map(|page| tables_and_blocks(page).0).collect();
    let is_listed =
        |table: &Table, listed: &(&str, &str, &str)| table.page == listed.0 && table.head.starts_with(listed.1);
    for table in tables.iter().filter(|table| table.block.is_none()) {
        let listed = BY_HAND.iter().any(|listed| is_listed(table, listed));
        assert!(listed, "{}: no command makes this table: {}", table.page, table.head);
    }
    for listed in BY_HAND {
        let found = tables.iter().any(|table| table.block.is_none() && is_listed(table, listed));
        assert!(found, "{}: no table {} is written by hand", listed.0, listed.1);
    }
    assert!(tables.iter().filter(|table| table.block.is_some()).count() > 30);
}

/// The command of each block is there.
#[test]
fn commands_of_blocks_are_there() {
    let chores = read("xtask/src/main.rs");
    let mut seen = BTreeSet::new();
    for page in pages() {
        for (name, command) in tables_and_blocks(&page).1 {
            let words: Vec<&str> = command.split_whitespace().skip_while(|word| word.contains('=')).collect();
            let word_after = |start| words_after(&command, start).next().expect("a word");
            let program = match words[..] {
                ["cargo", "xtask", chore, ..] => {
                    assert!(
                        chores.contains(&format!("command == \"{}\"", chore.trim_end_matches(','))),
                        "{page}: {command}"
                    );
                    None
                }
                ["cargo", "test", "-p", "albert-tests", ..] => {
                    Some(format!("tests/tests/{}.rs", word_after("--test ")))
                }
                ["cargo", "test", "-p", "albert-edge-cli", ..] => Some("albert-cli/tests/cli/outputs.rs".to_owned()),
                ["cargo", "bench", ..] => Some(format!("benches/benches/{}.rs", word_after("--bench "))),
                [program, ..] => Some(program.to_owned()),
                [] => panic!("{page}: {name} has no command"),
            };
            let _ = program.inspect(|program| assert!(root().join(program).exists(), "{page}: {program} is not there"));
            seen.insert((page.clone(), name));
        }
    }
    assert!(seen.len() > 30, "{}", seen.len());
}
