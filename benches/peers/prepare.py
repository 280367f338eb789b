#!/usr/bin/env python3
"""Prepares everything that run.py needs: the virtual environment, the models, the programs. Steps that are done are skipped."""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

from harness.geometry import GEOMETRIES
from harness.layout import PEERS, REPOSITORY, Layout, add_dir_argument

#: Not native: what the engines detect at run time must stay up to them, or a cap on instruction sets would not hold.
TUNED_FLAGS = {"x86_64": "-C target-cpu=x86-64-v3"}


def run(command: list, **options) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, check=True, **options)


def environment(layout: Layout) -> None:
    if not layout.python.exists():
        run([sys.executable, "-m", "venv", layout.root / "venv"])
        run([layout.python, "-m", "pip", "install", "--quiet", "-r", PEERS / "requirements.txt"])


def programs(layout: Layout) -> None:
    def build(target: Path, packages: list[str], flags: str, folder: Path) -> None:
        selected = [argument for package in packages for argument in ("-p", package)]
        variables = os.environ | {"CARGO_TARGET_DIR": str(target), "RUSTFLAGS": flags}
        run(["cargo", "build", "--release", "--locked", *selected], cwd=folder, env=variables)

    build(layout.portable, ["peer-albert", "integer-peak", "isa-cap"], "", PEERS)
    build(layout.tuned, ["peer-rten", "peer-candle"], TUNED_FLAGS.get(platform.machine(), ""), PEERS)
    build(layout.portable / "cli", ["albert-edge-cli"], "", REPOSITORY)


def models(layout: Layout, geometry: str) -> None:
    folder = layout.models(geometry)
    run([layout.python, "-m", "harness.models", folder, geometry], cwd=PEERS, env=os.environ | {"OMP_NUM_THREADS": "1"})
    # Always anew: the format is ours, and the conversion takes seconds.
    albert = layout.portable / "cli" / "release" / "albert"
    for weights in ("int4", "int4-embeddings", "int8", "fp16", "fp32"):
        out = folder / f"albert-{weights}.albert"
        kind, _, embeddings = weights.partition("-")
        command = [albert, "quantize", folder / "checkpoint", "-o", out, "--weights", kind]
        run(command + (["--embeddings", kind] if embeddings else []))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_dir_argument(parser)
    parser.add_argument("--geometry", default=",".join(GEOMETRIES), help="which models (default: %(default)s)")
    arguments = parser.parse_args()
    layout = Layout(arguments.dir)
    layout.root.mkdir(parents=True, exist_ok=True)
    environment(layout)
    programs(layout)
    for geometry in arguments.geometry.split(","):
        models(layout, geometry)


if __name__ == "__main__":
    main()
