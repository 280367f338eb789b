"""Sizes of the networks, the work they are, and the input that every engine gets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Geometry:
    """A two-label ALBERT classifier with one shared layer, or a BERT with layers of its own."""

    vocabulary: int
    embedding: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    family: str = "albert"
    #: The mean of all tokens' hidden states as the result, instead of two labels.
    mean: bool = False

    def macs(self, tokens: int, last_layer_rows: int | None = None) -> int:
        """Multiply-accumulate operations of one inference.

        `last_layer_rows` is how many rows the last layer carries on from its keys and values: all for an engine that
        computes everything, 1 for one that computes only what the classifier reads.
        """
        rows = tokens if last_layer_rows is None else last_layer_rows

        def layer(rows: int) -> int:
            keys_values = 2 * tokens * self.hidden**2
            query_output = 2 * rows * self.hidden**2
            feed_forward = 2 * rows * self.hidden * self.intermediate
            attention = 2 * rows * tokens * self.hidden
            return keys_values + query_output + feed_forward + attention

        projection = tokens * self.embedding * self.hidden if self.family == "albert" else 0
        if self.mean:
            return projection + self.layers * layer(tokens)
        pooler = self.hidden**2
        return projection + (self.layers - 1) * layer(tokens) + layer(rows) + pooler


GEOMETRIES = {
    "base": Geometry(vocabulary=30000, embedding=128, hidden=768, intermediate=3072, layers=12, heads=12),
    "tiny": Geometry(vocabulary=8000, embedding=128, hidden=312, intermediate=1248, layers=4, heads=12),
    "bert-base": Geometry(
        vocabulary=30522, embedding=768, hidden=768, intermediate=3072, layers=12, heads=12, family="bert"
    ),
    # multilingual-e5-small.
    "e5-small": Geometry(
        vocabulary=250037, embedding=384, hidden=384, intermediate=1536, layers=12, heads=12, family="bert", mean=True
    ),
}

#: Lengths of the reference logits, and of a run unless told otherwise.
LENGTHS = (8, 16, 32, 64, 128, 256, 512)


def ids(vocabulary: int, tokens: int, sequence: int = 0) -> list[int]:
    """Ids of one sequence of a batch; the Rust workers have the same formula."""
    return [(position * 7919 + sequence * 104729 + 13) % vocabulary for position in range(tokens)]
