//! `verify-checkpoint` without torch, and with what a Python would answer. `python/tests` runs it with transformers.

use crate::harness::{Folder, albert, fixture};

fn checkpoint() -> String {
    fixture("sequence-classification-narrow").to_str().unwrap().to_owned()
}

#[test]
fn a_python_that_cannot_run() {
    let folder = Folder::new();
    let model = folder.model_of_ids("sequence-classification-narrow", "fp32");
    let none = folder.path("no python");
    let error = albert(["verify-checkpoint", &checkpoint(), &model, "--python", &none]).fails();
    assert!(error.contains("cannot run") && error.contains("torch and transformers"), "{error}");
}

/// Programs in place of Python: the request is their second argument. They are scripts of a Unix shell.
#[cfg(unix)]
#[test]
fn what_a_python_answers() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let model = folder.model_of_ids("sequence-classification-narrow", "fp32");
    let program = |script: &str| {
        let path = folder.write("python", format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let verify = |script: &str| albert(["verify-checkpoint", &checkpoint(), &model, "--python", &program(script)]);
    let error = verify("echo '{\"missing\": \"torch\"}'").fails();
    assert!(error.contains("has no torch") && error.contains("pip install torch transformers"), "{error}");
    assert!(
        verify("echo '{\"error\": \"transformers cannot load the checkpoint: x\"}'").fails().contains("cannot load")
    );
    assert!(verify("echo 'no such module' >&2; exit 1").fails().contains("failed: no such module"));

    // The reference that the fixture has, which the original framework made.
    let reference = fixture("sequence-classification-narrow").join("reference.safetensors");
    let copy = format!("cp '{}' \"$(dirname \"$2\")/reference.safetensors\"", reference.display());
    let answer = |same: usize| {
        format!(
            "{copy}\necho '{{\"torch\": \"2\", \"transformers\": \"4\", \"tokenization\": {{\"texts\": 2, \"same\": {same}, \"first\": null}}}}'"
        )
    };
    let ran = verify(&answer(2));
    assert!(
        ran.code == 0 && ran.out.contains("2 of 2 texts") && ran.out.contains("\nthe same within bounds"),
        "{}",
        ran.out
    );
    let ran = verify(&answer(1));
    assert!(ran.code == 1 && ran.out.contains("NOT the same"), "{}", ran.out);
    let kept = folder.path("kept.safetensors");
    let python = program(&answer(2));
    let line = [
        "verify-checkpoint",
        &checkpoint(),
        &model,
        "--python",
        &python,
        "--reference",
        &kept,
        "--max-abs",
        "1e-12",
        "--json",
    ];
    let ran = albert(line);
    let verdict: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &verdict["passed"], &verdict["tokenization"]["same"]), (1, &false.into(), &2.into()));
    assert_eq!(fs::read(kept).unwrap(), fs::read(reference).unwrap());
}
