//! What a hub can say instead of yes.

use albert_hub::HubError;

use crate::server::{Answer, Request, Server};
use crate::support::{COMMIT, Files, World, checkpoint, hub, names};

const WEIGHTS: &str = "/model.safetensors";

/// The error of a hub that answers everything alike.
fn always(answer: Answer, token: Option<&str>) -> HubError {
    let server = Server::start(move |_| answer.clone());
    let cache = tempfile::tempdir().unwrap();
    let mut hub = hub(cache.path());
    hub.endpoint.clone_from(&server.address);
    hub.token = token.map(str::to_owned);
    let error = checkpoint(&hub, "org/name").unwrap_err();
    let line = error.to_string();
    assert!(!line.contains('\n') && !line.contains("hf_secret"), "one line, no secrets: {line}");
    error
}

#[test]
fn unknown_repositories_and_revisions() {
    for answer in [Answer::new(404), Answer::new(404).with("X-Error-Code", "RepoNotFound")] {
        let error = always(answer, None);
        assert!(matches!(error, HubError::NoRepository { .. }), "{error}");
        assert!(error.to_string().contains("no model org/name"), "{error}");
    }
    let error = World::of(&Files::checkpoint()).fetch("org/name@v9").unwrap_err();
    assert!(matches!(error, HubError::NoRevision { .. }), "{error}");
    assert_eq!(error.to_string(), "org/name has no revision \"v9\"");
}

#[test]
fn tokens_that_are_missing_or_not_enough() {
    for status in [401, 403] {
        let error = always(Answer::new(status), None);
        assert!(matches!(error, HubError::Unauthorised { token: false, .. }), "{error}");
        assert!(error.to_string().contains("set HF_TOKEN"), "{error}");
        let error = always(Answer::new(status), Some("hf_secret"));
        assert!(matches!(error, HubError::Unauthorised { token: true, .. }), "{error}");
        assert!(error.to_string().contains("HF_TOKEN"), "{error}");
        let error = always(Answer::new(status).with("X-Error-Code", "GatedRepo"), None);
        assert!(matches!(error, HubError::Gated { .. }), "{error}");
        assert!(error.to_string().contains("accept its terms") && error.to_string().contains("HF_TOKEN"), "{error}");
    }
    let cache = tempfile::tempdir().unwrap();
    let mut hub = hub(cache.path());
    hub.token = Some("hf_\nsecret".to_owned());
    assert!(matches!(checkpoint(&hub, "org/name"), Err(HubError::Token)));
}

#[test]
fn repositories_that_are_no_checkpoints() {
    let without = |part: &str| {
        let mut files = Files::checkpoint();
        files.0.retain(|name, _| !(name.contains(part) || part == "model." && Files::is_large(name)));
        let world = World::of(&files);
        world.fetch("org/name").map(|snapshot| names(&snapshot))
    };
    let error = without("config.json").unwrap_err();
    assert_eq!(error.to_string(), "org/name has no config.json");
    let error = without("model.").unwrap_err();
    assert_eq!(error.to_string(), "org/name has no weights in a known container");
    let files = without("tokenizer").unwrap();
    assert_eq!(files, ["config.json", "model.safetensors", "spiece.model"], "the next best tokenizer");
    let mut files = Files::checkpoint();
    files.0.retain(|name, _| !Files::is_large(name));
    let index = b"{\"weight_map\": {\"a\": \"model-1.safetensors\"}}".to_vec();
    files.0.insert("model.safetensors.index.json", index);
    let error = World::of(&files).fetch("org/name").unwrap_err();
    assert_eq!(error.to_string(), "org/name has no model-1.safetensors");
    files.0.insert("model.safetensors.index.json", b"{\"weight_map\": {\"a\": \"../../x\"}}".to_vec());
    let error = World::of(&files).fetch("org/name").unwrap_err();
    assert!(matches!(error, HubError::Answer { .. }) && error.to_string().contains("not a file name"), "{error}");
}

#[test]
fn servers_in_trouble() {
    let error = always(Answer::new(503), None);
    assert!(matches!(error, HubError::Status { status: 503, .. }), "{error}");
    let error = always(Answer::new(429), None);
    assert!(error.to_string().contains("status 429; try again later"), "{error}");
    let error = always(Answer::new(302).with("Location", "/again"), None);
    assert!(error.to_string().contains("too many redirects"), "{error}");
    let error = always(Answer::new(302), None);
    assert!(error.to_string().contains("redirect to nowhere"), "{error}");
    let error = always(Answer::new(302).with("Location", "file:///etc/passwd"), None);
    assert!(matches!(error, HubError::Answer { .. }), "{error}");
    let cache = tempfile::tempdir().unwrap();
    let error = checkpoint(&hub(cache.path()), "org/name").unwrap_err();
    assert!(matches!(error, HubError::Connection { .. }), "{error}");
    let mut nowhere = hub(cache.path());
    nowhere.endpoint = "hub.example".to_owned();
    let error = checkpoint(&nowhere, "org/name").unwrap_err();
    assert!(error.to_string().contains("HF_ENDPOINT"), "{error}");
}

#[test]
fn answers_that_are_no_hubs() {
    let error = always(Answer::new(200).body(b"{}").with("ETag", "\"a\""), None);
    assert!(error.to_string().contains("X-Repo-Commit"), "{error}");
    let error = always(Answer::new(200).body(b"{}").with("X-Repo-Commit", COMMIT), None);
    assert!(error.to_string().contains("no ETag"), "{error}");
    for (commit, etag) in [("../../x", "\"a\""), (COMMIT, "\"../../x\""), ("", "\"a\""), (COMMIT, "\"\"")] {
        let error = always(Answer::new(200).body(b"{}").with("X-Repo-Commit", commit).with("ETag", etag), None);
        assert!(matches!(error, HubError::Answer { .. }), "{error}");
    }
}

/// A storage host whose weights are other than announced.
fn weights(change: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static) -> (World, HubError) {
    let world = World::with(&Files::checkpoint(), |_, answer| answer, change);
    let error = world.fetch("org/name").unwrap_err();
    (world, error)
}

#[test]
fn lengths_and_contents_are_checked() {
    let (_, error) = weights(|request, answer| {
        let shorter = answer.body.len() / 2;
        if request.path.starts_with(WEIGHTS) { Answer::new(200).body(&answer.body[..shorter]) } else { answer }
    });
    assert!(matches!(error, HubError::Length { expected: 1_200_000, found: 600_000, .. }), "{error}");
    let (_, error) = weights(|_, mut answer| {
        answer.body.push(0);
        answer
    });
    assert!(matches!(error, HubError::Length { expected: 1_200_000, .. }), "{error}");
    let (world, error) = weights(|_, mut answer| {
        answer.body[7] ^= 1;
        answer
    });
    assert!(matches!(error, HubError::Checksum { .. }), "{error}");
    let left = world.repository().join("blobs");
    let kept: u64 = std::fs::read_dir(left)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".incomplete"))
        .map(|entry| entry.metadata().unwrap().len())
        .sum();
    assert_eq!(kept, 0, "nothing to go on from");
}
