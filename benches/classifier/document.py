"""Tables of `docs/own-classifier.md`, between marks that name what makes them."""
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/own-classifier.md"
RELEASE = ROOT / "target/release"


def replace(name, rows):
    """Puts the rows between the marks of a table."""
    mark = f"<!-- figures: {name} -->"
    before, _, after = DOCUMENT.read_text().split(mark)
    DOCUMENT.write_text(f"{before}{mark}\n" + "\n".join(rows) + f"\n{mark}{after}")


def output(*command):
    """What a command prints."""
    return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def lines(*command):
    """The lines of JSON that a command prints."""
    return [json.loads(line) for line in output(*command).splitlines()]


def albert(*arguments):
    """What `albert` prints."""
    return output(RELEASE / "albert", *arguments)
