"""``quantize``, ``fit``, ``evaluate``, ``compare``, ``verify_checkpoint`` and ``bench``: commands of ``albert`` whose results are dictionaries.

Each runs as a process of its own, so that Ctrl-C ends it, and takes the options of the command with underscores for hyphens.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from . import _native
from ._data import Data, row_file

PathLike: TypeAlias = str | os.PathLike[str]


class Report(dict[str, Any]):
    """What a command measured. A notebook shows its page, when one was written.

    Attributes
    ----------
    page : pathlib.Path or None
        The page.
    """

    page: Path | None = None

    def _repr_html_(self) -> str | None:
        if self.page is None:
            return None
        import html

        content = html.escape(self.page.read_text(encoding="utf-8"))
        return f'<iframe srcdoc="{content}" width="100%" height="800" style="border:0"></iframe>'


def _arguments(options: dict[str, Any]) -> list[str]:
    arguments: list[str] = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            arguments.append(option)
        elif isinstance(value, (str, os.PathLike, int, float)):
            arguments.append(f"{option}={value}")
        else:
            arguments += [f"{option}={item}" for item in value]
    return arguments


def _lines(command: str, *positional: PathLike, **options: Any) -> list[dict[str, Any]]:
    """The lines of JSON that a command prints."""
    # Importing the package does not wait for what only this needs.
    import json
    import subprocess

    arguments = [command, "--json", *_arguments(options), "--", *(os.fspath(path) for path in positional)]
    # Progress is for a terminal; what is not one is kept for the message.
    shown = sys.stderr is not None and sys.stderr.isatty()
    ran = subprocess.run(
        [sys.executable, "-m", "albert_edge", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if shown else subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    if ran.returncode not in (0, 1):
        lines = [line for line in (ran.stderr or "").splitlines() if line.startswith("error: ")]
        reason = lines[-1].removeprefix("error: ") if lines else f"albert {command} failed"
        raise _native.AlbertError(reason)
    for line in (ran.stderr or "").splitlines():
        print(line, file=sys.stderr)
    return [json.loads(line) for line in ran.stdout.splitlines()]


def _report(lines: list[dict[str, Any]], page: PathLike | None) -> Report:
    report = Report(lines[-1] if lines else {})
    report.page = None if page is None else Path(page)
    return report


def quantize(
    checkpoint: PathLike,
    output: PathLike,
    *,
    weights: str = "int8",
    calibration: PathLike | Iterable[str] | None = None,
    report: PathLike | None = None,
    data: Data = None,
    **options: Any,
) -> Report:
    """Make a model file from a checkpoint.

    Parameters
    ----------
    checkpoint : str or path
        Checkpoint directory, weights file, or hub id.
    output : str or path
        Model file to write.
    weights : str
        What the matrices are stored in: int8, mixed, int4, fp16 or fp32.
    calibration : list of str or path, optional
        Texts to calibrate integer models on, or a file of them; ``"none"`` to round without. A built-in text by default.
    report : str or path, optional
        Page (HTML) to write, which shows what quantization cost against the checkpoint in fp32.
    data : path or rows, optional
        Rows to measure that on, as for :func:`evaluate`; a built-in text by default.
    **options
        Other options of ``albert quantize``: ``head``, ``budget``, ``embeddings``, ``keep``, ``text_column``,
        ``label_column``, ``labels``, ``revision``, ``base``, ``threads`` ...

    Returns
    -------
    Report
        Sizes and errors of the tensors, and with ``report`` or ``data`` what was measured.

    Raises
    ------
    AlbertError
        When the checkpoint cannot be converted.
    """
    # With a budget the command chooses the formats.
    options.update({} if options.get("budget") is not None else {"weights": weights}, report=report, output=output)
    with _calibration(calibration) as texts, _optional_rows(data, options):
        return _report(_lines("quantize", checkpoint, calibration=texts, **options), report)


@contextmanager
def _calibration(texts: PathLike | Iterable[str] | None) -> Generator[PathLike | None, None, None]:
    if texts is None or isinstance(texts, (str, os.PathLike)):
        yield texts
    else:
        with _rows({"text": text} for text in texts) as file:
            yield file


@contextmanager
def _optional_rows(data: Data, options: dict[str, Any]) -> Generator[None, None, None]:
    """Adds a file of the rows to the options, and the names of their labels unless there are others."""
    if data is None:
        yield
        return
    with row_file(data) as (file, names):
        options["data"] = file
        options.setdefault("labels", names)
        yield


def fit(
    encoder: PathLike,
    data: PathLike | Iterable[dict[str, Any]],
    output: PathLike,
    *,
    head_only: bool = False,
    report: PathLike | None = None,
    **options: Any,
) -> Report:
    """Make a text classifier from a few examples, on a frozen encoder.

    Parameters
    ----------
    encoder : str or path
        Model file, checkpoint directory or hub id; its head is left out.
    data : path or iterable of dict
        A file of JSON lines, ``.csv`` or ``.tsv``, or rows: ``{"text", "label"}``, with ``pair`` where there are two texts.
    output : str or path
        Model file to write, or head file.
    head_only : bool
        Whether the classifier alone is written: ``Model(encoder, head=output)`` uses it.
    report : str or path, optional
        Page (HTML) to write: confusions, reliability, folds.
    **options
        Other options of ``albert fit``: ``pooling``, ``strength``, ``folds``, ``balanced``, ``multi_label``, ``reject``,
        ``out_of_scope_label``, ``portable`` (the same bytes on every machine; slower), ``vocabulary_from``, ``threads`` ...

    Returns
    -------
    Report
        What the rows that were held out say: ``accuracy``, ``macro_f1``, ``calibration_error``, ``confusions`` ...

    Raises
    ------
    AlbertError
        When the encoder, a row or an option is refused.
    """
    options.update(head_only=head_only, report=report, output=output)
    if isinstance(data, (str, os.PathLike)):
        return _report(_lines("fit", encoder, data=data, **options), report)
    with _rows(data) as file:
        return _report(_lines("fit", encoder, data=file, **options), report)


@contextmanager
def _rows(rows: Iterable[dict[str, Any]]) -> Generator[Path, None, None]:
    """A file of rows."""
    import json
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        yield file


def evaluate(
    model: PathLike,
    data: Data,
    *,
    labels: Sequence[str] | dict[str, str] | None = None,
    predictions: PathLike | None = None,
    report: PathLike | None = None,
    **options: Any,
) -> Report:
    """Measure what a model's answers are worth on labelled rows.

    Parameters
    ----------
    model : str or path
        Model file.
    data : path or rows
        A file of JSON lines, ``.csv``, ``.tsv`` or Parquet (by pyarrow), dictionaries, or a ``pyarrow.Table``,
        ``pandas.DataFrame`` or ``datasets.Dataset``. Fields have the names of the public data sets; ``text_column``,
        ``pair_column`` and ``label_column`` name others.
    labels : list or dict, optional
        Names in the order of the data's label numbers, by default those that the data set itself has; or the model's names
        for those of the data.
    predictions : str or path, optional
        File to write: label and answer of each row, as JSON lines.
    report : str or path, optional
        Page (HTML) to write: intervals, reliability, labels, confusions.
    **options
        Other options of ``albert eval``: ``task``, ``head``, ``truncation``, ``max_length``, ``threads``, ``sweep_layers`` ...

    Returns
    -------
    Report
        The figures of the task, each with its 95 % interval.

    Raises
    ------
    AlbertError
        When a row or an option is refused.
    """
    if isinstance(labels, dict):
        labels = [f"{data}={name}" for data, name in labels.items()]
    with row_file(data) as (file, names):
        options.update(data=file, labels=list(labels or names), predictions=predictions, report=report)
        return _report(_lines("eval", model, **options), report)


def compare(
    reference: PathLike, model: PathLike, *, report: PathLike | None = None, data: Data = None, **options: Any
) -> Report:
    """Compare two model files: sizes, weights, hidden states, answers.

    Parameters
    ----------
    reference, model : str or path
        Model files.
    report : str or path, optional
        Page (HTML) to write.
    data : path or rows, optional
        Rows to run both on, as for :func:`evaluate`; a built-in text by default.
    **options
        Other options of ``albert compare``: ``text_column``, ``labels``, ``isa`` ...

    Returns
    -------
    Report
        The differences.

    Raises
    ------
    AlbertError
        When a file is refused.
    """
    with _optional_rows(data, options):
        return _report(_lines("compare", reference, model, report=report, **options), report)


def verify_checkpoint(checkpoint: PathLike, model: PathLike, **options: Any) -> Report:
    """Compare a model file with what transformers computes from its checkpoint. Needs torch and transformers.

    Parameters
    ----------
    checkpoint : str or path
        Checkpoint directory or hub id.
    model : str or path
        Model file.
    **options
        Options of ``albert verify-checkpoint``: ``data``, ``max_abs``, ``min_cosine``, ``min_agreement``, ``rows`` ...

    Returns
    -------
    Report
        ``tokenization`` (texts, and how many have the same tokens), ``outputs`` with their errors, and ``passed``.

    Raises
    ------
    AlbertError
        When torch or transformers is not installed, or a file is refused.
    """
    options.setdefault("python", sys.executable)
    return _report(_lines("verify-checkpoint", checkpoint, model, **options), None)


def bench(model: PathLike, *, tokens: Iterable[int] | None = None, threads: int = 1) -> list[dict[str, Any]]:
    """Measure how long an inference takes.

    Parameters
    ----------
    model : str or path
        Model file.
    tokens : iterable of int, optional
        Lengths of inputs.
    threads : int
        Threads that share an inference.

    Returns
    -------
    list of dict
        ``tokens``, ``threads``, ``isa``, ``median_ms``, ``min_ms`` and ``max_ms`` for each length.

    Raises
    ------
    AlbertError
        When the model does not take inputs of such a length.
    """
    lengths = None if tokens is None else ",".join(map(str, tokens))
    return _lines("bench", model, tokens=lengths, threads=threads)
