"""An engine that classifies texts, for texts.py: tokenizer, network and labels, as a program in Python would run it.

Prints a line when it is ready. Each line that it reads is a number of seconds: it classifies call after call of texts for so
long, going round the file, and answers with the number of texts and the seconds.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from worker import peak_rss_mb


def albert(task):
    import albert_edge

    return albert_edge.pipeline("text-classification", model=task.model, threads=task.threads)


def transformers(task):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    torch.set_num_threads(task.threads)
    model = AutoModelForSequenceClassification.from_pretrained(task.model)
    run = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(task.tokenizer), device="cpu")
    return lambda texts: run(texts, batch_size=task.call)


def encoded(task):
    """Ids and mask of a list of texts, padded to the longest, by the library of the original framework."""
    import numpy as np
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(task.tokenizer) / "tokenizer.json"))
    tokenizer.enable_padding()

    def encode(texts):
        rows = tokenizer.encode_batch(texts)
        return {
            "input_ids": np.array([row.ids for row in rows], np.int64),
            "attention_mask": np.array([row.attention_mask for row in rows], np.int64),
        }

    return encode


def best(logits, labels):
    import numpy as np

    shifted = np.exp(logits - logits.max(1, keepdims=True))
    scores = shifted / shifted.sum(1, keepdims=True)
    return [{"label": labels[row.argmax()], "score": float(row.max())} for row in scores]


def labels(task):
    config = json.loads((Path(task.tokenizer) / "config.json").read_text())
    names = config.get("id2label", {"0": "LABEL_0", "1": "LABEL_1"})
    return [names[str(label)] for label in range(len(names))]


def onnxruntime(task):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = task.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(task.model, options, providers=["CPUExecutionProvider"])
    encode, names = encoded(task), labels(task)
    return lambda texts: best(session.run(None, encode(texts))[0], names)


def openvino(task):
    import openvino as ov

    core = ov.Core()
    model = core.read_model(task.model)
    model.reshape({value.get_any_name(): [-1, -1] for value in model.inputs})
    settings = {"INFERENCE_NUM_THREADS": task.threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False}
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    encode, names = encoded(task), labels(task)
    return lambda texts: best(next(iter(request.infer(encode(texts)).values())), names)


def main():
    engines = {load.__name__: load for load in (albert, transformers, onnxruntime, openvino)}
    parser = argparse.ArgumentParser()
    parser.add_argument("--family", choices=engines, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--tokenizer", help="folder of the checkpoint")
    parser.add_argument("--texts", type=Path, required=True, help="JSON lines with a text each")
    parser.add_argument("--call", type=int, required=True, help="texts of a call")
    parser.add_argument("--threads", type=int, required=True)
    task = parser.parse_args()
    texts = [json.loads(line)["text"] for line in task.texts.read_text().splitlines()]
    calls = [texts[start : start + task.call] for start in range(0, len(texts) - task.call + 1, task.call)]
    run = engines[task.family](task)
    if task.call == 1:
        calls = [call[0] for call in calls] if task.family == "albert" else calls
    answers = [run(call) for call in calls[:2]]
    print(json.dumps({"answers": [str(answer)[:80] for answer in answers]}), flush=True)
    place = 0
    for line in sys.stdin:
        seconds, done, start = float(line), 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            run(calls[place])
            place = (place + 1) % len(calls)
            done += task.call
        print(json.dumps({"texts": done, "seconds": time.perf_counter() - start, "peak_rss_mb": peak_rss_mb()}), flush=True)


if __name__ == "__main__":
    main()
