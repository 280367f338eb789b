//! The files of a repository into the cache.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::cache::{Repository, is_plain};
use super::client::{Answer, Client, Part};
use super::files::{self, CONFIG, TOKENIZER_SETTINGS, TOKENIZERS};
use super::{Downloaded, Hub, HubError, RepoId};

/// How often in a row a download may break off without a new byte.
const MOST_FAILURES: u32 = 3;
/// Wait before the second attempt; twice as long before the third.
const PAUSE: Duration = Duration::from_millis(250);
/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;

/// Downloads one repository at one revision.
pub(super) struct Downloader<'d> {
    client: Client,
    endpoint: &'d str,
    repository: &'d Repository,
    id: &'d RepoId,
    progress: &'d mut dyn FnMut(Downloaded<'_>),
}

impl<'d> Downloader<'d> {
    pub(super) fn new(
        hub: &'d Hub,
        repository: &'d Repository,
        id: &'d RepoId,
        progress: &'d mut dyn FnMut(Downloaded<'_>),
    ) -> Result<Self, HubError> {
        Ok(Self { client: Client::new(hub)?, endpoint: &hub.endpoint, repository, id, progress })
    }

    /// Downloads what a conversion reads; returns the directory that it is in. The weights come last, and the branch's name
    /// after them: a snapshot that has weights is complete, and one that a branch leads to has weights.
    pub(super) fn checkpoint(mut self) -> Result<PathBuf, HubError> {
        let revision = self.id.revision();
        let Some(config) = self.ask(revision, CONFIG)? else {
            return Err(self.no_file(CONFIG));
        };
        let commit = config.commit.clone().filter(|commit| is_plain(commit));
        let commit = commit.ok_or_else(|| HubError::Answer {
            url: self.url(revision, CONFIG),
            reason: "the answer does not say which commit it is of (X-Repo-Commit)".to_owned(),
        })?;
        let snapshot = Snapshot { directory: self.repository.create_snapshot(&commit)?, commit };
        self.keep(&snapshot, CONFIG, config)?;
        let tokenizer = self.first(&snapshot, &mut TOKENIZERS.into_iter())?;
        for name in TOKENIZER_SETTINGS.into_iter().filter(|_| tokenizer.is_some()) {
            self.fetch(&snapshot, name)?;
        }
        let weights = self.first(&snapshot, &mut files::weights())?;
        weights.ok_or_else(|| self.no_file("weights in a known container"))?;
        if revision != snapshot.commit {
            self.repository.write_reference(revision, &snapshot.commit)?;
        }
        Ok(snapshot.directory)
    }

    /// The first of some files that the repository has, with the shards that it names.
    fn first(
        &mut self,
        snapshot: &Snapshot,
        names: &mut dyn Iterator<Item = &'static str>,
    ) -> Result<Option<&'static str>, HubError> {
        for name in names {
            if !self.fetch(snapshot, name)? {
                continue;
            }
            let shards = files::shards(&snapshot.directory.join(name));
            let shards = shards.map_err(|error| HubError::Answer {
                url: self.url(&snapshot.commit, name),
                reason: error.to_string(),
            })?;
            for shard in shards {
                if !is_plain(&shard) || !self.fetch(snapshot, &shard)? {
                    return Err(self.no_file(&shard));
                }
            }
            return Ok(Some(name));
        }
        Ok(None)
    }

    /// Puts a file into a snapshot; returns whether the repository has it.
    fn fetch(&mut self, snapshot: &Snapshot, file: &str) -> Result<bool, HubError> {
        if snapshot.directory.join(file).exists() {
            return Ok(true);
        }
        match self.ask(&snapshot.commit, file)? {
            Some(answer) => self.keep(snapshot, file, answer).map(|()| true),
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
    fn keep(&mut self, snapshot: &Snapshot, file: &str, answer: Answer) -> Result<(), HubError> {
        let url = self.url(&snapshot.commit, file);
        let etag = answer.etag.clone().filter(|etag| is_plain(etag));
        let etag =
            etag.ok_or_else(|| HubError::Answer { url: url.clone(), reason: "the answer has no ETag".to_owned() })?;
        let blob = self.repository.blob(&etag)?;
        if !blob.exists() {
            let mut partial = Partial::lock(&blob)?;
            // Another process may have had the lock, and finished: then what was locked is the blob itself, or an empty part
            // that came to be after it, which nobody will fill.
            if blob.exists() {
                partial.discard()?;
            } else {
                self.complete(&mut partial, file, &url, answer)?;
                partial.verify(file, &etag)?;
                partial.finish(&blob)?;
            }
        }
        self.repository.link(&snapshot.directory, file, &etag)
    }

    /// Reads until the file is complete, and asks again for the rest where the connection breaks off.
    fn complete(&mut self, partial: &mut Partial, file: &str, url: &str, first: Answer) -> Result<(), HubError> {
        let total = first.size;
        let validator = first.validator.clone();
        let mut next = (partial.bytes == 0).then_some(first);
        let mut failures = 0;
        loop {
            let before = partial.bytes;
            let broken = match total {
                Some(total) if partial.bytes == total => return Ok(()),
                Some(total) if partial.bytes > total => {
                    partial.cut(0)?;
                    continue;
                }
                _ => match next.take().map_or_else(|| self.rest(partial, url, validator.as_deref()), Ok) {
                    Ok(answer) => self.read(partial, file, answer, total)?,
                    Err(HubError::Connection { reason, .. }) => Some(reason),
                    Err(HubError::Status { status: status @ 500.., .. }) => Some(format!("status {status}")),
                    Err(error) => return Err(error),
                },
            };
            let Some(reason) = broken else {
                let (file, found) = (file.to_owned(), partial.bytes);
                return match total.filter(|&total| total != found) {
                    None => Ok(()),
                    Some(expected) => partial.cut(0).and(Err(HubError::Length { file, expected, found })),
                };
            };
            failures = if partial.bytes > before { 0 } else { failures + 1 };
            if failures == MOST_FAILURES {
                return Err(HubError::Interrupted { file: file.to_owned(), done: partial.bytes, reason });
            }
            sleep(PAUSE * failures);
        }
    }

    /// Asks for what is missing. A server that sends the whole file again starts it anew.
    fn rest(&self, partial: &mut Partial, url: &str, validator: Option<&str>) -> Result<Answer, HubError> {
        let part = Part { start: partial.bytes, validator };
        let answer = self.client.get(url, Some(&part).filter(|part| part.start > 0))?;
        match answer.status {
            206 if answer.start == partial.bytes => Ok(answer),
            200 => partial.cut(0).map(|()| answer),
            // The part is longer than the file, or another one.
            206 | 416 => {
                partial.cut(0)?;
                let answer = self.client.get(url, None)?;
                let status = answer.status;
                if status == 200 { Ok(answer) } else { Err(HubError::Status { url: url.to_owned(), status }) }
            }
            status => Err(HubError::Status { url: url.to_owned(), status }),
        }
    }

    /// Adds a body to what is there; returns why it broke off, if it did.
    fn read(
        &mut self,
        partial: &mut Partial,
        file: &str,
        mut answer: Answer,
        total: Option<u64>,
    ) -> Result<Option<String>, HubError> {
        let mut chunk = vec![0; CHUNK];
        let mut body = answer.body();
        loop {
            (self.progress)(Downloaded { file, done: partial.bytes, total });
            match body.read(&mut chunk) {
                Ok(0) => return Ok(None),
                Ok(count) => partial.add(&chunk[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Some(error.to_string())),
            }
            if let Some(expected) = total.filter(|&total| partial.bytes > total) {
                let found = partial.bytes;
                return partial.cut(0).and(Err(HubError::Length { file: file.to_owned(), expected, found }));
            }
        }
    }
}

/// The files of a commit.
struct Snapshot {
    directory: PathBuf,
    commit: String,
}

/// The part of a file that has arrived, locked against other processes.
struct Partial {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Partial {
    /// Opens the part of a blob that is there; waits while another process is downloading it.
    fn lock(blob: &Path) -> Result<Self, HubError> {
        let mut path = blob.as_os_str().to_owned();
        path.push(".incomplete");
        let path = PathBuf::from(path);
        let opened = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path);
        let locked = opened.and_then(|file| file.lock().map(|()| file)).and_then(|mut file| {
            let bytes = file.seek(SeekFrom::End(0))?;
            Ok((file, bytes))
        });
        match locked {
            Ok((file, bytes)) => Ok(Self { path, file, bytes }),
            Err(source) => Err(HubError::Cache { path, source }),
        }
    }

    fn failed<T>(&self, result: io::Result<T>) -> Result<T, HubError> {
        result.map_err(|source| HubError::Cache { path: self.path.clone(), source })
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        let written = self.file.write_all(bytes);
        self.failed(written)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Keeps the first bytes alone; without any there is nothing to go on from.
    fn cut(&mut self, bytes: u64) -> Result<(), HubError> {
        let cut = self.file.set_len(bytes).and_then(|()| self.file.seek(SeekFrom::Start(bytes)));
        self.bytes = self.failed(cut)?;
        Ok(())
    }

    /// Compares the bytes with an etag that is their SHA-256, as those of large files are.
    fn verify(&mut self, file: &str, etag: &str) -> Result<(), HubError> {
        if etag.len() != 64 || !etag.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Ok(());
        }
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        let rewound = self.file.seek(SeekFrom::Start(0));
        self.failed(rewound)?;
        loop {
            let count = self.file.read(&mut chunk);
            match self.failed(count)? {
                0 => break,
                count => hash.update(&chunk[..count]),
            }
        }
        let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if found.eq_ignore_ascii_case(etag) {
            return Ok(());
        }
        self.cut(0).and(Err(HubError::Checksum { file: file.to_owned() }))
    }

    /// Takes away the name of a part whose blob is complete, if it has one still.
    fn discard(self) -> Result<(), HubError> {
        let gone = match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        self.failed(gone)
    }

    /// Makes the part the whole.
    fn finish(self, blob: &Path) -> Result<(), HubError> {
        let done = self.file.sync_all().and_then(|()| fs::rename(&self.path, blob));
        self.failed(done)
    }
}

/// A revision as one segment of an address.
fn encoded(revision: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    revision.bytes().map(encode).collect()
}
