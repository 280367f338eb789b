//! Hubs that mean harm: bodies without end, names that lead elsewhere, links that wait in the cache.

#[cfg(unix)]
use std::fs;
use std::time::{Duration, Instant};

use albert_hub::{Hub, HubError, Limits};

use crate::server::{Answer, Request, Server};
use crate::support::{COMMIT, Files, World, checkpoint, hub, names};

/// An answer that a hub would give.
fn fine() -> Answer {
    Answer::new(200).with("X-Repo-Commit", COMMIT).with("ETag", "\"e\"")
}

/// What comes of a hub that answers everything alike, and the names that it leaves in the cache.
fn always(
    answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    change: impl Fn(&mut Hub),
) -> (HubError, Vec<String>) {
    let server = Server::start(answer);
    let cache = tempfile::tempdir().unwrap();
    let mut hub = hub(cache.path());
    hub.endpoint.clone_from(&server.address);
    change(&mut hub);
    let start = Instant::now();
    let error = checkpoint(&hub, "org/name").unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(20), "{error}");
    let line = error.to_string();
    assert!(!line.chars().any(char::is_control), "{line:?}");
    let blobs = cache.path().join("models--org--name/blobs");
    (error, if blobs.exists() { names(&blobs) } else { Vec::new() })
}

fn small(hub: &mut Hub) {
    hub.limits.settings_bytes = 10_000;
}

#[test]
fn files_without_end_are_cut_off() {
    let endless = |_: &Request| fine().chunked(&[b' '; 1_000_000]);
    let announced = |_: &Request| fine().body(&[b' '; 1_000_000]);
    let lying = |_: &Request| fine().body(b"{}").with("X-Linked-Size", u64::MAX);
    let impossible = |_: &Request| fine().body(b"{}").with("Content-Length", u64::MAX);
    for (error, left) in [always(endless, small), always(announced, small), always(lying, small)] {
        assert!(matches!(error, HubError::TooLarge { limit: 10_000, .. }), "{error}");
        assert!(left.is_empty(), "{left:?}");
    }
    let (error, left) = always(impossible, small);
    assert!(matches!(error, HubError::TooLarge { .. } | HubError::Connection { .. }), "{error}");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn weights_are_bounded_together() {
    let mut files = Files::checkpoint();
    files.0.retain(|name, _| !Files::is_large(name));
    let index = "{\"weight_map\": {\"a\": \"m-1.safetensors\", \"b\": \"m-2.safetensors\"}}";
    files.0.insert("model.safetensors.index.json", index.as_bytes().to_vec());
    files.0.insert("m-1.safetensors", vec![1; 60_000]);
    files.0.insert("m-2.safetensors", vec![2; 60_000]);
    let world = World::of(&files);
    let mut hub = world.settings();
    hub.limits.weights_bytes = 100_000;
    let error = checkpoint(&hub, "org/name").unwrap_err();
    assert!(matches!(error, HubError::TooLarge { limit: 40_000, .. }), "{error}");
    hub.limits.weights_bytes = 120_000;
    checkpoint(&hub, "org/name").unwrap();
}

#[test]
fn a_trickle_is_given_up() {
    let trickle = |_: &Request| Answer { pause: Duration::from_millis(20), ..fine().body(&[b' '; 5_000]) };
    let (error, _) = always(trickle, |hub| hub.limits.stall = Duration::from_millis(300));
    assert!(matches!(error, HubError::Interrupted { .. }), "{error}");
    let (error, left) = always(trickle, |hub| hub.limits.time = Duration::from_millis(600));
    assert!(matches!(error, HubError::Deadline { .. }), "{error}");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn headers_without_end_are_an_error() {
    let huge = |_: &Request| (0..200).fold(fine().body(b"{}"), |answer, _| answer.with("X-Filler", "y".repeat(60_000)));
    let (error, left) = always(huge, |_| {});
    assert!(matches!(error, HubError::Connection { .. }), "{error}");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn names_do_not_lead_out_of_the_cache() {
    for name in ["../../../../../../evil", ".git", "...", "a/b", "a\\b", "a:b", &"a".repeat(129)] {
        let (commit, etag) = (name.to_owned(), format!("\"{name}\""));
        let by_commit =
            move |_: &Request| Answer::new(200).with("X-Repo-Commit", &commit).with("ETag", "\"a\"").body(b"{}");
        let by_etag = move |_: &Request| Answer::new(200).with("X-Repo-Commit", "abc").with("ETag", &etag).body(b"{}");
        for (error, left) in [always(by_commit, |_| {}), always(by_etag, |_| {})] {
            assert!(matches!(error, HubError::Answer { .. }), "{name}: {error}");
            assert!(left.is_empty(), "{left:?}");
        }
    }
    for shard in ["../../../../../../etc/passwd", "/etc/passwd", "x.safetensors\u{1b}[31m", "a/b.safetensors"] {
        let mut files = Files::checkpoint();
        files.0.retain(|name, _| !Files::is_large(name));
        let index = serde_json::json!({ "weight_map": { "a": shard } }).to_string();
        files.0.insert("model.safetensors.index.json", index.into_bytes());
        let error = World::of(&files).fetch("org/name").unwrap_err();
        assert!(matches!(error, HubError::Answer { .. }), "{error}");
        assert!(!error.to_string().chars().any(char::is_control), "{error}");
    }
    for path in ["..", "../x", "/etc", "a/b", ".git"] {
        let mut files = Files::checkpoint();
        let modules = serde_json::json!([{ "path": path, "type": "sentence_transformers.models.Dense" }]).to_string();
        files.0.insert("modules.json", modules.into_bytes());
        let error = World::of(&files).fetch("org/name").unwrap_err();
        assert!(matches!(error, HubError::Answer { .. }), "{error}");
    }
}

#[test]
fn what_the_hub_says_does_nothing_to_a_terminal() {
    // Header fields cannot hold escapes; addresses of redirects and names in files can.
    let (error, _) = always(|_: &Request| Answer::new(302).with("Location", "ftp://\u{1b}[31mEVIL"), |_| {});
    assert!(matches!(error, HubError::Answer { .. } | HubError::Connection { .. }), "{error}");
    let (error, _) =
        always(|_: &Request| Answer::new(404).with("X-Error-Code", "\u{1b}[31mEVIL\u{1b}]0;t\u{7}"), |_| {});
    assert!(matches!(error, HubError::NoRepository { .. } | HubError::Connection { .. }), "{error}");
}

#[test]
fn parts_that_are_not_what_was_asked_for_are_refused() {
    let lying = |request: &Request| match request.start() {
        Some(_) => Answer::new(206)
            .with("X-Repo-Commit", COMMIT)
            .with("ETag", "\"r\"")
            .with("Content-Range", "bytes 0-18446744073709551615/18446744073709551615")
            .body(b"zz"),
        None => Answer { breaks_after: Some(10), ..fine().body(&[b'x'; 100]) },
    };
    let (error, _) = always(lying, |_| {});
    assert!(matches!(error, HubError::Interrupted { .. } | HubError::Length { .. }), "{error}");
}

#[test]
fn compressed_bodies_are_not_expanded() {
    // A body that says it is compressed is kept as it came.
    let (error, _) = always(|_: &Request| fine().with("Content-Encoding", "gzip").body(b"\x1f\x8b\0\0"), small);
    assert!(!matches!(error, HubError::TooLarge { .. }), "{error}");
}

/// A cache where the part of the weights has another's name. On Unix: others need a right of their own to make links.
#[cfg(unix)]
fn planted(plant: impl Fn(&std::path::Path, &std::path::Path)) {
    let files = Files::checkpoint();
    let weights = &files.0["model.safetensors"];
    let world = World::of(&files);
    let blobs = world.repository().join("blobs");
    fs::create_dir_all(&blobs).unwrap();
    let precious = world.cache.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    let part = blobs.join(format!("{}.incomplete", crate::support::sha256(weights)));
    plant(&precious, &part);
    let snapshot = world.fetch("org/name").unwrap();
    assert_eq!(fs::read(snapshot.join("model.safetensors")).unwrap(), *weights);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    assert!(names(&blobs).iter().all(|name| !name.ends_with("incomplete")), "{:?}", names(&blobs));
}

#[test]
#[cfg(unix)]
fn no_link_is_written_through() {
    planted(|precious, part| std::os::unix::fs::symlink(precious, part).unwrap());
    planted(|precious, part| fs::hard_link(precious, part).unwrap());
    planted(|precious, part| std::os::unix::fs::symlink(precious.with_extension("absent"), part).unwrap());
    let absent = |_: &std::path::Path, part: &std::path::Path| {
        assert!(std::process::Command::new("mkfifo").arg(part).status().unwrap().success());
    };
    planted(absent);
}

/// References and snapshots are replaced, not written through. On Unix, as [`planted`].
#[test]
#[cfg(unix)]
fn links_in_place_of_references_are_replaced() {
    let world = World::of(&Files::checkpoint());
    let precious = world.cache.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    fs::create_dir_all(world.repository().join("refs")).unwrap();
    std::os::unix::fs::symlink(&precious, world.repository().join("refs/main")).unwrap();
    world.fetch("org/name").unwrap();
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    assert_eq!(fs::read_to_string(world.repository().join("refs/main")).unwrap(), COMMIT);
}

#[test]
fn limits_have_defaults_that_real_checkpoints_keep() {
    let limits = Limits::default();
    assert!(limits.settings_bytes >= 40 << 20 && limits.weights_bytes >= 16 << 30, "{limits:?}");
}
