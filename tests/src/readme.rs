//! The snippets of `README.md` and other pages.

use std::path::{Path, PathBuf};

/// A fenced block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The word behind the fence.
    pub language: String,
    /// What is between the fences.
    pub text: String,
}

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The page.
///
/// # Panics
/// When it is not there.
pub fn page() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("README.md")
}

/// The blocks of any page in order.
pub fn blocks_of(page: &str) -> Vec<Block> {
    let fenced = page.split("\n```").skip(1).step_by(2);
    fenced
        .map(|block| {
            let (language, text) = block.split_once('\n').unwrap_or((block, ""));
            Block { language: language.into(), text: format!("{text}\n") }
        })
        .collect()
}

/// The program in this language, and the output that is shown under it.
///
/// # Panics
/// When the page has no such block, or no output behind it.
pub fn program(language: &str) -> (String, String) {
    program_of(&page(), language)
}

/// The same of any page.
///
/// # Panics
/// As [`program`].
pub fn program_of(page: &str, language: &str) -> (String, String) {
    let blocks = blocks_of(page);
    let index = blocks.iter().position(|block| block.language == language).expect("a program");
    let output = blocks.get(index + 1).filter(|block| block.language == "text").expect("its output");
    (blocks[index].text.clone(), output.text.clone())
}

/// The sentences of a page's prose. List items, headings, table rows and blocks end one; colons do not, and neither does a full stop inside
/// a number or a name.
pub fn sentences(page: &str) -> Vec<String> {
    let prose: String = page.split("\n```").step_by(2).collect::<Vec<_>>().join("\n\n");
    let mut sentences = vec![String::new()];
    for line in prose.lines() {
        let no_prose = line.is_empty() || ["|", "#", "!", "<!--"].iter().any(|start| line.starts_with(start));
        if no_prose || line.starts_with("- ") {
            sentences.push(String::new());
        }
        for word in line.split_whitespace().filter(|_| !no_prose) {
            let sentence = sentences.last_mut().expect("one at least");
            sentence.push_str(word);
            sentence.push(' ');
            if word.ends_with(['.', '?', '!', '·']) {
                sentences.push(String::new());
            }
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}
