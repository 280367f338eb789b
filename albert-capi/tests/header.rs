//! The header in `include/` is the one that the sources make, and every status in it has a name.

use std::ffi::CStr;
use std::path::{Path, PathBuf};

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn committed(header: &str) -> String {
    std::fs::read_to_string(path("include").join(header)).unwrap_or_default()
}

/// Compares a header with what the sources make.
fn is_up_to_date(header: &str, config: &str, sources: &[&str]) {
    let mut builder = cbindgen::Builder::new().with_config(cbindgen::Config::from_file(path(config)).unwrap());
    for source in sources {
        builder = builder.with_src(path("src").join(source));
    }
    let mut made = Vec::new();
    builder.generate().unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();
    if std::env::var_os("ALBERT_UPDATE_HEADER").is_some() {
        std::fs::write(path("include").join(header), &made).unwrap();
    }
    assert!(made == committed(header), "{header} differs from the sources; run this test with ALBERT_UPDATE_HEADER=1");
}

/// Sources of a folder whose functions or types are C's.
fn public(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(path("src").join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let sources = entries.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let names = sources.map(|path| path.strip_prefix(self::path("src")).unwrap().to_str().unwrap().to_owned());
    names
        .filter(|name| {
            let text = std::fs::read_to_string(path("src").join(name)).unwrap();
            text.contains("no_mangle") || text.contains("repr(C)")
        })
        .collect()
}

/// In the order in which the headers show them.
const SOURCES: [&str; 11] = [
    "version.rs",
    "executor.rs",
    "heads.rs",
    "model.rs",
    "head_file.rs",
    "prototypes.rs",
    "session.rs",
    "slow_memory.rs",
    "special_tokens.rs",
    "status.rs",
    "tokenizer.rs",
];
const TASK_SOURCES: [&str; 9] = [
    "tasks/text.rs",
    "tasks/error.rs",
    "tasks/model.rs",
    "tasks/engine.rs",
    "tasks/options.rs",
    "tasks/request.rs",
    "tasks/result.rs",
    "tasks/pipeline.rs",
    "tasks/stream.rs",
];

const FIT_SOURCES: [&str; 3] = ["tasks/fit/example.rs", "tasks/fit/options.rs", "tasks/fit/fitted.rs"];

#[test]
fn headers_are_up_to_date() {
    is_up_to_date("albert.h", "cbindgen.toml", &SOURCES);
    is_up_to_date("albert_tasks.h", "cbindgen-tasks.toml", &TASK_SOURCES);
    is_up_to_date("albert_fit.h", "cbindgen-fit.toml", &FIT_SOURCES);
}

#[test]
fn headers_are_made_of_all_sources() {
    for (folder, listed) in [("", SOURCES.as_slice()), ("tasks", &TASK_SOURCES), ("tasks/fit", &FIT_SOURCES)] {
        let mut listed = listed.to_vec();
        let mut found = public(folder);
        listed.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, listed);
    }
}

#[test]
fn every_status_has_a_name() {
    let header = committed("albert.h");
    let numbers = header.lines().filter_map(|line| line.trim().strip_prefix("ALBERT_STATUS_"));
    let numbers = numbers.filter_map(|rest| rest.split(" = ").nth(1)?.trim_end_matches(',').parse::<i32>().ok());
    let names: Vec<&CStr> =
        // SAFETY: the function returns static text that ends with a zero.
        numbers.map(|number| unsafe { CStr::from_ptr(albert::albert_status_name(number)) }).collect();
    assert!(names.len() > 35 && names.iter().all(|&name| name != c"unknown"), "{names:?}");
    // SAFETY: as above.
    assert_eq!(unsafe { CStr::from_ptr(albert::albert_status_name(99)) }, c"unknown");
}

#[test]
fn promised_sizes_suffice() {
    let header = committed("albert.h");
    let promised = |name: &str| -> usize {
        let line = header.lines().find(|line| line.starts_with(&format!("#define {name} "))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(albert::albert_model_bytes() <= promised("ALBERT_MODEL_BYTES"));
    assert!(albert::albert_session_bytes() <= promised("ALBERT_SESSION_BYTES"));
    assert!(albert::albert_head_bytes() <= promised("ALBERT_HEAD_BYTES"));
    assert!(albert::albert_prototypes_bytes() <= promised("ALBERT_PROTOTYPES_BYTES"));
    assert!(albert::albert_model_align().max(albert::albert_session_align()) <= promised("ALBERT_HANDLE_ALIGN"));
    assert_eq!(albert::albert_abi_version() as usize, promised("ALBERT_ABI_VERSION"));
    println!("model handle {} bytes, session handle {}", albert::albert_model_bytes(), albert::albert_session_bytes());
}
