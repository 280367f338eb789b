"""Blocks of the documents that commands write: `<!-- begin NAME: made by COMMAND -->`, what the command wrote, `<!-- end NAME -->`."""

import re
import time
from pathlib import Path

DOCUMENTS = Path(__file__).resolve().parents[1]


def write(page: str, name: str, text: str) -> None:
    """Puts a text, without the line's end, between the marks of a block of `page`, a path in the repository."""
    path = DOCUMENTS / page
    found = re.fullmatch(
        rf"(.*<!-- begin {re.escape(name)}: made by [^\n]* -->\n).*?(<!-- end {re.escape(name)} -->.*)", path.read_text(encoding="utf-8"), re.DOTALL
    )
    if not found:
        raise SystemExit(f"{page} has no block {name}")
    path.write_text(f"{found[1]}{text}\n{found[2]}", encoding="utf-8")


def today() -> str:
    return time.strftime("%d %B %Y", time.gmtime()).lstrip("0")


def processor() -> str:
    """What Linux calls the processor, and how many cores there are."""
    info = Path("/proc/cpuinfo")
    fields: dict[str, list[str]] = {}
    for name, _, value in (line.partition(":") for line in info.read_text().splitlines() if ":" in line) if info.exists() else ():
        fields.setdefault(name.strip(), []).append(value.strip())
    if "model name" not in fields:
        return "an unknown processor"
    names = fields["model name"]
    family = f", family {fields['cpu family'][0]} model {fields['model'][0]}" if "cpu family" in fields else ""
    guest = ", a virtual machine" if "hypervisor" in fields.get("flags", [""])[0].split() else ""
    return f"{names[0]}{family} ({len(names)} cores{guest})"
