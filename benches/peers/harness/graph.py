"""An ALBERT checkpoint as an ONNX graph in fp32, for one row without padding; runs in the virtual environment.

Every matrix is stored once, however many layers use it. That the graph is right shows in the results: ONNX Runtime's fp32
outputs are compared with those of the original framework like every other engine's.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

OPSET = 18


class Graph:
    """Nodes and initializers; every method returns the name of its result."""

    def __init__(self, weights: dict[str, np.ndarray]):
        self.weights, self.nodes, self.initializers, self.names = weights, [], {}, 0

    def node(self, kind: str, *inputs: str, **attributes) -> str:
        self.names += 1
        result = f"{kind}_{self.names}"
        self.nodes.append(helper.make_node(kind, list(inputs), [result], name=result, **attributes))
        return result

    def constant(self, name: str, values) -> str:
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.asarray(values, order="C"), name)
        return name

    def number(self, value: float) -> str:
        return self.constant(f"number {value}", np.float32(value))

    def shape(self, *extents: int) -> str:
        return self.constant(f"shape {extents}", np.array(extents, np.int64))

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def linear(self, x: str, name: str) -> str:
        transposed = self.constant(f"{name}.weight", self.weights[f"{name}.weight"].T)
        return self.node("Add", self.node("MatMul", x, transposed), self.weight(f"{name}.bias"))

    def norm(self, x: str, name: str, epsilon: float) -> str:
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=epsilon)

    def activate(self, x: str, activation: str) -> str:
        half = self.node("Mul", x, self.number(0.5))
        if activation == "gelu":
            inner = self.node("Erf", self.node("Mul", x, self.number(0.5**0.5)))
        elif activation == "gelu_new":
            cube = self.node("Mul", x, self.node("Mul", x, x))
            sum_ = self.node("Add", x, self.node("Mul", cube, self.number(0.044715)))
            inner = self.node("Tanh", self.node("Mul", sum_, self.number((2 / np.pi) ** 0.5)))
        else:
            raise ValueError(f"activation {activation} is not written yet")
        return self.node("Mul", half, self.node("Add", inner, self.number(1.0)))


def build(checkpoint: Path, out: Path) -> None:
    """Writes the graph of a checkpoint directory: `logits` where there is a classifier, else `last_hidden_state`."""
    config = json.loads((checkpoint / "config.json").read_text())
    tensors = load_file(checkpoint / "model.safetensors")
    graph = Graph({name.removeprefix("albert."): values.astype(np.float32) for name, values in tensors.items()})
    epsilon, hidden = config["layer_norm_eps"], config["hidden_size"]
    heads, layers = config["num_attention_heads"], config["num_hidden_layers"]
    size, groups = hidden // heads, config.get("num_hidden_groups", 1)

    tokens = graph.node("Shape", "input_ids", start=1, end=2)
    positions = graph.weight("embeddings.position_embeddings.weight")
    positions = graph.node("Slice", positions, graph.shape(0), tokens, graph.shape(0))
    x = graph.node("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    x = graph.node("Add", x, positions)
    types = graph.weights["embeddings.token_type_embeddings.weight"]
    x = graph.node("Add", x, graph.constant("token type 0", types[0]))
    x = graph.norm(x, "embeddings.LayerNorm", epsilon)
    x = graph.linear(x, "encoder.embedding_hidden_mapping_in")
    for layer in range(layers):
        group = layer * groups // layers
        for inner in range(config.get("inner_group_num", 1)):
            x = block(graph, x, f"encoder.albert_layer_groups.{group}.albert_layers.{inner}", heads, size, epsilon, config)
    result, shape = "last_hidden_state", [1, "tokens", hidden]
    if "classifier.weight" in graph.weights:
        first = graph.node("Gather", x, graph.constant("position 0", np.int64(0)), axis=1)
        x = graph.linear(graph.node("Tanh", graph.linear(first, "pooler")), "classifier")
        result, shape = "logits", [1, graph.weights["classifier.bias"].size]
    graph.nodes.append(helper.make_node("Identity", [x], [result]))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "albert",
            [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT, shape)],
            list(graph.initializers.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=9,
    )
    onnx.checker.check_model(model)
    onnx.save(model, out)


def block(graph: Graph, x: str, name: str, heads: int, size: int, epsilon: float, config: dict) -> str:
    def split(part: str, order: list[int]) -> str:
        rows = graph.linear(x, f"{name}.attention.{part}")
        return graph.node("Transpose", graph.node("Reshape", rows, graph.shape(0, 0, heads, size)), perm=order)

    query, value = (split(part, [0, 2, 1, 3]) for part in ("query", "value"))
    scores = graph.node("MatMul", query, split("key", [0, 2, 3, 1]))
    scores = graph.node("Mul", scores, graph.number(size**-0.5))
    context = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
    context = graph.node("Transpose", context, perm=[0, 2, 1, 3])
    context = graph.node("Reshape", context, graph.shape(0, 0, heads * size))
    x = graph.node("Add", x, graph.linear(context, f"{name}.attention.dense"))
    x = graph.norm(x, f"{name}.attention.LayerNorm", epsilon)
    wide = graph.activate(graph.linear(x, f"{name}.ffn"), config["hidden_act"])
    x = graph.node("Add", x, graph.linear(wide, f"{name}.ffn_output"))
    return graph.norm(x, f"{name}.full_layer_layer_norm", epsilon)
