"""Answers beside those of `transformers.pipeline` in fp32, both given here, on texts that were drawn and not recorded.

transformers 5 has no pipeline of question answering, multiple choice and sentence order: `test_transformers_forms.py` has what
its last one and the bare models gave.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import close
from test_transformers_forms import cases, checkpoint, options

from albert_edge import pipeline, quantize

#: Texts for each case.
TEXTS = 120
AUTO = {
    "text-classification": "AutoModelForSequenceClassification",
    "zero-shot-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "fill-mask": "AutoModelForMaskedLM",
    "feature-extraction": "AutoModel",
}
WORDS = (
    "the river runs north of Paris Anna lives in London near old bridge who is man city sea isn't north. ville-man rivering "
    "``the ''goes caf\u00e9 Nai\u0308ve \u6f22\u5b57 \U0001f600 \U0001f469\u200d\U0001f680 \ufb01nd \u00bd \uff21\uff22 stra\u00dfe \u0130stanbul na\u00efve x 42 3,14 a/b #tag "
    "\ud55c\uad6d\uc5b4 \u0e44\u0e17\u0e22 \u0645\u0631\u062d\u0628\u0627 LONDON Parisville! (x) ... -- \u2014 \u201cold\u201d of, the?"
).split()
SPACES = [" "] * 8 + ["  ", "\t", "\u00a0", "\u3000"]
NAMES = {"<pad>": "pad_token", "[PAD]": "pad_token", "<unk>": "unk_token", "[UNK]": "unk_token", "[CLS]": "cls_token", "[SEP]": "sep_token", "[MASK]": "mask_token"}


def drawn(seed: int, longest: int, masks: bool = False) -> Iterator[str]:
    """Texts of up to `longest` words: short and long ones, of several scripts."""
    draws = random.Random(seed)
    while True:
        words = [draws.choice(WORDS) for _ in range(draws.randint(1, draws.choice([3, 8, longest])))]
        if masks:
            words[draws.randrange(len(words))] = "[MASK]"
        yield "".join(word + draws.choice(SPACES) for word in words).strip(" ")


def of_transformers(folder: Path, case: dict[str, Any]) -> Any:
    """The original's pipeline, with the tokenizer file as it stands."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    # Small networks: threads that wait for each other take longer than the work.
    torch.set_num_threads(1)
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    roles = {NAMES[token["content"]]: token["content"] for token in content["added_tokens"] if token["content"] in NAMES}
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"),
        model_max_length=case["tokenizer_config"].get("model_max_length", 10**30),
        # Of both texts of a pair, as the models are trained.
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
        **roles,
    )
    model = getattr(transformers, AUTO[case["task"]]).from_pretrained(folder, dtype=torch.float32).eval()
    return transformers.pipeline(case["task"], model=model, tokenizer=tokenizer, device="cpu")


def plain(value: Any) -> Any:
    """Numbers of NumPy as Python's."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def inputs(task: str, theirs: Any) -> list[Any]:
    """Texts and pairs that fit; windows and cuts take long ones."""
    config = theirs.model.config
    positions, takes_pairs = config.max_position_embeddings, config.type_vocab_size > 1
    fits: Callable[..., bool] = lambda *texts: len(theirs.tokenizer(*texts)["input_ids"]) <= positions
    found: list[Any] = []
    texts = drawn(len(task), 60 if positions > 100 else 12, masks=task == "fill-mask")
    while len(found) < TEXTS:
        text = next(texts)
        if task == "text-classification" and takes_pairs and len(found) % 4 == 3:
            second = next(texts)
            if fits(text, second):
                found.append({"text": text, "text_pair": second})
        elif task in ("token-classification", "zero-shot-classification") or fits(text):
            found.append(text)
    return found


def chosen() -> Iterator[Any]:
    """Each checkpoint, tokenizer and set of options once."""
    for task in AUTO:
        seen = set()
        for index, case in enumerate(cases(task)):
            asked = options(case["arguments"])
            # Their pipeline cannot be told which label entails, nor to pool.
            if "entailment_label" in asked or asked.pop("task", task) != task:
                continue
            key = json.dumps([case[name] for name in ("checkpoint", "tokenizer", "config", "tokenizer_config", "arguments")])
            if key not in seen:
                seen.add(key)
                yield pytest.param(task, case, asked, id=f"{task}-{index}")


@pytest.mark.extra
@pytest.mark.parametrize(("task", "case", "asked"), list(chosen()))
def test_same_answers(task: str, case: dict[str, Any], asked: dict[str, Any], tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, case)
    theirs = of_transformers(folder, case)
    quantize(folder, tmp_path / "model.albert", weights="fp32")
    ours = pipeline(task, tmp_path / "model.albert")
    asked = {name: value for name, value in asked.items() if name != "task"}
    if task == "zero-shot-classification":
        asked["candidate_labels"] = ["river", "a city near the sea", "Anna"]
    texts = inputs(task, theirs)
    found, expected = ours(texts, **asked), plain(theirs(texts, **asked))
    assert len(found) == len(expected) == TEXTS
    for text, one, other in zip(texts, found, expected):
        close(one, other, f"{text!r}")
