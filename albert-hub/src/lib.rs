#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums)]
//! Finds checkpoints by hub id, `org/name` or `org/name@revision`: in the local cache, or on the hub.
//!
//! ```no_run
//! use albert_hub::{Hub, RepoId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let id: RepoId = "albert/albert-base-v2".parse()?;
//! let directory = Hub::from_env().checkpoint(&id, &mut |file| eprintln!("{}: {} bytes", file.file, file.done))?;
//! println!("{}", directory.display());
//! # Ok(())
//! # }
//! ```
//! The cache is the one that the Hugging Face libraries share:
//! ```text
//! models--org--name/refs/main                      the commit that a branch or tag stands for
//! models--org--name/snapshots/<commit>/<file>      a link to
//! models--org--name/blobs/<etag>                   a file's bytes
//! models--org--name/blobs/<etag>.incomplete        the part of them that has arrived
//! ```
//! A complete cached checkpoint is used without a request. Otherwise the files that a conversion reads are downloaded, which takes
//! the feature `download`. Finding a checkpoint in the cache takes no feature.
//!
//! The hub is not trusted. [`Limits`] bound the size and time of answers, names that it sends never lead out of the cache, and
//! nothing is written through a link.

mod cache;
#[cfg(feature = "download")]
mod client;
#[cfg(feature = "download")]
mod download;
mod environment;
mod error;
mod files;
mod id;
mod limits;
#[cfg(feature = "download")]
mod partial;
#[cfg(feature = "download")]
mod replace;

use std::path::PathBuf;

use cache::Repository;
pub use error::HubError;
pub use files::WEIGHTS;
pub use id::RepoId;
pub use limits::Limits;

/// Address of the default hub.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// A hub, and the cache of what was downloaded from it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Hub {
    /// Root of the cache; `None` if no home directory is known.
    pub cache: Option<PathBuf>,
    /// Address of the hub, without a slash at its end.
    pub endpoint: String,
    /// Access token. It is sent to the endpoint only, never to hosts that it redirects to.
    pub token: Option<String>,
    /// Whether to use the cache only.
    pub offline: bool,
    /// Bounds of a download.
    pub limits: Limits,
}

impl std::fmt::Debug for Hub {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("Hub");
        debug.field("cache", &self.cache).field("endpoint", &self.endpoint).field("offline", &self.offline);
        debug.field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Progress of the download of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded<'f> {
    /// Name of the file.
    pub file: &'f str,
    /// Bytes that have arrived, those of earlier attempts included.
    pub done: u64,
    /// Size of the file in bytes, if the server announces it.
    pub total: Option<u64>,
}

impl Hub {
    /// The hub and cache that the environment names: `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`; `HF_ENDPOINT`; `HF_TOKEN` or
    /// the token file; `HF_HUB_OFFLINE`.
    #[must_use]
    pub fn from_env() -> Self {
        environment::hub(&|name| std::env::var_os(name), std::env::home_dir())
    }

    /// Returns the directory with a checkpoint's files. Downloads missing files, and calls `progress` as bytes arrive.
    ///
    /// # Errors
    /// [`HubError`] if the repository does not exist or needs a token, if the checkpoint is not cached and cannot be downloaded,
    /// or if a download is interrupted (the next call resumes it), exceeds the [`Limits`] or differs from what was announced.
    pub fn checkpoint(&self, id: &RepoId, progress: &mut dyn FnMut(Downloaded<'_>)) -> Result<PathBuf, HubError> {
        let cache = self.cache.as_deref().ok_or(HubError::NoCacheDirectory)?;
        let repository = Repository::new(cache, id);
        let snapshot = repository.snapshot(id.revision());
        if let Some(found) = snapshot.as_ref().filter(|snapshot| files::has_text_model(snapshot)) {
            return Ok(found.clone());
        }
        let without_tokenizer = snapshot.filter(|snapshot| files::has_model(snapshot));
        let downloaded = self.download(&repository, id, progress);
        match (downloaded, without_tokenizer) {
            // Better a model of ids than none.
            (
                Err(HubError::NotCached { .. } | HubError::NoClient { .. } | HubError::Connection { .. }),
                Some(cached),
            ) => Ok(cached),
            (downloaded, _) => downloaded,
        }
    }

    #[cfg(feature = "download")]
    fn download(
        &self,
        repository: &Repository,
        id: &RepoId,
        progress: &mut dyn FnMut(Downloaded<'_>),
    ) -> Result<PathBuf, HubError> {
        if self.offline {
            return Err(HubError::NotCached { id: id.clone(), cache: repository.root().to_owned() });
        }
        download::Downloader::new(self, repository, id, progress)?.checkpoint()
    }

    #[cfg(not(feature = "download"))]
    fn download(
        &self,
        repository: &Repository,
        id: &RepoId,
        _progress: &mut dyn FnMut(Downloaded<'_>),
    ) -> Result<PathBuf, HubError> {
        let (id, cache) = (id.clone(), repository.root().to_owned());
        Err(if self.offline { HubError::NotCached { id, cache } } else { HubError::NoClient { id, cache } })
    }
}
