"""Streams, threads, processes, interrupts, errors."""

from __future__ import annotations

import concurrent.futures
import importlib.metadata
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support import CLASSIFIER, CONFORMANCE, FIXTURES

import albert_edge
from albert_edge import AlbertError, Model, Pipeline, bench, compare, pipeline, quantize

TEXTS = [f"the river runs north of Paris {number}" for number in range(100)]


@pytest.fixture
def classify() -> Pipeline:
    return pipeline("text-classification", CLASSIFIER)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A model whose inference takes some milliseconds."""
    file = tmp_path / "large.albert"
    arguments = ["synth", "-o", str(file), "--geometry", "tiny", "--head", "none"]
    subprocess.run([sys.executable, "-m", "albert_edge", *arguments], check=True, capture_output=True)
    return file


def test_stream_is_lazy_and_bounded(classify: Pipeline) -> None:
    drawn = 0

    def texts() -> Iterator[str]:
        nonlocal drawn
        for text in TEXTS * 1000:
            drawn += 1
            yield text

    results = classify(texts(), batch_size=16)
    assert drawn == 0
    for taken in range(1, 200):
        next(results)
        assert drawn <= taken + 16
    results.close()


def test_slow_stream_is_answered_at_once(classify: Pipeline) -> None:
    sent = threading.Event()

    def texts() -> Iterator[str]:
        yield "the sea"
        time.sleep(0.05)
        yield "Paris"
        # Never reached unless the first two were answered.
        assert sent.wait(10)
        yield "the river"

    results = classify(texts())
    assert [next(results)["label"] for _ in range(2)]
    sent.set()
    assert len(list(results)) == 1


def test_stream_of_any_length_has_the_same_answers(classify: Pipeline) -> None:
    wanted = [classify({"text": text}) for text in TEXTS]
    assert classify(TEXTS) == wanted
    assert list(classify(iter(TEXTS))) == wanted
    assert classify(TEXTS, batch_size=7) == wanted
    assert classify(np.array(TEXTS, dtype=object)) == wanted
    assert pipeline("text-classification", CLASSIFIER, threads=1)(TEXTS) == wanted


def test_arrow_arrays(classify: Pipeline) -> None:
    arrow = pytest.importorskip("pyarrow")
    wanted = classify(TEXTS)
    assert classify(arrow.array(TEXTS)) == wanted
    assert classify(arrow.chunked_array([TEXTS[:50], TEXTS[50:]])) == wanted
    assert np.array_equal(Model(CLASSIFIER).logits(arrow.array(TEXTS)), Model(CLASSIFIER).logits(TEXTS))


def test_pickle_by_path(classify: Pipeline) -> None:
    copy = pickle.loads(pickle.dumps(pipeline("text-classification", CLASSIFIER, top_k=2)))
    assert copy(["the sea"]) == classify(["the sea"], top_k=2)
    data = pickle.dumps(classify)
    assert len(data) < 500
    model = pickle.loads(pickle.dumps(Model(CLASSIFIER)))
    assert model.labels == ["bad", "so-so", "good"]


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_process_pool(classify: Pipeline, method: str) -> None:
    import multiprocessing

    wanted = classify(TEXTS)
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        found = list(pool.map(classify, [TEXTS[:50], TEXTS[50:]], timeout=60))
    assert found[0] + found[1] == wanted


def test_fork_after_use(large: Path) -> None:
    """A forked process has none of the threads that the engine had started."""
    model = Model(large)
    wanted = run_ids(model)
    child = os.fork()
    if child == 0:
        os._exit(0 if run_ids(model) == wanted else 1)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            assert status == 0
            return
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the forked process hangs")


def run_ids(model: Model) -> bytes:
    """An inference on ids: synthetic models have no tokenizer."""
    run = pipeline("feature-extraction", model)
    ids = list(range(5, 60))
    return run({"input_ids": ids}, return_tensors=True).tobytes()


def test_threads_run_side_by_side(large: Path) -> None:
    """While one thread computes, another one runs Python code."""
    run = pipeline("feature-extraction", large, threads=1)
    ids = {"input_ids": [7] * 500}
    run(ids, return_tensors=True)
    inside = threading.Event()
    done = threading.Event()

    def compute() -> None:
        inside.set()
        run([ids] * 200, return_tensors=True)
        done.set()

    thread = threading.Thread(target=compute)
    thread.start()
    inside.wait()
    ticks = 0
    started = time.monotonic()
    while not done.is_set():
        time.sleep(0.001)
        ticks += 1
    elapsed = time.monotonic() - started
    thread.join()
    # With the lock held there would be one tick or two.
    assert ticks > 20, f"{ticks} in {elapsed} s"


def test_two_threads_compute_at_once(large: Path) -> None:
    """Both are under way at the same time: each finishes a call while the other's is open."""
    run = pipeline("feature-extraction", large, threads=1)
    row = {"input_ids": [7] * 300}
    spans: dict[int, list[tuple[float, float]]] = {0: [], 1: []}
    barrier = threading.Barrier(2)

    def compute(index: int) -> None:
        barrier.wait()
        for _ in range(30):
            started = time.monotonic()
            run(row, return_tensors=True)
            spans[index].append((started, time.monotonic()))

    threads = [threading.Thread(target=compute, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    overlaps = sum(a < d and c < b for a, b in spans[0] for c, d in spans[1])
    assert overlaps > 5


# A shell's background jobs are started with the signal ignored, and Python leaves it like that.
INTERRUPTED = """
import signal, sys
from albert_edge import pipeline
signal.signal(signal.SIGINT, signal.default_int_handler)
run = pipeline("feature-extraction", sys.argv[1], threads=int(sys.argv[2]))
row = {"input_ids": [7] * 500}
print("ready", flush=True)
try:
    run([row] * 100000, return_tensors=True, batch_size=100000)
except KeyboardInterrupt:
    print("interrupted", flush=True)
assert run(row, return_tensors=True).shape[1] == 500
print("usable", flush=True)
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_keyboard_interrupt(large: Path, threads: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(large), threads]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(1.0)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - started < 5
        assert process.stdout.readline() == "usable\n"
        assert process.wait(30) == 0


def test_errors(classify: Pipeline, tmp_path: Path) -> None:
    assert issubclass(AlbertError, ValueError)
    with pytest.raises(AlbertError, match="text-classification has no option|unknown field"):
        pipeline("text-classification", CLASSIFIER, aggregation_strategy="simple")
    with pytest.raises(AlbertError, match="fill-mask needs another head"):
        pipeline("fill-mask", CLASSIFIER)
    with pytest.raises(AlbertError, match="row 258: the text is empty"):
        classify(["a"] * 258 + [""] + ["a"] * 300)
    with pytest.raises(AlbertError, match="row 1: expected a text or a dictionary, not int"):
        classify(["a", 7])
    with pytest.raises(AlbertError, match="no file"):
        pipeline(model="missing.albert")
    with pytest.raises(AlbertError, match="tokens, more than"):
        classify("the sea " * 1000)
    assert classify("the sea " * 1000, truncation=True)
    (tmp_path / "damaged.albert").write_bytes(b"x" * 1000)
    with pytest.raises(AlbertError, match="no ALBERT model file"):
        Model(tmp_path / "damaged.albert")
    with pytest.raises(AlbertError, match="row 1: expected a text"):
        Model(CLASSIFIER).logits(["a", None])  # type: ignore[list-item]


def test_checkpoint_is_converted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path / "cache"))
    checkpoint = FIXTURES / "trained" / "snips-slots"
    first = Model(checkpoint)
    said = capfd.readouterr().err
    assert str(first.path) in said and first.path.parent == tmp_path / "cache"
    again = Model(checkpoint)
    assert again.path == first.path and capfd.readouterr().err == ""
    assert Model(checkpoint, weights="fp32").path != first.path
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".albert"] * 2


def test_commands(tmp_path: Path) -> None:
    output = tmp_path / "model.albert"
    page = tmp_path / "report.html"
    made = quantize(FIXTURES / "trained" / "snips-slots", output, calibration=["the sea", "the river"], report=page)
    assert output.stat().st_size == made["model_bytes"] and made.page == page
    assert (made._repr_html_() or "").startswith("<iframe")
    rows = [{"words": ["play", "some", "jazz"], "slots": ["O", "O", "B-genre"]}]
    measured = quantize(FIXTURES / "trained" / "snips-slots", output, weights="int4", data=rows, label_column="slots")["cost"]
    assert measured["measures"]["inputs"] == 1 and measured["accuracy"]["rows"] == 1
    assert measured["measures"]["changes"]["right"]["labelled"] <= 3
    with pytest.raises(AlbertError, match="missing"):
        quantize(tmp_path / "missing", output)
    assert compare(CLASSIFIER, CONFORMANCE / "text-classification-int4.albert")["tensors"]
    assert [row["tokens"] for row in bench(CLASSIFIER, tokens=[8])] == [8]
    version = subprocess.run([sys.executable, "-m", "albert_edge", "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.split() == ["albert", albert_edge.__version__]


def imported_by(module: str) -> set[str]:
    """The modules that an import loads."""
    code = f"import sys; before = set(sys.modules); import {module}; print(*set(sys.modules) - before)"
    return set(subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_is_lean() -> None:
    """Numbers of modules stand for the time, which is not the same twice."""
    own, other = imported_by("albert_edge"), imported_by("numpy")
    assert not own & {"numpy", "tqdm", "json", "subprocess", "tempfile", "inspect", "asyncio", "socket"}
    assert len(own) < len(other) / 2, f"{sorted(own)}"


def test_numpy_is_the_only_dependency() -> None:
    needed = [name for name in importlib.metadata.requires("albert-edge") or [] if "extra ==" not in name]
    assert [name.partition(">")[0] for name in needed] == ["numpy"]
