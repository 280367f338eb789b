"""Tables of `docs/classifier-benchmarks.md`, and what `albert` prints."""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benches"))
import blocks

RELEASE = ROOT / "target/release"


def replace(name, rows):
    """Puts the rows into a block."""
    blocks.write("docs/classifier-benchmarks.md", name, "\n".join(rows))


def output(*command):
    """What a command prints."""
    return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def lines(*command):
    """The lines of JSON that a command prints."""
    return [json.loads(line) for line in output(*command).splitlines()]


def albert(*arguments):
    """What `albert` prints."""
    return output(RELEASE / "albert", *arguments)
