"""Packs FOLDER into ARCHIVE (.tar.gz or .zip) and writes SHA256SUMS of all archives beside it.

The same files give the same bytes: names are sorted, owners are left out, and every time is TIME, in seconds since 1970.
"""

import gzip
import hashlib
import pathlib
import sys
import tarfile
import time
import zipfile

folder, archive, seconds = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())


def mode(path: pathlib.Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


if archive.suffix == ".zip":
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in paths:
            entry = zipfile.ZipInfo(str(path.relative_to(folder.parent)), time.gmtime(seconds)[:6])
            entry.external_attr, entry.compress_type = (0o100000 | mode(path)) << 16, zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())
else:
    with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=seconds) as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as packed:
            for path in paths:
                entry = packed.gettarinfo(path, str(path.relative_to(folder.parent)))
                entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime = 0, 0, "", "", seconds
                if not path.is_symlink():
                    entry.mode = mode(path)
                packed.addfile(entry, open(path, "rb") if entry.isfile() else None)

with open(archive.parent / "SHA256SUMS", "w") as sums:
    for path in sorted(archive.parent.glob("albert-edge-*")):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}", file=sums)
