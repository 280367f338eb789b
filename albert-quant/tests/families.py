#!/usr/bin/env python3
"""Compares converted checkpoints with the libraries that they come from, and writes the tables of docs/checkpoints.md.

    python3 albert-quant/tests/families.py target/release/albert [--minilm DIR --texts FILE.jsonl]

Needs torch, transformers, safetensors; sentence-transformers for --minilm. Every class is made with small random weights, saved by
the library, converted to fp32 and run on the same ids; the table has the largest difference of any output. With --minilm, the
embeddings of a sentence-transformers checkpoint in fp32, int8 and int4 are compared with those of the library on the rows of a file.
"""
import argparse, json, os, subprocess, sys, tempfile

import numpy as np
import torch
import transformers
from safetensors.numpy import save_file

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../benches"))
import blocks

BOUND = 1e-4  # of outputs of a few units: rounding in f32, in another order

SMALL = dict(vocab_size=101, hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=96,
             max_position_embeddings=40, initializer_range=0.3)
HEADS = ["Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMultipleChoice"]
FAMILIES = {
    "Albert": (transformers.AlbertConfig, dict(embedding_size=16, num_hidden_groups=3)),
    "Bert": (transformers.BertConfig, {}),
    "Roberta": (transformers.RobertaConfig, dict(type_vocab_size=1, pad_token_id=1)),
    "XLMRoberta": (transformers.XLMRobertaConfig, dict(type_vocab_size=1, pad_token_id=1)),
    "Camembert": (transformers.CamembertConfig, dict(type_vocab_size=1, pad_token_id=1)),
    "DistilBert": (transformers.DistilBertConfig, {}),
    "Electra": (transformers.ElectraConfig, dict(embedding_size=16)),
}


def config_of(family, head):
    kind, extra = FAMILIES[family]
    sizes = dict(SMALL, **extra)
    if family == "DistilBert":
        names = dict(hidden_size="dim", num_hidden_layers="n_layers", num_attention_heads="n_heads", intermediate_size="hidden_dim")
        sizes = {names.get(key, key): value for key, value in sizes.items()}
    labels = {"ForSequenceClassification": 3, "ForTokenClassification": 5, "ForMultipleChoice": 1}.get(head)
    if labels:
        sizes["num_labels"] = labels
    config = kind(**sizes)
    config._attn_implementation = "eager"
    return config


def random_model(family, head, seed):
    torch.manual_seed(seed)
    model = getattr(transformers, family + head)(config_of(family, head)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:
                # Biases and layer norms start as zeros and ones, which hide mistakes.
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return model


def reference(model, family, head, path):
    generator = torch.Generator().manual_seed(7)
    shape = (4, 3, 20) if head == "ForMultipleChoice" else (6, 20)
    ids = torch.randint(5, SMALL["vocab_size"], shape, generator=generator)
    mask = torch.ones(shape, dtype=torch.long)
    mask[1::2, ..., 13:] = 0
    ids[mask == 0] = model.config.pad_token_id or 0
    inputs = dict(input_ids=ids, attention_mask=mask)
    if family in ("Albert", "Bert", "Electra"):
        types = torch.zeros(shape, dtype=torch.long)
        types[..., 8:] = 1
        inputs["token_type_ids"] = types * mask
    with torch.no_grad():
        output = model(**inputs)
    tensors = {name: value.numpy() for name, value in inputs.items()}
    names = ["last_hidden_state", "pooler_output", "start_logits", "end_logits", "logits"]
    found = {name: output[name] for name in names if name in output and output[name] is not None}
    if head == "ForMaskedLM":
        found = {"prediction_logits": found["logits"]}
    tensors.update({name: np.ascontiguousarray(value.numpy().astype(np.float32)) for name, value in found.items()})
    save_file(tensors, path)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def check(albert, family, head, folder):
    """A row of the table: what came of a class."""
    name = family + head
    if not hasattr(transformers, name):
        return None
    checkpoint = os.path.join(folder, name)
    model = random_model(family, head, 3)
    model.save_pretrained(checkpoint)
    reference(model, family, head, checkpoint + ".safetensors")
    made = run(albert, "quantize", checkpoint, "-o", checkpoint + ".albert", "--weights", "fp32")
    if made.returncode:
        return name, "refused: " + made.stderr.strip().splitlines()[-1].split(": ", 2)[-1]
    compared = run(albert, "validate", checkpoint + ".albert", "--reference", checkpoint + ".safetensors", "--json")
    if not compared.stdout.strip():
        return name, "FAILED: " + compared.stderr.strip()
    outputs = json.loads(compared.stdout)["outputs"]
    worst = max(output["max_abs"] for output in outputs.values())
    assert worst < BOUND, (name, outputs)
    return name, f"{worst:.1e} ({', '.join(outputs)})"


def embeddings(albert, directory, texts, folder, weights):
    model = os.path.join(folder, f"sentence-{weights}.albert")
    made = run(albert, "quantize", directory, "-o", model, "--weights", weights)
    assert made.returncode == 0, made.stderr
    rows = os.path.join(folder, "texts.jsonl")
    with open(rows, "w") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
    found = run(albert, "run", model, "--task", "sentence-embedding", "--file", rows, "--json")
    assert found.returncode == 0, found.stderr
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    return np.array([line["embedding"] for line in lines], np.float64), os.path.getsize(model)


def sentence_rows(albert, directory, texts, folder):
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(directory, device="cpu").encode(texts, batch_size=32).astype(np.float64)
    unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)
    for weights in ("fp32", "int8", "int4"):
        found, size = embeddings(albert, directory, texts, folder, weights)
        cosine = (unit(found) * unit(reference)).sum(1)
        yield f"| {weights} | {size / 1e6:.2f} | {cosine.mean():.7f} | {cosine.min():.7f} | {abs(found - reference).max():.1e} |"


def replace(name, lines):
    blocks.write("docs/checkpoints.md", name, "\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("albert")
    parser.add_argument("--minilm")
    parser.add_argument("--texts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [check(arguments.albert, family, head, folder) for family in FAMILIES for head in HEADS]
        table = ["| class | largest difference (outputs) |", "|---|---|"] + [f"| `{name}` | {what} |" for name, what in filter(None, rows)]
        print("\n".join(table))
        replace("families", [f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}.", ""] + table)
        if arguments.minilm:
            texts = [json.loads(line)["text"] for line in open(arguments.texts)][:500]
            table = ["| weights | MB | mean cosine | least cosine | largest difference |", "|---|--:|--:|--:|--:|"]
            table += sentence_rows(arguments.albert, arguments.minilm, texts, folder)
            print("\n".join(table))
            replace("sentence", [f"{len(texts)} texts.", ""] + table)


if __name__ == "__main__":
    main()
