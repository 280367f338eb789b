"""Newer instruction sets hidden from a worker (`--isa-cap`), and what shows that its engine has not seen them."""

from pathlib import Path

from .layout import Layout

#: Parts of kernels' names that a cap rules out.
RULED_OUT = {"avx512": ("amx",), "avxvnni": ("amx", "avx512"), "avx2": ("amx", "avx512", "vnni")}

#: Part of the name of the file whose code asks the CPU, by family of engines.
ASKING = {
    "albert": "peer-albert",
    "openvino": "libopenvino_intel_cpu_plugin",
    "onnxruntime": "onnxruntime_pybind11_state",
    "rten": "peer-rten",
    "candle": "peer-candle",
    "torch": "libtorch_cpu",
    "ctranslate2": "libctranslate2",
}


def environment(layout: Layout, cap: str, log: str) -> dict[str, str]:
    return {"LD_AUDIT": str(layout.isa_cap), "PEERS_ISA_CAP": cap, "PEERS_ISA_CAP_LOG": log}


def hidden_from(log: str, process: int) -> set[str]:
    """Names of the files of a process whose code was told of fewer instruction sets than there are."""
    bases, addresses = {}, []
    for line in log.splitlines():
        number, what, address, *path = line.split(" ", 3)
        if int(number) == process and what == "file":
            bases[int(address, 16)] = Path(path[0]).name
        elif int(number) == process:
            addresses.append(int(address, 16))
    return {bases[max(base for base in bases if base <= address)] for address in addresses}


def problem(family: str, cap: str, kernels: str, files: set[str]) -> str | None:
    """Why a worker's times would not be those of the capped engine."""
    seen = [name for name in RULED_OUT[cap] if name in kernels.lower()]
    if seen:
        return f"it computes with {kernels}, and {cap} is the cap"
    asking = ASKING.get(family)
    if asking is None or not any(asking in name for name in files):
        return f"nothing newer than {cap} was hidden from {asking or family}"
    return None
