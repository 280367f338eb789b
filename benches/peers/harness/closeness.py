"""Models of other engines on rows that nobody calibrated on, against fp32; runs in the virtual environment.

Reads a folder with `rows.json` (input ids of the rows, of the calibration rows, and labels where there are any) and writes
`expected.safetensors`, what `albert validate` compares with, and `peers.json`.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from harness import graph, models

#: Most calibration rows that NNCF takes.
NNCF_ROWS = 128


class OnnxRuntime:
    def __init__(self, path: Path):
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, ids: list[int]) -> np.ndarray:
        return self.session.run(None, {"input_ids": np.array([ids], np.int64)})[0][0]


class OpenVino:
    def __init__(self, model, **properties):
        import openvino as ov

        common = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        self.model = ov.Core().compile_model(model, "CPU", common | properties)

    def __call__(self, ids: list[int]) -> np.ndarray:
        return self.model(np.array([ids], np.int64))[0][0]


def nncf_int8(path: Path, calibration: list[list[int]]):
    import nncf
    import openvino as ov

    return nncf.quantize(
        ov.convert_model(path),
        nncf.Dataset([{"input_ids": np.array([ids], np.int64)} for ids in calibration[:NNCF_ROWS]]),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=min(NNCF_ROWS, len(calibration)),
    )


def int8_weights(path: Path):
    import nncf
    import openvino as ov

    return nncf.compress_weights(ov.convert_model(path), mode=nncf.CompressWeightsMode.INT8_SYM)


def quantized(folder: Path, name: str, per_channel: bool) -> Path:
    out = folder / name
    models.quantize(folder / "fp32.onnx", out, per_channel)
    return out


def engines(folder: Path, calibration: list[list[int]]):
    """Names and engines; each is made when its turn comes."""
    fp32 = folder / "fp32.onnx"
    yield "ONNX Runtime, fp32", lambda: OnnxRuntime(fp32)
    yield "ONNX Runtime, dynamic int8, a scale a tensor", lambda: OnnxRuntime(quantized(folder, "tensor.onnx", False))
    yield "ONNX Runtime, dynamic int8, a scale a channel", lambda: OnnxRuntime(quantized(folder, "channel.onnx", True))
    yield "OpenVINO, NNCF int8 (transformer, mixed)", lambda: OpenVino(nncf_int8(fp32, calibration))
    yield (
        "OpenVINO, int8 weights, activations int8 by groups of 32, attention f32",
        lambda: OpenVino(int8_weights(fp32), DYNAMIC_QUANTIZATION_GROUP_SIZE="32"),
    )


def vectors(results: list[np.ndarray]) -> np.ndarray:
    """One a row, or one a token."""
    return np.concatenate([result.reshape(-1, result.shape[-1]) for result in results]).astype(np.float64)


def figures(expected: np.ndarray, obtained: np.ndarray) -> dict:
    product = (expected * obtained).sum(1)
    cosines = product / np.sqrt((expected**2).sum(1) * (obtained**2).sum(1))
    return {
        "vectors": len(cosines),
        "cosine_mean": cosines.mean(),
        "cosine_p1": np.quantile(cosines, 0.01),
        "cosine_p01": np.quantile(cosines, 0.001),
        "cosine_min": cosines.min(),
        "top1_agreement": (expected.argmax(1) == obtained.argmax(1)).mean(),
    }


def reference(path: Path) -> list[np.ndarray]:
    """What the original framework computed, row by row without padding."""
    tensors = load_file(path)
    output = tensors["last_hidden_state"]
    return [row[mask != 0] for row, mask in zip(output, tensors["attention_mask"])]


def save_expected(path: Path, rows: list[list[int]], results: list[np.ndarray]) -> None:
    """The rows and what is expected of them, padded, as `albert validate` reads them."""
    longest = max(map(len, rows))
    ids, mask = np.zeros((len(rows), longest), np.int64), np.zeros((len(rows), longest), np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)], mask[index, : len(row)] = row, 1
    if results[0].ndim == 1:
        outputs = {"logits": np.stack(results)}
    else:
        padded = np.zeros((len(rows), longest, results[0].shape[-1]), np.float32)
        for index, result in enumerate(results):
            padded[index, : len(result)] = result
        outputs = {"last_hidden_state": padded}
    save_file({"input_ids": ids, "attention_mask": mask} | outputs, path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--reference", type=Path, help="outputs of the original framework; without, ONNX Runtime's fp32 counts")
    arguments = parser.parse_args()
    folder = arguments.folder
    given = json.loads((folder / "rows.json").read_text())
    rows, labels = given["rows"], given["labels"]
    graph.build(arguments.checkpoint, folder / "fp32.onnx")
    results, expected = [], None
    if arguments.reference:
        expected = reference(arguments.reference)
    for name, make in engines(folder, given["calibration"]):
        start = time.monotonic()
        engine = make()
        outputs = [engine(row) for row in rows]
        if expected is None:
            expected = outputs
        if len(results) == 0:
            save_expected(folder / "expected.safetensors", rows, expected)
        found = {"engine": name} | figures(vectors(expected), vectors(outputs))
        if labels:
            found["accuracy"] = float(np.mean(vectors(outputs).argmax(1) == np.array(labels)))
        results.append(found)
        print(f"{name}: mean {found['cosine_mean']:.5f}, {time.monotonic() - start:.0f} s", flush=True)
    (folder / "peers.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
