"""ALBERT models on the CPU, with the results of ``transformers.pipeline``.

>>> from albert_edge import pipeline
>>> classify = pipeline("text-classification", model="text-classification.albert")
>>> classify("the river runs north of Paris")
[{'label': 'good', 'score': 0.40855705738067627}]
"""

from ._native import AlbertError, __version__
from .model import Model, Tokenizer
from .pipelines import Pipeline, pipeline
from .prototypes import Prototypes
from .tools import Report, bench, compare, evaluate, fit, quantize, verify_checkpoint

__all__ = [
    "AlbertError",
    "Model",
    "Pipeline",
    "Prototypes",
    "Report",
    "Tokenizer",
    "__version__",
    "bench",
    "compare",
    "evaluate",
    "fit",
    "pipeline",
    "quantize",
    "verify_checkpoint",
]
