//! The part of a file that has arrived.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{HubError, replace};

/// Bytes that are read at once.
pub(super) const CHUNK: usize = 1 << 16;

/// The part of a blob that has arrived, locked against other processes.
///
/// It has a name of its own, `<etag>.incomplete`, for the next call to go on from. Whatever else has that name - a link, a
/// file with a second name, a device - is not opened for writing but replaced.
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Partial {
    /// Opens the part of a blob that is there; waits while another process is downloading it.
    pub(super) fn lock(blob: &Path) -> Result<Self, HubError> {
        let mut path = blob.as_os_str().to_owned();
        path.push(".incomplete");
        let path = PathBuf::from(path);
        match locked(&path) {
            Ok((file, bytes)) => Ok(Self { path, file, bytes }),
            Err(source) => Err(HubError::Cache { path, source }),
        }
    }

    /// Bytes that have arrived.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn failed<T>(&self, result: io::Result<T>) -> Result<T, HubError> {
        result.map_err(|source| HubError::Cache { path: self.path.clone(), source })
    }

    /// Adds bytes at the end.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        let written = self.file.write_all(bytes);
        self.failed(written)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Drops all bytes.
    pub(super) fn restart(&mut self) -> Result<(), HubError> {
        let cut = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        self.bytes = self.failed(cut)?;
        Ok(())
    }

    /// Compares the bytes with an etag that is their SHA-256, as those of large files are.
    pub(super) fn verify(&mut self, file: &str, etag: &str) -> Result<(), HubError> {
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
        match found.eq_ignore_ascii_case(etag) {
            true => Ok(()),
            false => Err(HubError::Checksum { file: file.to_owned() }),
        }
    }

    /// Takes the part away, if it has its name still.
    pub(super) fn discard(self) -> Result<(), HubError> {
        let gone = match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        self.failed(gone)
    }

    /// Makes the part the whole.
    pub(super) fn finish(self, blob: &Path) -> Result<(), HubError> {
        let done = self.file.sync_all().and_then(|()| replace::rename(&self.path, blob));
        self.failed(done)
    }
}

/// The locked file of that name, at its end, and its bytes.
fn locked(path: &Path) -> io::Result<(File, u64)> {
    loop {
        let mut file = open(path)?;
        file.lock()?;
        // Whoever held the lock may have moved the file or taken it away.
        if fs::symlink_metadata(path).is_ok_and(|named| file.metadata().is_ok_and(|own| is_same(&named, &own))) {
            let bytes = file.seek(SeekFrom::End(0))?;
            return Ok((file, bytes));
        }
    }
}

/// Opens a file that is a cache's own, or makes it. Anything else of that name is taken away.
fn open(path: &Path) -> io::Result<File> {
    loop {
        match OpenOptions::new().read(true).write(true).create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made,
        }
        let named = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            named => named?,
        };
        if !is_own(&named) {
            fs::remove_file(path)?;
            continue;
        }
        match OpenOptions::new().read(true).write(true).open(path) {
            // Opened without making or cutting anything: a link that took the name meanwhile has not been written through.
            Ok(file) if is_same(&named, &file.metadata()?) => return Ok(file),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
}

/// Whether a file is a regular one with a single name.
fn is_own(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    let names = std::os::unix::fs::MetadataExt::nlink(metadata);
    #[cfg(not(unix))]
    let names = 1;
    metadata.is_file() && names == 1
}

/// Whether two descriptions are of one file, as far as the system tells.
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (a.dev(), a.ino()) == (b.dev(), b.ino())
    }
    #[cfg(not(unix))]
    {
        a.is_file() && b.is_file()
    }
}
