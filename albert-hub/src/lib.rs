#![forbid(unsafe_code)]
//! Checkpoints by hub id: `org/name` or `org/name@revision`, out of the local cache or downloaded into it.
//!
//! The cache is the one that the Hugging Face libraries share:
//! ```text
//! models--org--name/refs/main                      the commit that a branch or tag stands for
//! models--org--name/snapshots/<commit>/<file>      a link to
//! models--org--name/blobs/<etag>                   a file's bytes
//! models--org--name/blobs/<etag>.incomplete        the part of them that has arrived
//! ```
//! A cached checkpoint that is complete is used as it is, without a request. Otherwise the files that a conversion reads, and
//! no others, are downloaded; that takes the feature `download`. Finding a checkpoint in the cache takes no feature.
//!
//! The hub is not trusted: [`Limits`] bound what an answer may take, names that it sends never lead out of the cache, and
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

/// The hub that is asked unless told otherwise.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// Where checkpoints come from.
#[derive(Clone)]
#[non_exhaustive]
pub struct Hub {
    /// Root of the cache; `None` when no home directory is known.
    pub cache: Option<PathBuf>,
    /// Address of the hub, without a slash at its end.
    pub endpoint: String,
    /// Sent to the endpoint alone, never to hosts that it redirects to.
    pub token: Option<String>,
    /// Whether the cache is all there is.
    pub offline: bool,
    /// What a download may take.
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

/// How far the download of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded<'f> {
    /// Name of the file.
    pub file: &'f str,
    /// Bytes that are there.
    pub done: u64,
    /// Bytes in all, when the server says so.
    pub total: Option<u64>,
}

impl Hub {
    /// The hub and cache that the environment names: `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`; `HF_ENDPOINT`; `HF_TOKEN` or
    /// the token file; `HF_HUB_OFFLINE`.
    #[must_use]
    pub fn from_env() -> Self {
        environment::hub(&|name| std::env::var_os(name), std::env::home_dir())
    }

    /// The directory of a checkpoint's files; downloads what is missing and calls `progress` as bytes arrive.
    ///
    /// # Errors
    /// [`HubError`]: there is no such repository, it asks for a token, the checkpoint is not cached and cannot be downloaded,
    /// a download broke off (the next call goes on where it ended), exceeded the [`Limits`] or did not give what was announced.
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
