"""Makes the models of one geometry; runs in the virtual environment. What exists already is left alone.

checkpoint/        random weights, in the Hugging Face layout
reference.json     its fp32 logits by length
exported.onnx      as the exporter writes it
fp32.onnx          after ONNX Runtime's basic optimisations, the shared layer's weights stored once
int8.onnx          dynamic quantization, a scale for each matrix
int8-channel.onnx  dynamic quantization, a scale for each output channel
int8-fused.onnx    dynamic quantization of the graph that ONNX Runtime's transformer optimizer has fused
openvino-*.xml     converted, and quantized by NNCF with calibrated activation scales
ctranslate2        converted, weights in int8; of a BERT
"""

import argparse
import hashlib
import json
import logging
import os
import shutil
import tempfile
import warnings
from pathlib import Path

from harness.geometry import GEOMETRIES, LENGTHS, Geometry, ids

warnings.filterwarnings("ignore")


def checkpoint(geometry: Geometry, out: Path) -> None:
    import torch
    import transformers

    torch.manual_seed(0)
    sizes = dict(
        vocab_size=geometry.vocabulary,
        hidden_size=geometry.hidden,
        intermediate_size=geometry.intermediate,
        num_hidden_layers=geometry.layers,
        num_attention_heads=geometry.heads,
        max_position_embeddings=512,
        num_labels=2,
    )
    if geometry.family == "albert":
        config = transformers.AlbertConfig(embedding_size=geometry.embedding, num_hidden_groups=1, hidden_act="gelu_new", **sizes)
    else:
        config = transformers.BertConfig(hidden_act="gelu", **sizes)
    of_class(geometry)(config).eval().save_pretrained(out)


def of_class(geometry: Geometry):
    import transformers

    if geometry.family == "albert":
        return transformers.AlbertForSequenceClassification
    return transformers.BertModel if geometry.mean else transformers.BertForSequenceClassification


def load_checkpoint(geometry: Geometry, folder: Path, attention: str):
    return of_class(geometry).from_pretrained(folder / "checkpoint", attn_implementation=attention).eval()


def result(geometry: Geometry, model, input_ids, attention_mask):
    """Logits of two labels, or the mean over the tokens that are attended to."""
    output = model(input_ids=input_ids, attention_mask=attention_mask)
    if not geometry.mean:
        return output.logits
    mask = attention_mask.unsqueeze(-1).to(output.last_hidden_state.dtype)
    return (output.last_hidden_state * mask).sum(1) / mask.sum(1)


def reference(geometry: Geometry, out: Path) -> None:
    import torch

    model = load_checkpoint(geometry, out.parent, "eager")
    logits = {}
    for tokens in LENGTHS:
        batch = torch.tensor([ids(geometry.vocabulary, tokens)])
        with torch.inference_mode():
            logits[str(tokens)] = result(geometry, model, batch, torch.ones_like(batch))[0].tolist()
    out.write_text(json.dumps(logits) + "\n")


def export(geometry: Geometry, out: Path) -> None:
    import torch

    class Logits(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return result(geometry, self.model, input_ids, attention_mask)

    batch = torch.tensor([ids(geometry.vocabulary, 16, sequence) for sequence in range(2)])
    axes = {0: torch.export.Dim("batch", min=1, max=64), 1: torch.export.Dim("tokens", min=2, max=512)}
    with torch.no_grad():
        torch.onnx.export(
            Logits(load_checkpoint(geometry, out.parent, "eager")).eval(),
            (batch, torch.ones_like(batch)),
            out,
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            opset_version=18,
            dynamo=True,
            dynamic_shapes={"input_ids": axes, "attention_mask": axes},
            external_data=False,
        )


def basic(_: Geometry, out: Path) -> None:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(out)
    ort.InferenceSession(out.parent / "exported.onnx", options, providers=["CPUExecutionProvider"])
    share_weights(out)


def share_weights(path: Path) -> None:
    """Stores equal weights once: constant folding has transposed the shared layer's matrices once for each depth."""
    import onnx

    model = onnx.load(path)
    names, kept, shared = {}, [], {}
    for weight in model.graph.initializer:
        data = onnx.numpy_helper.to_array(weight).tobytes()
        key = (weight.data_type, tuple(weight.dims), hashlib.sha256(data).digest())
        if key in names:
            shared[weight.name] = names[key]
        else:
            names[key] = weight.name
            kept.append(weight)
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = shared.get(name, name)
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    onnx.save(model, path)


def quantize(source: Path, out: Path, per_channel: bool) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)
    quantize_dynamic(
        source,
        out,
        per_channel=per_channel,
        reduce_range=False,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def fused(geometry: Geometry, out: Path) -> None:
    from onnxruntime.transformers import optimizer

    logging.disable(logging.WARNING)
    model = optimizer.optimize_model(
        str(out.parent / "exported.onnx"),
        model_type="bert",
        num_heads=geometry.heads,
        hidden_size=geometry.hidden,
        opt_level=1,
        use_gpu=False,
    )
    between = out.with_suffix(".fp32")
    model.save_model_to_file(str(between))
    quantize(between, out, per_channel=False)
    between.unlink()


def openvino_fp32(_: Geometry, out: Path) -> None:
    import openvino as ov

    ov.save_model(ov.convert_model(out.parent / "exported.onnx"), out, compress_to_fp16=False)


def openvino_int8(geometry: Geometry, out: Path) -> None:
    import numpy as np
    import nncf
    import openvino as ov

    random = np.random.RandomState(0)

    def sample(tokens: int):
        shape = (1, tokens)
        return {
            "input_ids": random.randint(0, geometry.vocabulary, shape).astype(np.int64),
            "attention_mask": np.ones(shape, np.int64),
        }

    model = nncf.quantize(
        ov.convert_model(out.parent / "exported.onnx"),
        nncf.Dataset([sample(tokens) for tokens in [16, 64, 128] * 8]),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=24,
        fast_bias_correction=True,
    )
    ov.save_model(model, out, compress_to_fp16=False)


def ctranslate2(geometry: Geometry, out: Path) -> None:
    """Its converter wants a tokenizer, and a key that today's configurations leave out."""
    from ctranslate2.converters import TransformersConverter

    if geometry.family != "bert":
        return
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(out.parent / "checkpoint", copy, dirs_exist_ok=True)
        config = json.loads((Path(copy) / "config.json").read_text()) | {"position_embedding_type": "absolute"}
        (Path(copy) / "config.json").write_text(json.dumps(config))
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        tokens = special + [f"token{index}" for index in range(geometry.vocabulary - len(special))]
        (Path(copy) / "vocab.txt").write_text("\n".join(tokens) + "\n")
        (Path(copy) / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
        TransformersConverter(copy).convert(str(out), quantization="int8")


def of_checkpoint(folder: Path) -> Geometry:
    config = json.loads((folder / "config.json").read_text())
    return Geometry(
        vocabulary=config["vocab_size"],
        embedding=config["embedding_size"],
        hidden=config["hidden_size"],
        intermediate=config["intermediate_size"],
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
    )


STEPS = {
    "checkpoint": checkpoint,
    "reference.json": reference,
    "exported.onnx": export,
    "fp32.onnx": basic,
    "int8.onnx": lambda _, out: quantize(out.parent / "fp32.onnx", out, per_channel=False),
    "int8-channel.onnx": lambda _, out: quantize(out.parent / "fp32.onnx", out, per_channel=True),
    "int8-fused.onnx": fused,
    "openvino-fp32.xml": openvino_fp32,
    "openvino-int8.xml": openvino_int8,
    "ctranslate2": ctranslate2,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("geometry", choices=[*GEOMETRIES, "trained"], help="trained: that of the ALBERT classifier in FOLDER/checkpoint")
    arguments = parser.parse_args()
    trained = arguments.geometry == "trained"
    geometry = of_checkpoint(arguments.folder / "checkpoint") if trained else GEOMETRIES[arguments.geometry]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, make in STEPS.items():
        out = arguments.folder / name
        if not out.exists():
            print(f"{arguments.geometry}: {name}", flush=True)
            # A step that is interrupted leaves nothing behind under the final name.
            unfinished = out.with_name("unfinished-" + name)
            make(geometry, unfinished)
            weights = unfinished.with_suffix(".bin")
            if weights.exists():
                os.replace(weights, out.with_suffix(".bin"))
            if unfinished.exists():
                os.replace(unfinished, out)


if __name__ == "__main__":
    main()
