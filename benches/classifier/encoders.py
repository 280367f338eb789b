"""The frozen encoders of CLINC150's figures, and its rows."""
import json

from document import albert

OUT_OF_SCOPE = "oos"
NAMES = ("clinc-intents", "minilm-as-albert")


def encoder(options, name):
    """The int8 model of a checkpoint without its head."""
    file = options.folder / f"{name}.albert"
    if not file.exists():
        albert("quantize", options.shared / "models" / name, "-o", file, "--head", "none")
    return file


def rows(options, split):
    """Rows in scope, in the order of the file."""
    text = (options.shared / f"data/clinc150/{split}.jsonl").read_text()
    found = [json.loads(line) for line in text.splitlines()]
    return [row for row in found if row["label"] != OUT_OF_SCOPE]


def write(path, some):
    path.write_text("".join(json.dumps(row) + "\n" for row in some))
    return path
