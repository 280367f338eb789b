//! Checkpoints by hub id: from a directory, from the cache, and from a server on this machine.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::harness::{Folder, albert, fixture, program};

/// The server that the library's own tests run against.
#[cfg(feature = "hub")]
#[path = "../../../albert-hub/tests/hub/server.rs"]
mod server;

const NAME: &str = "sequence-classification-narrow";

/// Runs the program with a cache of its own in the folder, and nothing else of the environment.
fn quantize(folder: &Folder, endpoint: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = program();
    // An emulator is looked for in the path.
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .current_dir(folder.path(""))
        .env("HF_HOME", folder.path("home"))
        .env("HF_ENDPOINT", endpoint);
    command.arg("quantize").args(arguments).args(["-o", "m.albert"]).envs(variables.iter().copied());
    command.output().unwrap()
}

fn error(output: &Output) -> String {
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{line}");
    line
}

/// The model file that the fixture gives.
fn expected(folder: &Folder) -> Vec<u8> {
    fs::read(folder.model_of_ids(NAME, "int8")).unwrap()
}

#[test]
#[cfg(feature = "hub")]
fn downloads_once_and_then_no_more() {
    use server::{Answer, Server};

    const COMMIT: &str = "51dbd9db43a0c6eba97f74b91ce26face509e0b5";
    let server = Server::start(|request| {
        let Some((_, file)) = request.path.strip_prefix("/org/name/resolve/").and_then(|path| path.split_once('/'))
        else {
            return Answer::new(401).with("X-Error-Code", "RepoNotFound");
        };
        match fs::read(fixture(NAME).join(file)) {
            Ok(bytes) => {
                Answer::file(request, &bytes).with("ETag", format!("\"etag-of-{file}\"")).with("X-Repo-Commit", COMMIT)
            }
            Err(_) => Answer::new(404).with("X-Error-Code", "EntryNotFound"),
        }
    });
    let folder = Folder::new();
    let expected = expected(&folder);
    let output = quantize(&folder, &server.address, &["org/name"], &[]);
    assert!(output.status.success(), "{output:?}");
    let warnings = String::from_utf8(output.stderr).unwrap();
    assert!(warnings.lines().all(|line| line.starts_with("warning: ")), "no bar: {warnings}");
    assert_eq!(fs::read(folder.path("m.albert")).unwrap(), expected);
    assert!(server.paths()[0].starts_with("/org/name/resolve/main/"));

    fs::remove_file(folder.path("m.albert")).unwrap();
    let output = quantize(&folder, "http://127.0.0.1:1", &["org/name"], &[("HF_HUB_OFFLINE", "1")]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read(folder.path("m.albert")).unwrap(), expected);

    let output = quantize(&folder, &server.address, &["org/name", "--revision", "v2"], &[]);
    assert!(output.status.success(), "{output:?}");
    assert!(server.paths().iter().any(|path| path.starts_with("/org/name/resolve/v2/")));

    let line = error(&quantize(&folder, &server.address, &["org/secret"], &[]));
    assert!(line.contains("org/secret is private, gated or not there: set HF_TOKEN"), "{line}");
}

#[test]
fn a_directory_wins() {
    let folder = Folder::new();
    let expected = expected(&folder);
    let copy = folder.path("org/name");
    fs::create_dir_all(&copy).unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(fixture(NAME).join(file), Path::new(&copy).join(file)).unwrap();
    }
    assert!(quantize(&folder, "http://127.0.0.1:1", &["org/name"], &[]).status.success());
    assert_eq!(fs::read(folder.path("m.albert")).unwrap(), expected);
    let line = error(&quantize(&folder, "http://127.0.0.1:1", &["org/name", "--revision", "v1"], &[]));
    assert!(line.contains("--revision is for checkpoints of the hub"), "{line}");
}

#[test]
fn what_cannot_be_had() {
    let folder = Folder::new();
    let offline = [("HF_HUB_OFFLINE", "1")];
    let line = error(&quantize(&folder, "http://127.0.0.1:1", &["org/name"], &offline));
    assert!(line.contains("no such path here: org/name; as a hub id: org/name is not in the cache"), "{line}");
    assert!(line.contains("HF_HUB_OFFLINE is set"), "{line}");
    let line = error(&quantize(&folder, "http://127.0.0.1:1", &["org/name@a b"], &[]));
    assert!(line.contains("cannot read org/name@a b"), "no id, and so a path: {line}");
    let line = error(&quantize(&folder, "http://127.0.0.1:1", &["./org/name", "--revision", "v1"], &[]));
    assert!(line.contains("a hub id is org/name"), "{line}");
    #[cfg(feature = "hub")]
    {
        let line = error(&quantize(&folder, "http://127.0.0.1:1", &["org/name"], &[]));
        assert!(line.contains("cannot reach http://127.0.0.1:1/org/name/resolve/main/config.json"), "{line}");
    }
    assert!(albert(["quantize", "--help"]).ok().contains("hub id"));
}
