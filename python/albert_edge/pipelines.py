"""``pipeline``: a task over a model, with the arguments and results of ``transformers.pipeline``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from . import _native, _progress
from ._inputs import as_list, chunks, prompt_chunks
from ._tasks import TASKS, listed, native_options, questions, request, task_name
from .model import Model, Tokenizer

#: Rows of a list or a stream that are under way at once, unless the caller says otherwise.
_ROWS = 256
_MISSING: Any = object()


class Pipeline:
    """A task over a model; :func:`pipeline` makes one.

    May be called from several threads at once. Pickled by the path of the model file.
    """

    def __init__(
        self, task: str, model: Model, *, batch_size: int | None, threads: int | None, options: dict[str, Any]
    ) -> None:
        self._model = model
        self._batch_size = batch_size
        self._threads = threads
        self._native = _native.Pipeline(model._native, task, threads)
        self._form = TASKS[self._native.task]
        fields = {name: listed(name, options.pop(name)) for name in self._form.fields if name in options}
        self._fields = fields
        self._options = options
        model._native.check(self.task, native_options(self.task, options))

    def __reduce__(self) -> tuple[Any, ...]:
        options = {**self._options, **self._fields}
        head = self._model.head
        beside = None if head is None else os.fspath(head)
        return _open, (self.task, os.fspath(self._model.path), beside, self._batch_size, self._threads, options)

    def __repr__(self) -> str:
        return f"Pipeline({self.task!r}, {self._model!r})"

    @property
    def task(self) -> str:
        """Name of the task."""
        return self._native.task

    @property
    def model(self) -> Model:
        """The model."""
        return self._model

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return self._model.tokenizer

    def __call__(
        self,
        inputs: Any = _MISSING,
        /,
        *more: Any,
        batch_size: int | None = None,
        progress: bool = False,
        **arguments: Any,
    ) -> Any:
        """Run the task.

        Parameters
        ----------
        inputs : str, dict, list, array or iterable
            A text, a pair as ``{"text", "text_pair"}``, or a dictionary with the fields of the task; a list of them, a column
            of a data set, or an array of Arrow, NumPy or pandas. For any other iterable, such as a generator or a dataset, results are yielded as
            they come and memory is bounded.
        *more
            Further fields by position: candidate labels, or the context of a question.
        batch_size : int, optional
            Rows that are under way at once: 256 by default, or for a stream those that arrive within 20 ms. Results do not
            depend on it.
        progress : bool
            Whether a bar shows how many rows are done, when tqdm is installed.
        **arguments
            Fields and options of the task, in place of those that the pipeline was made with.

        Returns
        -------
        list, dict, numpy.ndarray or iterator
            What ``transformers.pipeline`` returns for the same call; an iterator for a stream.

        Raises
        ------
        AlbertError
            When an input or an option is refused; the message tells the row.
        """
        names = iter(self._form.fields if inputs is not _MISSING else ())
        if self.task == "question-answering" and more:
            arguments["question"], inputs = inputs, _MISSING
            names = iter(("context",))
        arguments.update(zip(names, more, strict=False))
        inputs = _first_of(arguments, inputs)
        given = {name: arguments.pop(name) for name in self._form.fields if name in arguments}
        if self.task == "question-answering" and "question" in given:
            inputs = questions(given.pop("question"), given.pop("context", ()))
        if inputs is _MISSING:
            raise TypeError("there is no input")
        fields = {**self._fields, **{name: listed(name, value) for name, value in given.items()}}
        call = _Call(self, fields, {**self._options, **arguments})
        size = batch_size or self._batch_size
        if isinstance(inputs, (str, dict)):
            answer = call.run(inputs)
            wraps = isinstance(inputs, str) and not given and self._form.wraps_text(arguments)
            return [answer] if wraps else answer
        rows = as_list(inputs)
        if rows is None:
            return call.stream(iter(inputs), size, progress, inputs)
        with _progress.rows(progress, len(rows)) as done:
            answers: list[Any] = []
            for chunk in chunks(rows, size or _ROWS):
                answers += call.run_batch(chunk, len(answers))
                done(len(chunk))
        return answers[0] if self._form.unwraps_one and len(answers) == 1 else answers


def _first_of(arguments: dict[str, Any], inputs: Any) -> Any:
    """The inputs, which may have the names of other pipelines."""
    for name in ("inputs", "sequences", "text", "texts"):
        if inputs is _MISSING and name in arguments:
            return arguments.pop(name)
    return inputs


class _Call:
    """The options of a call."""

    def __init__(self, pipeline: Pipeline, fields: dict[str, Any], options: dict[str, Any]) -> None:
        self._pipeline = pipeline
        self._fields = fields
        self._options = options
        self._native_options = native_options(pipeline.task, options)

    def _present(self, response: Any) -> Any:
        return self._pipeline._form.present(response, self._options)

    def run(self, row: Any) -> Any:
        wanted = request(self._pipeline.task, row, self._fields)
        return self._present(self._pipeline._native.run(wanted, self._native_options))

    def run_batch(self, rows: list[Any], first: int) -> list[Any]:
        wanted: list[Any] = []
        for row in rows:
            try:
                wanted.append(request(self._pipeline.task, row, self._fields))
            except _native.AlbertError as error:
                raise _native.AlbertError(f"row {first + len(wanted)}: {error}") from None
        responses = self._pipeline._native.run_batch(wanted, self._native_options, first)
        return [self._present(response) for response in responses]

    def stream(self, rows: Iterator[Any], size: int | None, progress: bool, source: Iterable[Any]) -> Iterator[Any]:
        total = len(source) if hasattr(source, "__len__") else None  # type: ignore[arg-type] # pyright: ignore
        first = 0
        with _progress.rows(progress, total) as done:
            for chunk in chunks(rows, size) if size else prompt_chunks(rows, _ROWS):
                yield from self.run_batch(chunk, first)
                first += len(chunk)
                done(len(chunk))


def pipeline(
    task: str | None = None,
    model: str | os.PathLike[str] | Model | None = None,
    *,
    revision: str | None = None,
    weights: str = "int8",
    batch_size: int | None = None,
    threads: int | None = None,
    head: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Pipeline:
    """Make a task over a model.

    Parameters
    ----------
    task : str, optional
        ``text-classification``, ``zero-shot-classification``, ``token-classification``, ``question-answering``,
        ``fill-mask``, ``feature-extraction``, ``sentence-embedding``, ``sentence-order``, ``multiple-choice`` or
        ``reranking``; ``sentiment-analysis`` and ``ner`` are other names of the first and third. By default what the model is
        made for.
    model : str, path or Model
        A model file, or a checkpoint directory or hub id, which is converted once and kept.
    revision : str, optional
        Branch, tag or commit of a hub id.
    weights : str
        What the matrices of a checkpoint are converted to: int8, mixed, int4, fp16 or fp32.
    batch_size : int, optional
        Rows that are under way at once; see :meth:`Pipeline.__call__`.
    threads : int, optional
        Most threads of a call; all cores by default. Results do not depend on it.
    head : str or path, optional
        A head file of :func:`fit`, which takes the place of the model's own head. A `Model` has its own.
    **options
        Options of the task, with the names of ``transformers.pipeline``: ``top_k``, ``function_to_apply``,
        ``aggregation_strategy``, ``ignore_labels``, ``stride``, ``candidate_labels``, ``hypothesis_template``,
        ``multi_label``, ``targets``, ``doc_stride``, ``max_seq_len``, ``max_answer_len``, ``handle_impossible_answer``,
        ``align_to_words``, ``truncation``, ``max_length``, ``return_tensors``, ``normalize``.

    Returns
    -------
    Pipeline
        Call it with texts.

    Raises
    ------
    AlbertError
        When the model cannot be opened or does not serve the task, or for an option that the task does not have.

    Examples
    --------
    >>> from albert_edge import pipeline
    >>> classify = pipeline("text-classification", model="text-classification.albert")
    >>> [row["label"] for row in classify("漢字 🌊 sea", top_k=2)]
    ['good', 'so-so']
    >>> [row["label"] for row in classify(["the sea", "Paris"])]
    ['good', 'good']
    >>> fill = pipeline("fill-mask", model="fill-mask.albert", top_k=1)
    >>> fill("the [MASK] runs north")[0]["token_str"]
    'paris'
    """
    if model is None:
        raise TypeError("pipeline() needs a model: a model file, a checkpoint directory or a hub id")
    if isinstance(model, Model):
        if head is not None:
            raise TypeError("give the head to Model(), which is open already")
        opened = model
    else:
        opened = Model(model, revision=revision, weights=weights, threads=threads, head=head)
    name = task_name(task or opened.tasks[0])
    return Pipeline(name, opened, batch_size=batch_size, threads=threads, options=options)


def _open(
    task: str, path: str, head: str | None, batch_size: int | None, threads: int | None, options: dict[str, Any]
) -> Pipeline:
    return pipeline(task, path, head=head, batch_size=batch_size, threads=threads, **options)
