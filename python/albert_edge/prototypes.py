"""Labels that are taught while a program runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _native

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Prototypes:
    """Labels by the means of their examples' embeddings; a new text has the label of the nearest mean.

    May be used from several threads at once, and is pickled. The same examples in the same order give the same bytes on every
    machine; a device that runs the C or Rust library reads them.

    Parameters
    ----------
    labels : int
        Most labels; they are numbers from 0.
    width : int
        Elements of an embedding.

    Raises
    ------
    AlbertError
        When that is more memory than there is.

    Examples
    --------
    >>> from albert_edge import Model, Prototypes
    >>> model = Model("encoder.albert")
    >>> commands = Prototypes(2, len(model.encode("the sea")))
    >>> commands.add(0, model.encode("the river runs to the sea"))
    >>> commands.add(1, model.encode("Anna lives in London"))
    >>> label, cosine = commands.nearest(model.encode("who lives in London"))
    >>> Prototypes.from_bytes(commands.to_bytes()).examples(1)
    1
    """

    def __init__(self, labels: int, width: int) -> None:
        self._native = _native.Prototypes(labels, width)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Prototypes:
        """Restore what :meth:`to_bytes` gave, here or on a device.

        Raises
        ------
        AlbertError
            When the bytes are others, or damaged.
        """
        new = cls.__new__(cls)
        new._native = _native.Prototypes.from_bytes(stored)
        return new

    def to_bytes(self) -> bytes:
        """The bytes to keep."""
        return self._native.to_bytes()

    def __reduce__(self) -> tuple[Any, ...]:
        return Prototypes.from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        return f"Prototypes({self.labels}, {self.width})"

    @property
    def labels(self) -> int:
        """Labels that there is memory for."""
        return self._native.labels

    @property
    def width(self) -> int:
        """Elements of an embedding."""
        return self._native.width

    def examples(self, label: int) -> int:
        """Examples that a label was taught with."""
        return self._native.examples(label)

    def add(self, label: int, embedding: ArrayLike) -> None:
        """Teach a label one more example.

        Parameters
        ----------
        label : int
            The label.
        embedding : array_like
            Its embedding, of any length but zero.

        Raises
        ------
        AlbertError
            For another label or width, or an embedding without direction; nothing is changed then.
        """
        self._native.add(label, _vector(embedding))

    def forget(self, label: int) -> None:
        """Forget all examples of a label."""
        self._native.forget(label)

    def nearest(self, embedding: ArrayLike) -> tuple[int, float] | None:
        """Find the label whose mean is nearest.

        Parameters
        ----------
        embedding : array_like
            An embedding.

        Returns
        -------
        tuple of int and float, or None
            The label, the first of equals, and the cosine from -1 to 1; None when no label has been taught.
        """
        return self._native.nearest(_vector(embedding))


def _vector(embedding: ArrayLike) -> NDArray[Any]:
    import numpy as np

    return np.ascontiguousarray(embedding, dtype=np.float32)
