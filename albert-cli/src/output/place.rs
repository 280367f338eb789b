//! Where a file goes, and how it gets there.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use albert_core::format::layout::{HEAD_MAGIC, INDEX_MAGIC, MAGIC};
use tempfile::Builder;

use crate::error::{Error, Result};

/// Most links on the way to a file.
const MOST_LINKS: usize = 40;
/// How a temporary file's name begins.
const PREFIX: &str = ".albert-unfinished-";

/// The folder of a file.
fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file that a path leads to, which need not be there, with no link on the way.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder(&path).join(target),
            Err(_) => {
                let name = path.file_name().ok_or(ErrorKind::InvalidFilename)?;
                return Ok(folder(&path).canonicalize()?.join(name));
            }
        }
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "too many links"))
}

/// Checks that a file can be made in the folder; nothing of it is left.
pub(super) fn probe(file: &Path) -> io::Result<()> {
    tempfile::tempfile_in(folder(file)).map(|_| ())
}

/// Whether two paths are one file; hard links are.
pub(super) fn is_same(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (fs::metadata(a), fs::metadata(b)) {
        use std::os::unix::fs::MetadataExt;
        // A device or pipe may be read and written.
        return a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Whether a file lies in a folder or below.
pub(super) fn lies_in(file: &Path, folder: &Path) -> bool {
    folder.canonicalize().is_ok_and(|folder| file.starts_with(folder))
}

/// Whether a file is there that is neither a model, head or index file nor a page or drawing of this program.
pub(super) fn is_foreign(file: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    let is_model = File::open(file).and_then(|mut file| file.read_exact(&mut magic)).is_ok()
        && [MAGIC, HEAD_MAGIC, INDEX_MAGIC].contains(&magic);
    let is_page = file.extension().is_some_and(|extension| extension == "html" || extension == "svg");
    file.exists() && !is_model && !is_page
}

/// Whether a regular file is standard output.
pub(super) fn is_standard_output(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        use std::os::unix::fs::MetadataExt;
        let own = io::stdout().as_fd().try_clone_to_owned().and_then(|own| File::from(own).metadata());
        own.is_ok_and(|own| (own.dev(), own.ino()) == (metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// Checks that a special file can be written through: a character device that is no terminal, or a pipe.
pub(super) fn check_stream(path: &Path, metadata: &Metadata) -> Result<()> {
    let refuse = |why: &str| Err(Error::new(format_args!("{} is {why}; give the name of a file", path.display())));
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_block_device() {
            return refuse("a block device");
        }
        if kind.is_socket() {
            return refuse("a socket");
        }
        let is_terminal = || {
            use std::io::IsTerminal;
            fs::OpenOptions::new().write(true).open(path).is_ok_and(|file| file.is_terminal())
        };
        // Standard output has the summary, too.
        if (kind.is_fifo() && is_standard_output(metadata)) || (kind.is_char_device() && is_terminal()) {
            return refuse("where the summary goes");
        }
        Ok(())
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        refuse("no regular file")
    }
}

/// Puts a file with these bytes in the place of `file`, all at once.
pub(super) fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let permissions = fs::metadata(file).ok().map(|metadata| metadata.permissions());
    let fill = |mut new: &File| {
        new.write_all(bytes)?;
        if let Some(permissions) = &permissions {
            new.set_permissions(permissions.clone())?;
        }
        new.sync_all()
    };
    #[cfg(target_os = "linux")]
    if let Some(new) = unnamed::create(folder(file))? {
        fill(&new)?;
        if unnamed::name(&new, file)? {
            return sync_folder(file);
        }
    }
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let new = builder.tempfile_in(folder(file))?;
    fill(new.as_file())?;
    new.persist(file)?;
    sync_folder(file)
}

/// Has the file's name written to the disk, where folders can be.
fn sync_folder(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder(file)) {
        // Some file systems have no such thing; the file is there.
        folder.sync_all().unwrap_or_default();
    }
    let _ = file;
    Ok(())
}

/// Files without a name: nothing of them is left, however the program ends.
#[cfg(target_os = "linux")]
mod unnamed {
    use super::{Builder, ErrorKind, File, PREFIX, Path, folder, fs, io};
    use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, flock, linkat, openat};
    use rustix::io::Errno;
    use std::os::fd::AsRawFd;

    /// A file in the folder; `None` where the file system has no such files.
    pub(super) fn create(folder: &Path) -> io::Result<Option<File>> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        match openat(CWD, folder, flags, Mode::from_raw_mode(0o666)) {
            Ok(file) => Ok(Some(file.into())),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the file its name, in place of what has it; false when this system cannot.
    pub(super) fn name(new: &File, file: &Path) -> io::Result<bool> {
        let from = format!("/proc/self/fd/{}", new.as_raw_fd());
        let link = |to: &Path| linkat(CWD, &*from, CWD, to, AtFlags::SYMLINK_FOLLOW).map_err(io::Error::from);
        match link(file) {
            Ok(()) => return Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(_) => return Ok(false),
        }
        // A link cannot replace a file; it is renamed from another name at once. A program that is killed between the two leaves
        // that name: the lock tells the next one whether somebody is still at it.
        let lock = FlockOperation::NonBlockingLockExclusive;
        if flock(new, lock).is_ok() {
            remove_left(folder(file));
        }
        let named = Builder::new().prefix(PREFIX).make_in(folder(file), link)?;
        named.into_temp_path().persist(file)?;
        Ok(true)
    }

    /// Letters that `tempfile` puts behind a prefix.
    const LETTERS: usize = 6;

    /// Removes names in a folder that killed programs have left there.
    fn remove_left(folder: &Path) {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let named = name.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == LETTERS);
            if named
                && let Ok(left) =
                    openat(CWD, &path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK, Mode::empty())
                && flock(&left, FlockOperation::NonBlockingLockExclusive).is_ok()
            {
                // Nobody holds it. When that fails, it stays, as it would have.
                let _ = fs::remove_file(&path);
            }
        }
    }
}
