//! The header in `include/` is the one that the sources make, and every status in it has a name.

use std::ffi::CStr;
use std::path::Path;

fn committed() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("include/albert.h")).unwrap_or_default()
}

#[test]
fn header_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let bindings = cbindgen::Builder::new().with_crate(root).with_config(config).generate().unwrap();
    let mut made = Vec::new();
    bindings.write(&mut made);
    let made = String::from_utf8(made).unwrap();
    if std::env::var_os("ALBERT_UPDATE_HEADER").is_some() {
        std::fs::write(root.join("include/albert.h"), &made).unwrap();
    }
    assert!(made == committed(), "albert.h differs from the sources; run this test with ALBERT_UPDATE_HEADER=1");
}

#[test]
fn every_status_has_a_name() {
    let header = committed();
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
    let header = committed();
    let promised = |name: &str| -> usize {
        let line = header.lines().find(|line| line.starts_with(&format!("#define {name} "))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(albert::albert_model_bytes() <= promised("ALBERT_MODEL_BYTES"));
    assert!(albert::albert_session_bytes() <= promised("ALBERT_SESSION_BYTES"));
    assert!(albert::albert_model_align().max(albert::albert_session_align()) <= promised("ALBERT_HANDLE_ALIGN"));
    assert_eq!(albert::albert_abi_version() as usize, promised("ALBERT_ABI_VERSION"));
    println!("model handle {} bytes, session handle {}", albert::albert_model_bytes(), albert::albert_session_bytes());
}
