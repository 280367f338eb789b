"""What leaving out pieces of the vocabulary saves and costs.

Sizes: albert-base's geometry with random weights and the real tokenizer, the first pieces of its vocabulary kept, which are the
most frequent ones. Accuracy: the demo task, pieces counted on its training texts.
"""
import json
import shutil

import numpy as np
from safetensors.numpy import save_file

from document import RELEASE, albert, lines

BASE = {
    "architectures": ["AlbertForSequenceClassification"], "model_type": "albert", "vocab_size": 30000, "embedding_size": 128, "hidden_size": 768,
    "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12, "num_hidden_groups": 1, "inner_group_num": 1,
    "hidden_act": "gelu_new", "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0,
    "bos_token_id": 2, "eos_token_id": 3,
}
LABELS = 2
COVERED = 1000


#: 4 bits, and int8.
WEIGHTS = (["--weights", "int4", "--embeddings", "int4"], ["--weights", "int8"])
PIECES = (30000, 16000, 8000, 4000)


def base(options):
    """A checkpoint of albert-base's geometry."""
    folder = options.folder / "base"
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    hidden, wide, small = BASE["hidden_size"], BASE["intermediate_size"], BASE["embedding_size"]
    tensors = {}

    def matrix(name, *shape):
        tensors[f"albert.{name}"] = random.normal(0, 0.02, shape).astype(np.float32)

    def linear(name, rows, columns):
        matrix(f"{name}.weight", rows, columns)
        tensors[f"albert.{name}.bias"] = np.zeros(rows, np.float32)

    def norm(name, width):
        tensors[f"albert.{name}.weight"] = np.ones(width, np.float32)
        tensors[f"albert.{name}.bias"] = np.zeros(width, np.float32)

    matrix("embeddings.word_embeddings.weight", BASE["vocab_size"], small)
    matrix("embeddings.position_embeddings.weight", BASE["max_position_embeddings"], small)
    matrix("embeddings.token_type_embeddings.weight", 2, small)
    norm("embeddings.LayerNorm", small)
    linear("encoder.embedding_hidden_mapping_in", hidden, small)
    layer = "encoder.albert_layer_groups.0.albert_layers.0"
    for name in ("query", "key", "value", "dense"):
        linear(f"{layer}.attention.{name}", hidden, hidden)
    norm(f"{layer}.attention.LayerNorm", hidden)
    linear(f"{layer}.ffn", wide, hidden)
    linear(f"{layer}.ffn_output", hidden, wide)
    norm(f"{layer}.full_layer_layer_norm", hidden)
    linear("pooler", hidden, hidden)
    tensors["classifier.weight"] = random.normal(0, 0.02, (LABELS, hidden)).astype(np.float32)
    tensors["classifier.bias"] = np.zeros(LABELS, np.float32)
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(BASE))
    for name in ("spiece.model", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(options.shared / "tokenizer" / name, folder)
    return folder


def texts(options):
    """Texts of CLINC150, each once."""
    found = {}
    for line in (options.shared / "data/clinc150/train.jsonl").read_text().splitlines():
        found[json.loads(line)["text"]] = None
    return [text for text in found if text.strip()]


def logits(model, file):
    return albert("run", model, "--file", file, "--function-to-apply", "none", "--top-k", LABELS, "--json")


def limits(options, checkpoint):
    """For each number of pieces, the options that keep as many."""
    vocabulary = [piece for piece, _ in json.loads((checkpoint / "tokenizer.json").read_text())["model"]["vocab"]]
    pieces = options.folder / "pieces.jsonl"
    pieces.write_text("".join(json.dumps({"text": piece.replace("\u2581", " ")}) + "\n" for piece in vocabulary if piece.strip("\u2581")))
    for keep in PIECES:
        yield keep, ["--vocabulary-from", pieces, "--keep-vocabulary", keep] if keep < BASE["vocab_size"] else []


def sizes(options):
    checkpoint = base(options)
    file, some = options.folder / "texts.txt", texts(options)
    file.write_text("\n".join(some) + "\n")
    whole = options.folder / "base-whole.albert"
    tokens = None
    yield "| pieces | int8, bytes | 4 bits, bytes | texts whose pieces are kept | of these, texts with other logits |"
    yield "|--:|--:|--:|--:|--:|"
    for keep, limit in limits(options, checkpoint):
        cut = options.folder / "base.albert" if limit else whole
        row = []
        for weights in WEIGHTS:
            albert("quantize", checkpoint, "-o", cut, "--calibration", "none", *weights, *limit)
            row.insert(0, f"{cut.stat().st_size:,}")
        if tokens is None:
            tokens = [line["tokens"] for line in lines(RELEASE / "albert", "tokenize", whole, "--file", file, "--json")]
        albert("inspect", cut, "--save-vocabulary", options.folder / "kept")
        kept = json.loads((options.folder / "kept/unigram.json").read_text())["vocab"]
        kept = {piece for piece, _ in kept}
        is_covered = lambda of: all(token in kept or token in ("[CLS]", "[SEP]") for token in of)
        covered = [text for text, of in zip(some, tokens) if is_covered(of)]
        assert len(covered) >= COVERED, len(covered)
        # Spread over the file, whose texts stand in the order of their labels.
        chosen = covered[:: len(covered) // COVERED][:COVERED]
        covered_file = options.folder / "covered.txt"
        covered_file.write_text("\n".join(chosen) + "\n")
        before, after = logits(whole, covered_file).splitlines(), logits(cut, covered_file).splitlines()
        assert len(before) == len(after) == COVERED * LABELS
        differing = {index // LABELS for index, (a, b) in enumerate(zip(before, after)) if a != b}
        assert not differing, differing
        yield f"| {keep:,} | {' | '.join(row)} | {len(chosen):,} | {len(differing)} |"


def encoders(options):
    """The files of `sizes` without pooler and classifier."""
    checkpoint, file = base(options), options.folder / "base-encoder.albert"
    yield "| pieces | int8, bytes | 4 bits, bytes |"
    yield "|--:|--:|--:|"
    for keep, limit in limits(options, checkpoint):
        row = []
        for weights in WEIGHTS:
            albert("quantize", checkpoint, "-o", file, "--calibration", "none", "--head", "encoder", *weights, *limit)
            row.insert(0, f"{file.stat().st_size:,}")
        yield f"| {keep:,} | {' | '.join(row)} |"


def limited(options):
    """For each number of pieces of the demo task, the options that keep as many."""
    texts = ["--vocabulary-from", options.shared / "data/clinc150/train.jsonl", "--held-out", options.shared / "models/clinc-intents/eval.jsonl"]
    for keep in (8000, 4000, 2000, 1000, 500):
        yield keep, [*texts, "--keep-vocabulary", keep] if keep < 8000 else []


def fitted(options):
    """The demo task by its encoder without the pooler, and a classifier that `albert fit` made."""
    model, encoder, file = options.shared / "models/clinc-intents", options.folder / "demo-encoder.albert", options.folder / "demo-fitted.albert"
    yield "| pieces at most | file, bytes | accuracy |"
    yield "|--:|--:|--:|"
    for keep, limit in limited(options):
        albert("quantize", model, "-o", encoder, "--head", "encoder", *limit)
        albert("fit", encoder, "--data", options.shared / "data/clinc150/train.jsonl", "-o", file)
        score = json.loads(albert("eval", file, "--data", model / "eval.jsonl", "--json"))["accuracy"]
        yield f"| {keep:,} | {file.stat().st_size:,} | {100 * score:.2f} % |"


def accuracies(options):
    model, file = options.shared / "models/clinc-intents", options.folder / "demo.albert"
    yield "| pieces at most | file, bytes | accuracy | held-out texts with the same pieces |"
    yield "|--:|--:|--:|--:|"
    for keep, limit in limited(options):
        report = json.loads(albert("quantize", model, "-o", file, "--json", *limit))
        score = json.loads(albert("eval", file, "--data", model / "eval.jsonl", "--json"))["accuracy"]
        coverage = (report["vocabulary"] or {}).get("held_out") or {"same": 1, "texts": 1}
        same = 100 * coverage["same"] / coverage["texts"]
        yield f"| {keep:,} | {file.stat().st_size:,} | {100 * score:.2f} % | {same:.1f} % |"
