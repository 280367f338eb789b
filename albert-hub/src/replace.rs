//! Files that nobody ever sees half of: made under an unpredictable name in the same folder, then moved into place.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use super::HubError;

/// Writes a file. It is on disk when this returns.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), HubError> {
    let folder = folder_of(path)?;
    let written = exclusive(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        persist(file, path)
    });
    written.map_err(|source| HubError::Cache { path: path.to_owned(), source })
}

/// Makes a link to `target`, which is relative to the link, or a copy of it where links take rights that users lack.
pub(super) fn link(path: &Path, target: &Path) -> Result<(), HubError> {
    let folder = folder_of(path)?;
    let linked = Builder::new().make_in(folder, |temporary| symlink(target, temporary));
    // Not every system that makes no links says so: Wine 8 reports success.
    let linked = linked.and_then(|link| fs::metadata(link.path()).map(|_| link));
    let linked = match linked {
        Ok(link) => link.persist(path).map(drop).map_err(|error| error.error),
        Err(_) => exclusive(folder).and_then(|mut file| {
            io::copy(&mut fs::File::open(folder.join(target))?, &mut file)?;
            persist(file, path)
        }),
    };
    linked.map_err(|source| HubError::Cache { path: path.to_owned(), source })
}

/// Moves a finished file into place.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to);
    Ok(())
}

fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(path);
    Ok(())
}

/// A new file that no other process can have opened or linked before.
fn exclusive(folder: &Path) -> io::Result<NamedTempFile> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no permissions to set"))]
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// The folder of a file, made when it is not there.
fn folder_of(path: &Path) -> Result<&Path, HubError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create(folder)?;
    Ok(folder)
}

pub(super) fn create(folder: &Path) -> Result<(), HubError> {
    fs::create_dir_all(folder).map_err(|source| HubError::Cache { path: folder.to_owned(), source })
}

/// Makes a rename durable where the system has a way to ask for it.
fn sync_folder(path: &Path) {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        // The file itself is on disk; a folder that cannot be synchronized loses its name at worst.
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
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
