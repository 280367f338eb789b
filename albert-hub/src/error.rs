//! Why a checkpoint cannot be had by its hub id.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::RepoId;

/// Why a checkpoint cannot be had by its hub id. One line each: what, where, and what to do when that is not plain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// A text that is no hub id.
    #[error("{text:?}: {reason}")]
    Id {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no home directory to keep a cache in.
    #[error("no home directory for the cache of checkpoints; set HF_HOME or HF_HUB_CACHE")]
    NoCacheDirectory,
    /// The checkpoint is not cached and nothing may be downloaded.
    #[error("{id} is not in the cache {}, and HF_HUB_OFFLINE is set", cache.display())]
    NotCached {
        /// The checkpoint.
        id: RepoId,
        /// Root of the cache.
        cache: PathBuf,
    },
    /// The checkpoint is not cached and this build cannot download.
    #[error("{id} is not in the cache {}, and this build does not download (feature download)", cache.display())]
    NoClient {
        /// The checkpoint.
        id: RepoId,
        /// Root of the cache.
        cache: PathBuf,
    },
    /// The hub has no such repository.
    #[error("{endpoint} has no model {id}")]
    NoRepository {
        /// The checkpoint.
        id: RepoId,
        /// The hub.
        endpoint: String,
    },
    /// The repository has no such branch, tag or commit.
    #[error("{} has no revision {:?}", id.name(), id.revision())]
    NoRevision {
        /// The checkpoint.
        id: RepoId,
    },
    /// The repository is private, gated or not there, and the hub does not say which without a token.
    #[error(
        "{id} is private, gated or not there: {}",
        if *token { "the token in HF_TOKEN gives no access to it" } else { "set HF_TOKEN to a token with access to it" }
    )]
    Unauthorised {
        /// The checkpoint.
        id: RepoId,
        /// Whether a token was sent.
        token: bool,
    },
    /// The repository's terms were not accepted.
    #[error(
        "{id} is gated: accept its terms at {endpoint}/{}{}",
        id.name(),
        if *token { " as the owner of HF_TOKEN" } else { " and set HF_TOKEN" }
    )]
    Gated {
        /// The checkpoint.
        id: RepoId,
        /// The hub.
        endpoint: String,
        /// Whether a token was sent.
        token: bool,
    },
    /// The token has characters that no header may have.
    #[error("HF_TOKEN holds characters that no token has")]
    Token,
    /// A repository that is no checkpoint.
    #[error("{id} has no {}", Escaped(file))]
    NoFile {
        /// The checkpoint.
        id: RepoId,
        /// What is missing.
        file: String,
    },
    /// The hub cannot be reached.
    #[error("cannot reach {}: {}", Escaped(url), Escaped(reason))]
    Connection {
        /// Address.
        url: String,
        /// Why.
        reason: String,
    },
    /// An answer that says neither yes nor no.
    #[error("{} answers with status {status}; try again later", Escaped(url))]
    Status {
        /// Address.
        url: String,
        /// Status code.
        status: u16,
    },
    /// An answer that lacks what a hub's has.
    #[error("{}: {}", Escaped(url), Escaped(reason))]
    Answer {
        /// Address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A download broke off. What has arrived is kept, and the next call goes on from there.
    #[error(
        "{}: the download broke off after {done} bytes ({}); run it again to go on from there",
        Escaped(file),
        Escaped(reason)
    )]
    Interrupted {
        /// The file.
        file: String,
        /// Bytes that have arrived.
        done: u64,
        /// Why.
        reason: String,
    },
    /// A file is larger than any that is needed, or than what is left for weights. It is not kept.
    #[error("{}: more than the {limit} bytes that it may have", Escaped(file))]
    TooLarge {
        /// The file.
        file: String,
        /// What it may have.
        limit: u64,
    },
    /// The whole took too long.
    #[error("{}: no time left of {limit:?}; run it again to go on", Escaped(url))]
    Deadline {
        /// What was asked for last.
        url: String,
        /// Time in all.
        limit: Duration,
    },
    /// A download has another length than announced. It is not kept.
    #[error("{}: {found} bytes arrived, {expected} were announced", Escaped(file))]
    Length {
        /// The file.
        file: String,
        /// Bytes announced.
        expected: u64,
        /// Bytes that have arrived.
        found: u64,
    },
    /// A download has another SHA-256 than announced. It is not kept.
    #[error("{}: what arrived has another SHA-256 than announced", Escaped(file))]
    Checksum {
        /// The file.
        file: String,
    },
    /// The cache cannot be read or written.
    #[error("cache {}: {source}", path.display())]
    Cache {
        /// File or directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A text that the hub sent: control characters are escaped, so that it stays one line and does nothing to a terminal.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character.is_control() {
            true => write!(f, "{}", character.escape_default()),
            false => write!(f, "{character}"),
        })
    }
}
