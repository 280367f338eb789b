"""Results to Markdown tables."""

import statistics
from collections import defaultdict

from .engines import OURS
from .geometry import GEOMETRIES

#: Load average at the start from which the times say more about the machine's other work than about the engines.
BUSY_LOAD = 0.7


def milliseconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] + ["--:"] * (len(header) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def by_name(rows: list[dict]) -> dict[str, dict[int, dict]]:
    """Rows by name and length, those without a measurement left out."""
    names: dict[str, dict[int, dict]] = defaultdict(dict)
    for row in rows:
        if "error" not in row:
            names[row["name"]][row["tokens"]] = row
    return names


def lengths(rows: list[dict]) -> list[int]:
    return sorted({row["tokens"] for row in rows})


def fastest_peer(ours: dict, rows: list[dict]) -> dict | None:
    """The peer to compare with: same length, precision, threads and batch, lowest median."""
    same = ("tokens", "precision", "threads", "batch", "geometry")
    peers = [row for row in rows if row["family"] != OURS and "error" not in row and all(row[key] == ours[key] for key in same)]
    return min(peers, key=lambda row: row["median_ms"], default=None)


def median_ratio(slower: dict, faster: dict) -> float:
    return slower["median_ms"] / faster["median_ms"]


def range_of_ratios(slower: dict, faster: dict) -> str:
    """The smallest and the largest ratio within a round."""
    rounds = [a / b for a, b in zip(slower["round_medians_ms"], faster["round_medians_ms"], strict=True)]
    return f"{min(rounds):.2f}–{max(rounds):.2f}"


def ratio(slower: dict, faster: dict) -> str:
    """Ratio of the medians, and the range of the ratios within a round."""
    return f"{median_ratio(slower, faster):.2f} ({range_of_ratios(slower, faster)})"


def ideal_ms(row: dict, peaks: dict[str, float]) -> float | None:
    """Time that the multiplications which are really done take at the peak of the row's kernel set, on one thread."""
    peak = peaks.get(row["kernels"])
    if row["precision"] != "int8" or row["threads"] != 1 or peak is None:
        return None
    macs = GEOMETRIES[row["geometry"]].macs(row["tokens"], last_layer_rows=1) * row["batch"]
    return macs / peak * 1e3


def markdown(results: dict) -> str:
    return (start if results["kind"] == "start" else latency)(results)


def conditions(results: dict) -> str:
    machine, first = results["machine"], results["rows"][0]
    cap = results["isa_cap"]
    hidden = f"newer instruction sets than {cap} hidden from every engine" if cap else "all instruction sets"
    matrix = [name for name in ("avx2", "avx_vnni", "avx512_vnni", "amx_int8") if name in machine["flags"]]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    load = machine["load_average"]
    busy = f"**Other programs were running (load {load:.1f}): not for publication.** " if load > BUSY_LOAD else ""
    return busy + (
        f"{first['geometry']} geometry, batch {first['batch']}. {machine['cpu']} ({', '.join(matrix)}), {hidden}. "
        f"Medians of {results['rounds']} alternating rounds. {versions}.\n\n"
    )


def latency(results: dict) -> str:
    rows = results["rows"]
    names, columns = by_name(rows), lengths(rows)
    header = ["ms at tokens", *map(str, columns)]

    def cells(of) -> list[list[str]]:
        return [[name, *(of(row[length]) if length in row else "-" for length in columns)] for name, row in names.items()]

    text = conditions(results) + table(header, cells(lambda row: milliseconds(row["median_ms"])))
    text += comparisons(results, names, columns)
    text += "\nSlowest and fastest inference:\n\n"
    text += table(header, cells(lambda row: f"{milliseconds(row['min_ms'])}–{milliseconds(row['max_ms'])}"))
    if any(row.get("batch", 1) > 1 for row in rows):
        text += "\nSequences per second:\n\n" + table(header, cells(lambda row: f"{row['batch'] / row['median_ms'] * 1e3:.1f}"))
    text += kernels(names)
    text += peaks(results)
    errors = [f"- {row['name']}, {row['tokens']} tokens: {row['error']}\n" for row in rows if "error" in row]
    return text + ("\nNot measured:\n\n" + "".join(errors) if errors else "")


def comparisons(results: dict, names: dict[str, dict[int, dict]], columns: list[int]) -> str:
    """For each row of ours: against the fastest peer, against the ideal time, against one thread."""
    lines = []
    for name, row in names.items():
        if next(iter(row.values()))["family"] != OURS:
            continue
        against, ideal, scaling = [], [], []
        for length in columns:
            ours = row.get(length)
            peer = ours and fastest_peer(ours, results["rows"])
            against.append(f"{ratio(peer, ours)} {peer['engine']}" if peer else "-")
            least = ours and ideal_ms(ours, results["peaks"][str(length)])
            ideal.append(f"{ours['median_ms'] / least:.2f}" if least else "-")
            single = ours and names.get(name.removesuffix(f", {ours['threads']} threads"), {}).get(length)
            scaling.append(ratio(single, ours) if single and ours["threads"] > 1 else "-")
        for what, cells in ((f"fastest peer ÷ {name}", against), (f"{name} ÷ ideal", ideal), (f"one thread ÷ {name}", scaling)):
            if any(cell != "-" for cell in cells):
                lines.append([what, *cells])
    if not lines:
        return ""
    return "\nRatios of medians; in brackets the smallest and largest ratio within a round:\n\n" + table(["", *map(str, columns)], lines)


def kernels(names: dict[str, dict[int, dict]]) -> str:
    """What the engines say they compute with, and how close their logits are to the reference."""
    lines = []
    for name, row in names.items():
        said = sorted({each["kernels"] for each in row.values() if each["kernels"]})
        cosines = [each["cosine"] for each in row.values() if each["cosine"] is not None]
        lines.append([name, ", ".join(said) or "-", f"{min(cosines):.5f}" if cosines else "-"])
    return "\nComputed with, and smallest cosine of the two logits to the fp32 reference:\n\n" + table(["engine", "kernels", "cosine"], lines)


def peaks(results: dict) -> str:
    rounds = [each for each in results["peaks"].values() if each]
    if not rounds:
        return ""
    medians = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    said = ", ".join(f"{name} {value / 1e9:.0f}" for name, value in medians.items())
    return f"\nPeak of the instructions on one core, measured in every round, GMAC/s: {said}.\n"


def start(results: dict) -> str:
    return conditions(results) + start_table(results)


def start_table(results: dict) -> str:
    rows = [row for row in results["rows"] if "error" not in row]
    header = ["engine", "tokens", "start to logits, ms", "min–max", "load", "first inference", "outside it", "peak MB", "model MB"]
    lines = [
        [
            row["name"],
            str(row["tokens"]),
            *(milliseconds(row["start_ms"]), f"{milliseconds(row['start_min_ms'])}–{milliseconds(row['start_max_ms'])}"),
            *(milliseconds(row[key]) for key in ("load_ms", "first_ms", "outside_ms", "peak_rss_mb", "model_mb")),
        ]
        for row in sorted(rows, key=lambda row: row["start_ms"])
    ]
    return table(header, lines)
