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

#[cfg(feature = "hub")]
mod writing {
    use std::io;
    use std::process;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::super::HubError;
    use super::*;

    impl Repository {
        /// Where the bytes with an etag are.
        pub(in super::super) fn blob(&self, etag: &str) -> Result<PathBuf, HubError> {
            let blobs = self.directory.join("blobs");
            create(&blobs)?;
            Ok(blobs.join(etag))
        }

        /// The directory of a commit's files.
        pub(in super::super) fn create_snapshot(&self, commit: &str) -> Result<PathBuf, HubError> {
            let snapshot = self.snapshot_of(commit);
            create(&snapshot)?;
            Ok(snapshot)
        }

        /// Notes which commit a branch or tag stands for.
        pub(in super::super) fn write_reference(&self, revision: &str, commit: &str) -> Result<(), HubError> {
            let path = self.reference(revision);
            create(path.parent().unwrap_or(&self.directory))?;
            replace(&path, |temporary| fs::write(temporary, commit))
        }

        /// Gives the bytes with an etag a name in a snapshot.
        pub(in super::super) fn link(&self, snapshot: &Path, file: &str, etag: &str) -> Result<(), HubError> {
            replace(&snapshot.join(file), |temporary| {
                let relative = Path::new("../../blobs").join(etag);
                symlink(&relative, temporary).or_else(|_| {
                    // Where links take rights that users lack, the bytes are there twice.
                    fs::copy(self.directory.join("blobs").join(etag), temporary).map(drop)
                })
            })
        }
    }

    fn create(directory: &Path) -> Result<(), HubError> {
        fs::create_dir_all(directory).map_err(|source| HubError::Cache { path: directory.to_owned(), source })
    }

    /// Tells the temporary files of one process apart.
    static TEMPORARY: AtomicU64 = AtomicU64::new(0);

    /// Makes a file beside its place and moves it there: nobody ever sees half of it.
    fn replace(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), HubError> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!(".{}.{}", process::id(), TEMPORARY.fetch_add(1, Ordering::Relaxed)));
        let temporary = PathBuf::from(temporary);
        // A process of the same number may have died here, and writing through its link would write into the blob.
        fs::remove_file(&temporary).unwrap_or_default();
        let made = make(&temporary).and_then(|()| fs::rename(&temporary, path));
        if made.is_err() {
            // Of no use to anybody; the first error is the one to report.
            fs::remove_file(&temporary).unwrap_or_default();
        }
        made.map_err(|source| HubError::Cache { path: path.to_owned(), source })
    }

    #[cfg(unix)]
    fn symlink(target: &Path, link: &Path) -> io::Result<()> {
        std::os::unix::fs::symlink(target, link)
    }

    #[cfg(windows)]
    fn symlink(target: &Path, link: &Path) -> io::Result<()> {
        std::os::windows::fs::symlink_file(target, link)
    }

    #[cfg(not(any(unix, windows)))]
    fn symlink(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
