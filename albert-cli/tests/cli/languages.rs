//! `run --json` prints, byte for byte, what the example in C and the Java classes print; their tests read the same files.

use std::fs;
use std::path::Path;

use crate::harness::albert_with;

#[test]
fn same_lines_as_from_c_and_java() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let golden = |name: &str| fs::read_to_string(root.join("albert-capi/tests/c").join(name)).expect("a golden file");
    let model = root.join("models/clinc-intents-int8.albert");
    let arguments = ["run".as_ref(), model.as_os_str(), "--file".as_ref(), "-".as_ref(), "--json".as_ref()];
    assert_eq!(albert_with(golden("classify.in"), arguments).ok(), golden("classify.out"));
}
