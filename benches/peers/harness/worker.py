"""A worker process: started pinned to its cores, then asked for one burst after another."""

import json
import os
import subprocess
import sys
import tempfile
import time

from . import cap
from .engines import Case, environment
from .layout import Layout

#: A worker that has not answered by then is given up.
START_SECONDS = 300


class WorkerError(Exception):
    """What a worker said when it failed."""


class Worker:
    """One engine with one model for one input shape."""

    def __init__(self, layout: Layout, case: Case, tokens: int, cores: list[int], isa_cap: str | None, once: bool = False):
        command = case.command(layout, tokens) + (["--once"] if once else [])
        own_cores = cores[: case.threads]
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.cap_log = tempfile.NamedTemporaryFile(mode="r")
        capped = cap.environment(layout, isa_cap, self.cap_log.name) if isa_cap else {}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=environment(case.threads) | capped,
            preexec_fn=lambda: os.sched_setaffinity(0, own_cores),
        )
        try:
            #: What the worker said when it was ready, with the time from the start of its process on.
            self.ready = self.answer()
        except WorkerError:
            self.stop()
            raise
        self.ready["start_ms"] = (time.perf_counter() - self.started) * 1e3
        problem = isa_cap and self.cap_problem(case, isa_cap)
        if problem:
            self.stop()
            sys.exit(f"{case.name}: {problem}")

    def answer(self) -> dict:
        """The next line of JSON; engines may print other things."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        self.process.wait(timeout=START_SECONDS)
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines() or [f"exit code {self.process.returncode}"]
        raise WorkerError(lines[-1][-300:])

    def cap_problem(self, case: Case, isa_cap: str) -> str | None:
        self.cap_log.seek(0)
        files = cap.hidden_from(self.cap_log.read(), self.process.pid)
        return cap.problem(case.engine.family, isa_cap, self.ready["kernels"], files)

    def burst(self, seconds: float) -> list[float]:
        """Times in milliseconds of the inferences of one burst."""
        try:
            print(seconds, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # It has ended; `answer` says why.
        return self.answer()["times_ms"]

    def stop(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()
        self.cap_log.close()
