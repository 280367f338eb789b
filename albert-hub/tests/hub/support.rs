//! A repository with small files, a hub that serves it, and a cache for it.

use std::collections::BTreeMap;
use std::path::Path;

use albert_hub::{Hub, HubError, RepoId};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::server::{Answer, Request, Server};

pub(crate) const COMMIT: &str = "51dbd9db43a0c6eba97f74b91ce26face509e0b5";

/// A repository's files.
#[derive(Clone, Default)]
pub(crate) struct Files(pub(crate) BTreeMap<&'static str, Vec<u8>>);

impl Files {
    /// Configuration, weights of a few chunks, and a tokenizer.
    pub(crate) fn checkpoint() -> Self {
        let weights = (0..300_000u32).flat_map(|x| (x.wrapping_mul(2_654_435_761) >> 16).to_le_bytes()).collect();
        let small = |text: &str| text.as_bytes().to_vec();
        Self(BTreeMap::from([
            ("config.json", small("{}")),
            ("model.safetensors", weights),
            ("pytorch_model.bin", small("not wanted")),
            ("spiece.model", small("not wanted either")),
            ("tokenizer.json", small("{\"version\": \"1.0\"}")),
            ("tokenizer_config.json", small("{\"model_max_length\": 512}")),
            ("README.md", small("# not wanted")),
        ]))
    }

    /// Whether a file is kept on another host, under its SHA-256.
    pub(crate) fn is_large(name: &str) -> bool {
        name.ends_with(".safetensors") || name.ends_with(".bin")
    }

    /// As the hub answers for the repository `org/name`, large files on `storage`.
    pub(crate) fn answer(&self, request: &Request, storage: &str) -> Answer {
        let Some((revision, file)) =
            request.path.strip_prefix("/org/name/resolve/").and_then(|path| path.split_once('/'))
        else {
            return Answer::new(404).with("X-Error-Code", "RepoNotFound");
        };
        if !["main", COMMIT, "refs%2Fpr%2F1"].contains(&revision) {
            return Answer::new(404).with("X-Error-Code", "RevisionNotFound");
        }
        let Some(bytes) = self.0.get(file) else {
            return Answer::new(404).with("X-Error-Code", "EntryNotFound").with("X-Repo-Commit", COMMIT);
        };
        if Self::is_large(file) {
            return Answer::new(302)
                .with("X-Repo-Commit", COMMIT)
                .with("X-Linked-Etag", format!("\"{}\"", sha256(bytes)))
                .with("X-Linked-Size", bytes.len())
                .with("Location", format!("{storage}/{file}?signature=1"));
        }
        let etag = format!("W/\"{}\"", &sha256(bytes)[..40]);
        Answer::file(request, bytes).with("X-Repo-Commit", COMMIT).with("ETag", etag)
    }

    /// As the other host answers.
    pub(crate) fn stored(&self, request: &Request) -> Answer {
        let name = request.path.trim_start_matches('/').split('?').next().unwrap();
        self.0.get(name).map_or(Answer::new(404), |bytes| Answer::file(request, bytes).with("ETag", "\"storage\""))
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hub, the host that keeps its large files, and a cache.
pub(crate) struct World {
    pub(crate) hub: Server,
    pub(crate) storage: Server,
    pub(crate) cache: TempDir,
}

impl World {
    pub(crate) fn of(files: &Files) -> Self {
        Self::with(files, |_, answer| answer, |_, answer| answer)
    }

    /// Where answers of the hub and of the other host are changed on their way.
    pub(crate) fn with(
        files: &Files,
        on_hub: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static,
        on_storage: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let stored = files.clone();
        let storage = Server::start(move |request| on_storage(request, stored.stored(request)));
        let (files, address) = (files.clone(), storage.address.clone());
        let hub = Server::start(move |request| on_hub(request, files.answer(request, &address)));
        Self { hub, storage, cache: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn settings(&self) -> Hub {
        let mut hub = hub(self.cache.path());
        hub.endpoint.clone_from(&self.hub.address);
        hub
    }

    pub(crate) fn fetch(&self, id: &str) -> Result<std::path::PathBuf, HubError> {
        checkpoint(&self.settings(), id)
    }

    /// The cache of the repository.
    pub(crate) fn repository(&self) -> std::path::PathBuf {
        self.cache.path().join("models--org--name")
    }
}

/// A hub with nothing behind it but a cache.
pub(crate) fn hub(cache: &Path) -> Hub {
    let mut hub = Hub::from_env();
    hub.cache = Some(cache.to_owned());
    // Nobody listens there.
    hub.endpoint = "http://127.0.0.1:1".to_owned();
    hub.token = None;
    hub.offline = false;
    hub
}

pub(crate) fn checkpoint(hub: &Hub, id: &str) -> Result<std::path::PathBuf, HubError> {
    hub.checkpoint(&id.parse::<RepoId>().unwrap(), &mut |_| {})
}

/// Names of a directory's files, in order.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}
