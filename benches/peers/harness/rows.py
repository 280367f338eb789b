"""The rows that a model is judged on and those that it is calibrated on, as ids; runs in the virtual environment."""

import argparse
import json
from pathlib import Path

from safetensors.numpy import load_file

#: Longest row, in tokens.
MOST_TOKENS = 128


def tokenizer(checkpoint: Path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)
    return lambda text: tokenizer.encode(text).ids


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("calibration", type=Path, help="JSON lines with input_ids, or a text a line")
    parser.add_argument("--reference", type=Path, help="take its rows; without, those of the checkpoint's eval.jsonl")
    arguments = parser.parse_args()
    labels = []
    if arguments.reference:
        tensors = load_file(arguments.reference)
        pairs = zip(tensors["input_ids"], tensors["attention_mask"])
        rows = [ids[mask != 0].tolist() for ids, mask in pairs]
    else:
        encode = tokenizer(arguments.checkpoint)
        data = [json.loads(line) for line in (arguments.checkpoint / "eval.jsonl").read_text().splitlines()]
        rows, labels = [encode(row["text"]) for row in data], [row["label_id"] for row in data]
    lines = arguments.calibration.read_text().splitlines()
    if arguments.calibration.suffix == ".jsonl":
        calibration = [json.loads(line)["input_ids"][:MOST_TOKENS] for line in lines]
    else:
        encode = tokenizer(arguments.checkpoint)
        calibration = [encode(line) for line in lines]
    given = {"rows": rows, "labels": labels, "calibration": calibration}
    (arguments.folder / "rows.json").write_text(json.dumps(given) + "\n")


if __name__ == "__main__":
    main()
