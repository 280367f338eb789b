"""What tests share."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CONFORMANCE = REPOSITORY / "conformance"
FIXTURES = REPOSITORY / "tests" / "fixtures"
SHARED = Path(os.environ.get("ALBERT_SHARED") or REPOSITORY.parent / "shared")
CLASSIFIER = CONFORMANCE / "text-classification.albert"
#: Largest difference of a score to the original's.
TOLERANCE = 1e-4


def conformance() -> dict[str, Any]:
    return json.loads((CONFORMANCE / "conformance.json").read_text(encoding="utf-8"))


def shared(name: str) -> Path:
    """A folder of the trained models; skips the test when it is not there."""
    folder = SHARED / name
    if not folder.exists():
        pytest.skip(f"{folder} is not here")
    return folder


def bits(value: float) -> bytes:
    return struct.pack("<f", value)


def same_bits(found: Any, expected: Any) -> bool:
    """Whether values are equal, numbers as float32 to the bit."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and list(found) and found.keys() == expected.keys() and all(same_bits(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(same_bits, found, expected))
    if isinstance(expected, float):
        return isinstance(found, float) and bits(found) == bits(expected)
    return type(found) is type(expected) and found == expected


def close(found: Any, expected: Any, where: str) -> None:
    """Equal in structure, types and text; scores within the tolerance."""
    if isinstance(expected, dict):
        assert isinstance(found, dict) and list(found) == list(expected), f"{where}: {found} for {expected}"
        for key in expected:
            close(found[key], expected[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), f"{where}: {found} for {expected}"
        for index, (one, other) in enumerate(zip(found, expected)):
            close(one, other, f"{where}[{index}]")
    elif isinstance(expected, float):
        assert isinstance(found, (float, int)) and abs(found - expected) <= TOLERANCE, f"{where}: {found} for {expected}"
    else:
        assert found == expected, f"{where}: {found!r} for {expected!r}"
