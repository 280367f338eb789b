"""A model's numbers as NumPy arrays, and its tokenizer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from . import _native
from ._inputs import is_text, texts_of, truncation_name
from .checkpoints import model_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


class Model:
    """A model file, mapped into memory.

    Processes that open the same file share its pages. A model may be used from several threads at once, and is pickled by
    the path of its file.

    Parameters
    ----------
    model : str or path
        A model file, or a checkpoint directory or hub id, which is converted once and kept.
    revision : str, optional
        Branch, tag or commit of a hub id.
    weights : str
        What the matrices of a checkpoint are converted to: int8, mixed, int4, fp16 or fp32.
    threads : int, optional
        Most threads of a call; all cores by default. Results do not depend on it.
    head : str or path, optional
        A head file of :func:`fit`, which takes the place of the model's own head.

    Raises
    ------
    AlbertError
        When there is no such model, a file is not valid, or the head was fitted on another encoder.

    Examples
    --------
    >>> from albert_edge import Model
    >>> model = Model("text-classification.albert")
    >>> model.labels
    ['bad', 'so-so', 'good']
    >>> model.config["head"]
    'sequence-classification'
    >>> model.logits(["the sea", "Paris"]).shape
    (2, 3)
    >>> model.encode("the sea", normalize=True).shape == (model.config["hidden_size"],)
    True
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        revision: str | None = None,
        weights: str = "int8",
        threads: int | None = None,
        head: str | os.PathLike[str] | None = None,
    ) -> None:
        self._path = model_file(model, revision=revision, weights=weights)
        self._head = None if head is None else Path(head)
        self._threads = threads
        self._native = _native.Model(self._path, threads, self._head)

    def __reduce__(self) -> tuple[Any, ...]:
        head = None if self._head is None else os.fspath(self._head)
        return _open, (os.fspath(self._path), self._threads, head)

    def __repr__(self) -> str:
        return f"Model({os.fspath(self._path)!r})"

    @property
    def path(self) -> Path:
        """The model file."""
        return self._path

    @property
    def head(self) -> Path | None:
        """The head file, when there is one beside the model."""
        return self._head

    @property
    def config(self) -> dict[str, Any]:
        """Geometry, under the names of the Hugging Face configuration, with ``precision`` and ``head``."""
        return self._native.config

    @property
    def labels(self) -> list[str]:
        """Names of the labels."""
        return self._native.labels

    @property
    def tasks(self) -> list[str]:
        """Tasks that the model serves, the one that it is made for first."""
        return self._native.tasks

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens, special tokens included."""
        return self._native.max_tokens

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer."""
        return Tokenizer(self)

    def verify_checksum(self) -> None:
        """Compare the file's checksum with its bytes.

        Raises
        ------
        AlbertError
            When the file is damaged.
        """
        self._native.verify_checksum()

    def encode(
        self,
        texts: str | Iterable[str],
        *,
        normalize: bool = False,
        truncation: bool | str = False,
        max_length: int | None = None,
    ) -> Array:
        """Embed texts, by the model's own recipe or the mean of their hidden states.

        Parameters
        ----------
        texts : str or iterable of str
            One text, or a list, NumPy array, pandas series or Arrow array.
        normalize : bool
            Whether vectors are scaled to length 1 also when the model's own recipe does not.
        truncation : bool or str
            Whether a text that is too long is cut; it is refused by default.
        max_length : int, optional
            Most tokens of a text, when that is less than the model takes.

        Returns
        -------
        numpy.ndarray
            float32, ``[width]`` for one text and ``[texts, width]`` for several.
        """
        limits = truncation_name(truncation), max_length
        found = self._native.encode(texts_of(texts), normalize, *limits)
        result: Array = found[0] if is_text(texts) else found
        return result

    @overload
    def logits(self, texts: str, *, truncation: bool | str = False, max_length: int | None = None) -> Array: ...
    @overload
    def logits(
        self, texts: Iterable[str], *, truncation: bool | str = False, max_length: int | None = None
    ) -> Array | list[Array]: ...
    def logits(
        self, texts: str | Iterable[str], *, truncation: bool | str = False, max_length: int | None = None
    ) -> Array | list[Array]:
        """Logits of the classifier, the same bits as everywhere.

        Parameters
        ----------
        texts : str or iterable of str
            One text or several.
        truncation : bool or str
            Whether a text that is too long is cut; it is refused by default.
        max_length : int, optional
            Most tokens of a text, when that is less than the model takes.

        Returns
        -------
        numpy.ndarray or list of numpy.ndarray
            float32, ``[labels]`` for one text and ``[texts, labels]`` for several. Heads over tokens give
            ``[tokens, labels]`` for each text, special tokens included.
        """
        rows = self._native.logits(texts_of(texts), truncation_name(truncation), max_length)
        over_tokens = self.config["head"] in ("token-classification", "question-answering")
        if is_text(texts):
            return rows[0] if over_tokens else rows[0][0]
        if over_tokens:
            return rows
        import numpy as np

        return np.concatenate(rows) if rows else np.empty((0, self.config["num_labels"]), np.float32)

    @overload
    def hidden_states(  # type: ignore[overload-overlap]
        self, texts: str, *, truncation: bool | str = False, max_length: int | None = None
    ) -> Array: ...
    @overload
    def hidden_states(
        self, texts: Iterable[str], *, truncation: bool | str = False, max_length: int | None = None
    ) -> list[Array]: ...
    def hidden_states(
        self, texts: str | Iterable[str], *, truncation: bool | str = False, max_length: int | None = None
    ) -> Array | list[Array]:
        """Last hidden states of all tokens, copied once.

        Parameters
        ----------
        texts : str or iterable of str
            One text or several.
        truncation : bool or str
            Whether a text that is too long is cut; it is refused by default.
        max_length : int, optional
            Most tokens of a text, when that is less than the model takes.

        Returns
        -------
        numpy.ndarray or list of numpy.ndarray
            float32, ``[tokens, hidden_size]`` for each text.
        """
        rows = self._native.hidden_states(texts_of(texts), truncation_name(truncation), max_length)
        return rows[0] if is_text(texts) else rows


def _open(path: str, threads: int | None, head: str | None) -> Model:
    return Model(path, threads=threads, head=head)


class Tokenizer:
    """The tokenizer of a model, with the results of the checkpoint's own.

    Parameters
    ----------
    model : Model
        The model.

    Examples
    --------
    >>> from albert_edge import Model
    >>> tokenizer = Model("text-classification.albert").tokenizer
    >>> tokenizer("the sea")["input_ids"]
    [2, 6, 23, 3]
    >>> tokenizer.decode([2, 6, 23, 3], skip_special_tokens=True)
    'the sea'
    >>> tokenizer.tokenize("the sea")
    ['▁the', '▁sea']
    """

    def __init__(self, model: Model) -> None:
        self._native = _native.Tokenizer(model._native)

    def __call__(
        self,
        text: str,
        text_pair: str | None = None,
        *,
        add_special_tokens: bool = True,
        truncation: bool | str = False,
        max_length: int | None = None,
    ) -> dict[str, Any]:
        """Encode a text or a pair.

        Parameters
        ----------
        text, text_pair : str
            One text or two.
        add_special_tokens : bool
            Whether ``[CLS]`` and ``[SEP]`` are added.
        truncation : bool or str
            How a text that is too long is cut.
        max_length : int, optional
            Most tokens.

        Returns
        -------
        dict
            ``input_ids``, ``token_type_ids``, ``attention_mask``, ``offset_mapping`` (in code points),
            ``special_tokens_mask`` and ``word_ids``.
        """
        return self._native.encode(text, text_pair, add_special_tokens, truncation_name(truncation), max_length)

    def tokenize(self, text: str) -> list[str]:
        """Tokens of a text, without special ones."""
        return self.convert_ids_to_tokens(self(text, add_special_tokens=False)["input_ids"])

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        """Text that ids stand for."""
        return self._native.decode(list(ids), skip_special_tokens)

    def convert_tokens_to_ids(self, tokens: Sequence[str]) -> list[int | None]:
        """Ids of tokens; that of the unknown token for those that are not in the vocabulary."""
        found = (self._native.token_to_id(token) for token in tokens)
        unknown = self._native.special_ids["unk"]
        return [unknown if id is None else id for id in found]

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """Tokens of ids; empty for ids that there are not."""
        return [self._native.id_to_token(id) or "" for id in ids]

    @property
    def vocab_size(self) -> int:
        """Number of tokens, added ones included."""
        return self._native.vocab_size

    @property
    def mask_token_id(self) -> int | None:
        """Id of the mask token."""
        return self._native.special_ids["mask"]

    @property
    def mask_token(self) -> str | None:
        """The mask token."""
        mask = self.mask_token_id
        return None if mask is None else self._native.id_to_token(mask)
