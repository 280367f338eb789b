"""Uses that type checkers accept; not run."""

import numpy as np
from numpy.typing import NDArray

from albert_edge import AlbertError, Model, Pipeline, Report, bench, pipeline, quantize

classify: Pipeline = pipeline("text-classification", model="model.albert", top_k=3)
model = Model("model.albert")
vectors: NDArray[np.float32] = model.encode(["a", "b"], normalize=True)
one: NDArray[np.float32] = model.logits("a")
states: list[NDArray[np.float32]] = model.hidden_states(["a"])
ids: list[int] = model.tokenizer("a", truncation=True)["input_ids"]
report: Report = quantize("checkpoint", "out.albert", calibration=["a"])
times: list[dict[str, object]] = list(bench("model.albert", tokens=[8]))
try:
    classify("a")
except AlbertError as error:
    message: str = str(error)
