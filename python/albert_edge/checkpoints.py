"""Model files for whatever names a model: a file, a checkpoint directory, or a hub id."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from . import _native, _progress

#: Names of the files that a conversion may read.
_SUFFIXES = (".json", ".txt", ".model", ".safetensors", ".bin", ".h5", ".msgpack", ".index")


def cache_directory() -> Path:
    """Where converted models are kept.

    Returns
    -------
    pathlib.Path
        ``ALBERT_EDGE_CACHE``, or ``albert-edge`` in the user's cache directory.
    """
    named = os.environ.get("ALBERT_EDGE_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "albert-edge"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "albert-edge"


def model_file(model: str | os.PathLike[str], *, revision: str | None = None, weights: str = "int8") -> Path:
    """Find the model file for a name, and convert a checkpoint once.

    Parameters
    ----------
    model : str or path
        A model file, a checkpoint directory, or a hub id (``org/name``). A path that exists takes precedence.
    revision : str, optional
        Branch, tag or commit of a hub id.
    weights : str
        What the matrices of a converted checkpoint are stored in.

    Returns
    -------
    pathlib.Path
        The model file. That of a checkpoint lies in :func:`cache_directory` under a hash of the checkpoint's files; when it
        is made, a line on standard error says where it is.

    Raises
    ------
    AlbertError
        When there is no such model, or the checkpoint cannot be converted.
    """
    path = Path(model)
    if path.is_file():
        return path.absolute()
    if path.is_dir():
        checkpoint = path
    elif path.suffix == ".albert" or path.is_absolute():
        raise _native.AlbertError(f"there is no file {os.fspath(model)}")
    else:
        checkpoint = _located(os.fspath(model), revision)
    return _converted(checkpoint, weights)


def _located(name: str, revision: str | None) -> Path:
    with _progress.downloads() as show:
        try:
            return Path(_native.locate(name, revision, show))
        except _native.AlbertError as error:
            raise _native.AlbertError(f"no such path here: {name}; as a hub id: {error}") from None


def _files(checkpoint: Path) -> Iterator[Path]:
    """The files of a checkpoint, and of the folders of its modules."""
    for path in sorted(checkpoint.rglob("*")):
        relative = path.relative_to(checkpoint)
        if any(part.startswith(".") for part in relative.parts) or len(relative.parts) > 2:
            continue
        if path.is_file() and (path.suffix in _SUFFIXES or ".data-" in path.name):
            yield path


def content_hash(checkpoint: Path, weights: str) -> str:
    """Hash of everything that a conversion depends on.

    Parameters
    ----------
    checkpoint : pathlib.Path
        The checkpoint's directory.
    weights : str
        What the matrices are stored in.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    import hashlib

    digest = hashlib.sha256(f"{_native.__version__}\0{weights}\0".encode())
    for path in _files(checkpoint):
        digest.update(f"{path.relative_to(checkpoint).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:32]


def _converted(checkpoint: Path, weights: str) -> Path:
    import tempfile

    from .tools import quantize

    cache = cache_directory()
    file = cache / f"{content_hash(checkpoint, weights)}.albert"
    if file.is_file():
        return file.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    # Another process may convert the same checkpoint: each writes a file of its own, and the last one stays.
    with tempfile.TemporaryDirectory(dir=cache, prefix=".converting-") as folder:
        made = Path(folder) / file.name
        print(f"albert-edge: converting {checkpoint} to {weights}, once", file=sys.stderr)
        quantize(checkpoint, made, weights=weights)
        with contextlib.suppress(FileExistsError):
            os.replace(made, file)
    print(f"albert-edge: converted to {file.absolute()}", file=sys.stderr)
    return file.absolute()
