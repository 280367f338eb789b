//! The cache of one repository on disk.

use std::fs;
use std::path::{Path, PathBuf};

use super::RepoId;

/// The directory that a repository's files are cached in.
pub(super) struct Repository {
    root: PathBuf,
    directory: PathBuf,
}

impl Repository {
    pub(super) fn new(root: &Path, id: &RepoId) -> Self {
        let directory = root.join(format!("models--{}", id.name().replace('/', "--")));
        Self { root: root.to_owned(), directory }
    }

    /// Root of the whole cache.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The cached files of a branch, tag or commit, as far as there are any.
    pub(super) fn snapshot(&self, revision: &str) -> Option<PathBuf> {
        let commit = fs::read_to_string(self.reference(revision)).ok();
        let commit = commit.as_deref().map_or(revision, str::trim);
        let snapshot = is_plain(commit).then(|| self.snapshot_of(commit))?;
        snapshot.is_dir().then_some(snapshot)
    }

    fn reference(&self, revision: &str) -> PathBuf {
        self.directory.join("refs").join(revision)
    }

    fn snapshot_of(&self, commit: &str) -> PathBuf {
        self.directory.join("snapshots").join(commit)
    }
}

/// Whether a text can be the name of a file in the cache, whoever it comes from.
pub(super) fn is_plain(name: &str) -> bool {
    let character = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=128).contains(&name.len()) && name.chars().all(character) && !name.starts_with('.')
}

#[cfg(feature = "download")]
mod writing {
    use super::super::{HubError, replace};
    use super::*;

    impl Repository {
        /// Where the bytes with an etag are.
        pub(in super::super) fn blob(&self, etag: &str) -> Result<PathBuf, HubError> {
            let blobs = self.directory.join("blobs");
            replace::create(&blobs)?;
            Ok(blobs.join(etag))
        }

        /// The directory of a commit's files.
        pub(in super::super) fn create_snapshot(&self, commit: &str) -> Result<PathBuf, HubError> {
            let snapshot = self.snapshot_of(commit);
            replace::create(&snapshot)?;
            Ok(snapshot)
        }

        /// Notes which commit a branch or tag stands for.
        pub(in super::super) fn write_reference(&self, revision: &str, commit: &str) -> Result<(), HubError> {
            replace::write(&self.reference(revision), commit.as_bytes())
        }

        /// Gives the bytes with an etag a name in a snapshot; the name may have folders.
        pub(in super::super) fn link(&self, snapshot: &Path, file: &str, etag: &str) -> Result<(), HubError> {
            // Name by name: Windows follows no link with slashes.
            let up = std::iter::repeat_n("..", 2 + file.matches('/').count());
            let target: PathBuf = up.chain(["blobs", etag]).collect();
            replace::link(&snapshot.join(file), &target)
        }
    }
}
