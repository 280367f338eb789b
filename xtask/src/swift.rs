//! Parses the Swift of `mobile` and of the documents. No compiler of Swift is at hand: types are not checked.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::Environment;
use crate::files::collect;
use crate::toolchain::{check, host_target_dir, root};

const PACKAGES: [&str; 2] = ["tree-sitter==0.26.*", "tree-sitter-swift==0.7.*"];
const FOLDERS: [&str; 2] = ["mobile/ios", "mobile/examples/ios"];
const PAGE: &str = "docs/mobile.md";

pub(crate) fn run() -> Result<(), String> {
    let environment = Environment::at(root().join(host_target_dir()).join("swift"))?;
    environment.install(PACKAGES)?;
    let mut files: Vec<PathBuf> = vec![root().join(PAGE)];
    FOLDERS.iter().try_for_each(|folder| collect(&root().join(folder), &mut files))?;
    let is_read = |file: &&PathBuf| file.extension().is_some_and(|kind| kind == "swift" || kind == "md");
    let mut parse = Command::new(environment.python());
    parse.arg(root().join(Path::new("xtask/src/swift.py"))).args(files.iter().filter(is_read));
    check(&mut parse)
}
