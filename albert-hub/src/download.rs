//! The files of a repository into the cache.

use std::io::{self, Read};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::cache::{Repository, is_plain};
use super::client::{Answer, Client, Part};
use super::files::{self, CONFIG, MODULES, SETTINGS, TOKENIZERS, WEIGHTS};
use super::partial::{CHUNK, Partial};
use super::{Downloaded, Hub, HubError, Limits, RepoId};

/// How often in a row a download may break off without a new byte.
const MOST_FAILURES: u32 = 3;
/// Wait before the second attempt; twice as long before the third.
const PAUSE: Duration = Duration::from_millis(250);

/// Downloads one repository at one revision.
pub(super) struct Downloader<'d> {
    client: Client,
    endpoint: &'d str,
    repository: &'d Repository,
    id: &'d RepoId,
    progress: &'d mut dyn FnMut(Downloaded<'_>),
    limits: Limits,
    /// Bytes that weights may still take.
    weights_left: u64,
}

impl<'d> Downloader<'d> {
    pub(super) fn new(
        hub: &'d Hub,
        repository: &'d Repository,
        id: &'d RepoId,
        progress: &'d mut dyn FnMut(Downloaded<'_>),
    ) -> Result<Self, HubError> {
        let (limits, weights_left) = (hub.limits, hub.limits.weights_bytes);
        Ok(Self { client: Client::new(hub)?, endpoint: &hub.endpoint, repository, id, progress, limits, weights_left })
    }

    /// Downloads what a conversion reads; returns the directory that it is in. The weights come last, and the branch's name
    /// after them: a snapshot that has weights is complete, and one that a branch leads to has weights.
    pub(super) fn checkpoint(mut self) -> Result<PathBuf, HubError> {
        let revision = self.id.revision();
        // The first answer says which commit the others are asked of.
        let (first, answer) = match self.ask(revision, CONFIG)? {
            Some(answer) => (CONFIG, answer),
            // Old sentence-transformers checkpoints have the network in a directory of its own.
            None => (MODULES, self.ask(revision, MODULES)?.ok_or_else(|| self.no_file(CONFIG))?),
        };
        let commit = answer.commit.clone().filter(|commit| is_plain(commit));
        let commit = commit.ok_or_else(|| HubError::Answer {
            url: self.url(revision, first),
            reason: "the answer does not say which commit it is of (X-Repo-Commit)".to_owned(),
        })?;
        let snapshot = Snapshot { directory: self.repository.create_snapshot(&commit)?, commit };
        self.keep(&snapshot, first, answer, Kind::Settings)?;
        let network = self.modules(&snapshot)?;
        if first == MODULES && network.is_empty() {
            return Err(self.no_file(CONFIG));
        }
        let mut tokenizer = false;
        for name in TOKENIZERS {
            if !tokenizer {
                tokenizer = self.fetch(&snapshot, &format!("{network}{name}"), Kind::Settings)?;
            }
        }
        for name in SETTINGS.into_iter().filter(|_| tokenizer) {
            self.fetch(&snapshot, &format!("{network}{name}"), Kind::Settings)?;
        }
        if !self.weights(&snapshot, &network)? {
            return Err(self.no_file("weights in a known container"));
        }
        if revision != snapshot.commit {
            self.repository.write_reference(revision, &snapshot.commit)?;
        }
        Ok(snapshot.directory)
    }

    /// Fetches the modules of a sentence-transformers checkpoint, if it is one; returns the directory of the network, empty or
    /// with a slash at its end.
    fn modules(&mut self, snapshot: &Snapshot) -> Result<String, HubError> {
        if !self.fetch(snapshot, MODULES, Kind::Settings)? {
            return Ok(String::new());
        }
        let modules = files::modules(&snapshot.directory.join(MODULES));
        let modules =
            modules.map_err(|reason| HubError::Answer { url: self.url(&snapshot.commit, MODULES), reason })?;
        let mut network = String::new();
        for module in modules {
            let path = format!("{}/", module.path);
            let config = self.fetch(snapshot, &format!("{path}{CONFIG}"), Kind::Settings)?;
            if !config && (module.config || module.network) {
                return Err(self.no_file(&format!("{path}{CONFIG}")));
            }
            if module.network {
                network = path;
            } else if module.weights && !self.weights(snapshot, &path)? {
                return Err(self.no_file(&format!("weights of module {path}")));
            }
        }
        Ok(network)
    }

    /// Fetches the weights of a directory in the best container that it has, with the shards that it names; returns whether
    /// there are any.
    fn weights(&mut self, snapshot: &Snapshot, directory: &str) -> Result<bool, HubError> {
        for name in WEIGHTS {
            let file = format!("{directory}{name}");
            let kind = if name.ends_with(".json") { Kind::Settings } else { Kind::Weights };
            if !self.fetch(snapshot, &file, kind)? {
                continue;
            }
            let shards = files::shards(&snapshot.directory.join(&file));
            let shards =
                shards.map_err(|reason| HubError::Answer { url: self.url(&snapshot.commit, &file), reason })?;
            for shard in shards {
                let shard = format!("{directory}{shard}");
                if !self.fetch(snapshot, &shard, Kind::Weights)? {
                    return Err(self.no_file(&shard));
                }
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Puts a file into a snapshot; returns whether the repository has it.
    fn fetch(&mut self, snapshot: &Snapshot, file: &str, kind: Kind) -> Result<bool, HubError> {
        if snapshot.directory.join(file).exists() {
            return Ok(true);
        }
        match self.ask(&snapshot.commit, file)? {
            Some(answer) => self.keep(snapshot, file, answer, kind).map(|()| true),
            None => Ok(false),
        }
    }

    fn no_file(&self, file: &str) -> HubError {
        HubError::NoFile { id: self.id.clone(), file: file.to_owned() }
    }

    fn url(&self, revision: &str, file: &str) -> String {
        format!("{}/{}/resolve/{}/{file}", self.endpoint, self.id.name(), encoded(revision))
    }

    /// Asks for a file; `None` when the repository has none of this name.
    fn ask(&self, revision: &str, file: &str) -> Result<Option<Answer>, HubError> {
        let url = self.url(revision, file);
        let answer = self.client.get(&url, None)?;
        let (id, token) = (self.id.clone(), self.client.has_token());
        let endpoint = self.endpoint.to_owned();
        match (answer.status, answer.error.as_deref()) {
            (200, _) => Ok(Some(answer)),
            (401 | 403, Some("GatedRepo")) => Err(HubError::Gated { id, endpoint, token }),
            (401 | 403, _) => Err(HubError::Unauthorised { id, token }),
            (404, Some("RevisionNotFound")) => Err(HubError::NoRevision { id }),
            (404, Some("EntryNotFound")) => Ok(None),
            (404, Some(_)) => Err(HubError::NoRepository { id, endpoint }),
            // A server that says no more than that: a repository without a configuration is as good as none.
            (404, None) if file == CONFIG => Err(HubError::NoRepository { id, endpoint }),
            (404, None) => Ok(None),
            (status, _) => Err(HubError::Status { url, status }),
        }
    }

    /// Puts the bytes of an answer into the cache, and their name into the snapshot.
    fn keep(&mut self, snapshot: &Snapshot, file: &str, answer: Answer, kind: Kind) -> Result<(), HubError> {
        let url = self.url(&snapshot.commit, file);
        let etag = answer.etag.clone().filter(|etag| is_plain(etag));
        let etag =
            etag.ok_or_else(|| HubError::Answer { url: url.clone(), reason: "the answer has no ETag".to_owned() })?;
        let blob = self.repository.blob(&etag)?;
        if !blob.exists() {
            let mut partial = Partial::lock(&blob)?;
            // Another process may have had the lock, and finished: then what was locked is an empty part that came to be after
            // it, which nobody will fill.
            if blob.exists() {
                partial.discard()?;
            } else {
                let most = match kind {
                    Kind::Settings => self.limits.settings_bytes,
                    Kind::Weights => self.weights_left,
                };
                let source = Source { file, url: &url, most, total: answer.size, validator: answer.validator.clone() };
                let complete = self.complete(&mut partial, &source, answer).and_then(|()| partial.verify(file, &etag));
                if let Err(error) = complete {
                    // The error is the one to report, whether or not the part can be taken away.
                    let resumable = matches!(error, HubError::Interrupted { .. });
                    let _ = if resumable && partial.bytes() > 0 { Ok(()) } else { partial.discard() };
                    return Err(error);
                }
                if kind == Kind::Weights {
                    self.weights_left = self.weights_left.saturating_sub(partial.bytes());
                }
                partial.finish(&blob)?;
            }
        }
        self.repository.link(&snapshot.directory, file, &etag)
    }

    /// Reads until the file is complete, and asks again for the rest where the connection breaks off.
    fn complete(&mut self, partial: &mut Partial, source: &Source<'_>, first: Answer) -> Result<(), HubError> {
        let too_large = || HubError::TooLarge { file: source.file.to_owned(), limit: source.most };
        if source.total.is_some_and(|total| total > source.most) {
            return Err(too_large());
        }
        if partial.bytes() > source.total.unwrap_or(source.most) {
            partial.restart()?;
        }
        let mut next = (partial.bytes() == 0).then_some(first);
        let mut failures = 0;
        loop {
            let before = partial.bytes();
            if source.total == Some(before) {
                return Ok(());
            }
            let answer = match next.take() {
                Some(answer) => Ok(answer),
                None => self.rest(partial, source),
            };
            let broken = match answer {
                Ok(answer) => self.read(partial, source, answer)?,
                Err(HubError::Connection { reason, .. }) => Some(reason),
                Err(HubError::Status { status: status @ 500.., .. }) => Some(format!("status {status}")),
                Err(error) => return Err(error),
            };
            let (file, found) = (source.file.to_owned(), partial.bytes());
            let Some(reason) = broken else {
                return match source.total.filter(|&total| total != found) {
                    None => Ok(()),
                    Some(expected) => Err(HubError::Length { file, expected, found }),
                };
            };
            failures = if found > before { 0 } else { failures + 1 };
            if failures == MOST_FAILURES {
                return Err(HubError::Interrupted { file, done: found, reason });
            }
            sleep(PAUSE * failures);
        }
    }

    /// Asks for what is missing. A server that sends the whole file again starts it anew.
    fn rest(&self, partial: &mut Partial, source: &Source<'_>) -> Result<Answer, HubError> {
        let status_of = |status| HubError::Status { url: source.url.to_owned(), status };
        let part = Part { start: partial.bytes(), validator: source.validator.as_deref() };
        let answer = self.client.get(source.url, Some(&part).filter(|part| part.start > 0))?;
        match answer.status {
            206 if answer.start == partial.bytes() => Ok(answer),
            200 => partial.restart().map(|()| answer),
            // The part is longer than the file, or another one.
            206 | 416 => {
                partial.restart()?;
                let answer = self.client.get(source.url, None)?;
                if answer.status == 200 { Ok(answer) } else { Err(status_of(answer.status)) }
            }
            status => Err(status_of(status)),
        }
    }

    /// Adds a body to what is there; returns why it broke off, if it did.
    fn read(
        &mut self,
        partial: &mut Partial,
        source: &Source<'_>,
        mut answer: Answer,
    ) -> Result<Option<String>, HubError> {
        let Source { file, most, total, .. } = *source;
        let mut chunk = vec![0; CHUNK];
        let mut body = answer.body();
        let (mut since, mut then) = (Instant::now(), partial.bytes());
        loop {
            (self.progress)(Downloaded { file, done: partial.bytes(), total });
            match body.read(&mut chunk) {
                Ok(0) => return Ok(None),
                Ok(count) => partial.add(&chunk[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Some(error.to_string())),
            }
            let found = partial.bytes();
            if let Some(expected) = total.filter(|&total| found > total) {
                return Err(HubError::Length { file: file.to_owned(), expected, found });
            }
            if found > most {
                return Err(HubError::TooLarge { file: file.to_owned(), limit: most });
            }
            if since.elapsed() >= self.limits.stall {
                if found - then < Limits::STALL_BYTES {
                    let reason = format!("{} bytes in {:?}", found - then, self.limits.stall);
                    return Err(HubError::Interrupted { file: file.to_owned(), done: found, reason });
                }
                (since, then) = (Instant::now(), found);
            }
        }
    }
}

/// Which limit a file counts towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Settings,
    Weights,
}

/// A file of the hub, as its first answer describes it.
struct Source<'s> {
    file: &'s str,
    url: &'s str,
    /// Most bytes that it may have.
    most: u64,
    /// Bytes that it is said to have.
    total: Option<u64>,
    validator: Option<String>,
}

/// The files of a commit.
struct Snapshot {
    directory: PathBuf,
    commit: String,
}

/// A revision as one segment of an address.
fn encoded(revision: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    revision.bytes().map(encode).collect()
}
