//! What the cache alone gives.

use std::fs;
use std::path::{Path, PathBuf};

use albert_hub::HubError;

use crate::support::{COMMIT, checkpoint, hub};

/// A cache with the given files in the snapshot of `main`.
fn cache(root: &Path, files: &[(&str, &str)]) -> PathBuf {
    let repository = root.join("models--org--name");
    let snapshot = repository.join("snapshots").join(COMMIT);
    fs::create_dir_all(&snapshot).unwrap();
    fs::create_dir_all(repository.join("refs/refs/pr")).unwrap();
    fs::write(repository.join("refs/main"), COMMIT).unwrap();
    fs::write(repository.join("refs/refs/pr/1"), COMMIT).unwrap();
    for (name, content) in files {
        fs::write(snapshot.join(name), content).unwrap();
    }
    snapshot
}

const COMPLETE: [(&str, &str); 3] = [("config.json", "{}"), ("model.safetensors", ""), ("spiece.model", "")];

#[test]
fn a_complete_snapshot_is_used_without_a_request() {
    let directory = tempfile::tempdir().unwrap();
    let snapshot = cache(directory.path(), &COMPLETE);
    for offline in [false, true] {
        let mut hub = hub(directory.path());
        hub.offline = offline;
        for id in ["org/name", "org/name@main", "org/name@refs/pr/1", &format!("org/name@{COMMIT}")] {
            assert_eq!(checkpoint(&hub, id).unwrap(), snapshot, "{id}");
        }
    }
}

#[test]
fn what_is_not_cached_is_an_error_offline() {
    let directory = tempfile::tempdir().unwrap();
    cache(directory.path(), &COMPLETE);
    let mut hub = hub(directory.path());
    hub.offline = true;
    for id in ["org/other", "name", "org/name@v2"] {
        let error = checkpoint(&hub, id).unwrap_err();
        assert!(matches!(error, HubError::NotCached { .. }), "{error}");
        let line = error.to_string();
        assert!(line.contains(id) && line.contains("HF_HUB_OFFLINE") && !line.contains('\n'), "{line}");
    }
}

#[test]
fn half_a_checkpoint_is_none() {
    let mut shards = COMPLETE;
    shards[1] = ("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"model-1.safetensors\"}}");
    let mut escaping = COMPLETE;
    escaping[1] = ("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"../../refs/main\"}}");
    for files in [&COMPLETE[..1], &COMPLETE[1..], &shards, &escaping] {
        let directory = tempfile::tempdir().unwrap();
        cache(directory.path(), files);
        let mut hub = hub(directory.path());
        hub.offline = true;
        assert!(matches!(checkpoint(&hub, "org/name"), Err(HubError::NotCached { .. })), "{files:?}");
    }
}

/// A model of ids is better than none when nobody answers.
#[test]
fn a_snapshot_without_tokenizer_serves_when_the_hub_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let snapshot = cache(directory.path(), &COMPLETE[..2]);
    let mut hub = hub(directory.path());
    assert_eq!(checkpoint(&hub, "org/name").unwrap(), snapshot);
    hub.offline = true;
    assert_eq!(checkpoint(&hub, "org/name").unwrap(), snapshot);
}

#[test]
fn references_do_not_lead_out_of_the_cache() {
    let directory = tempfile::tempdir().unwrap();
    cache(directory.path(), &COMPLETE);
    let outside = directory.path().join("models--org--name/refs/main");
    fs::write(outside, "../../..").unwrap();
    let mut hub = hub(directory.path());
    hub.offline = true;
    assert!(matches!(checkpoint(&hub, "org/name"), Err(HubError::NotCached { .. })));
}

#[test]
fn without_a_home_the_error_says_what_to_set() {
    let mut hub = hub(Path::new("/nowhere"));
    hub.cache = None;
    let line = checkpoint(&hub, "org/name").unwrap_err().to_string();
    assert!(line.contains("HF_HOME") && line.contains("HF_HUB_CACHE"), "{line}");
}
