"""Runs a checkpoint in transformers: reads a request in JSON, writes a reference, prints what it found in JSON."""

import inspect
import json
import os
import sys
import warnings

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", TRANSFORMERS_VERBOSITY="error")
# What a library prints is no part of the answer.
answer, sys.stdout = sys.stdout, sys.stderr
warnings.filterwarnings("ignore")

#: Rows that run together.
BATCH = 8


def compared_tokens(request, tokenizer):
    """How many texts have the same tokens, and the first one that has not."""
    texts, same, first = 0, 0, None
    for row in request["rows"]:
        if not row["text"]:
            continue
        encoded = tokenizer(row["text"], row["pair"], truncation="longest_first", max_length=request["max_tokens"])
        ids = list(encoded["input_ids"])
        own = row["token_types"] or [0] * len(row["ids"])
        # Not every tokenizer gives types.
        types = list(encoded.get("token_type_ids") or own)
        texts += 1
        if (ids, types) == (row["ids"], own):
            same += 1
        elif first is None:
            first = {"text": row["text"], "ids": ids, "model_ids": row["ids"]}
    return {"texts": texts, "same": same, "first": first}


def outputs(torch, request, model):
    """Inputs and outputs as tensors, by their names in reference files."""
    rows, choices = request["rows"], request["choices"]
    longest = max(len(row["ids"]) for row in rows)
    pad = getattr(model.config, "pad_token_id", None) or 0

    def padded(values, fill):
        return torch.tensor([list(value) + [fill] * (longest - len(value)) for value in values])

    tensors = {
        "input_ids": padded([row["ids"] for row in rows], pad),
        "attention_mask": padded([[1] * len(row["ids"]) for row in rows], 0),
        "token_type_ids": padded([row["token_types"] or [0] * len(row["ids"]) for row in rows], 0),
    }
    if choices > 1:
        tensors = {name: tensor.reshape(-1, choices, longest) for name, tensor in tensors.items()}
    taken = inspect.signature(model.forward).parameters
    names = {"prediction_logits": "prediction_logits", "sop_logits": "sop_logits", "seq_relationship_logits": "sop_logits"}
    names.update({name: name for name in ("logits", "start_logits", "end_logits")})
    if request["pooler"]:
        names["pooler_output"] = "pooler_output"
    if request["vocabulary_logits"]:
        names["logits"] = request["vocabulary_logits"]
    found = {}
    for start in range(0, len(tensors["input_ids"]), BATCH):
        inputs = {name: tensor[start : start + BATCH] for name, tensor in tensors.items() if name in taken}
        with torch.no_grad():
            output = model(**inputs, output_hidden_states=True, return_dict=True)
        part = {name: output[key] for key, name in names.items() if output.get(key) is not None}
        if choices == 1:
            part["last_hidden_state"] = output.hidden_states[-1]
        for name, tensor in part.items():
            found.setdefault(name, []).append(tensor.float())
    return {**tensors, **{name: torch.cat(parts).contiguous() for name, parts in found.items()}}


def run(request):
    try:
        import torch
        import transformers
        from safetensors.torch import save_file
    except ImportError as error:
        return {"missing": error.name or str(error)}
    result = {"torch": torch.__version__, "transformers": transformers.__version__}
    try:
        model = getattr(transformers, request["class"]).from_pretrained(request["checkpoint"]).float().eval()
    except Exception as error:  # Whatever it is, it belongs into the answer.
        return {**result, "error": f"transformers cannot load the checkpoint: {error}"}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(request["checkpoint"])
    except Exception as error:  # A checkpoint need not have one.
        result["tokenizer_error"] = " ".join(str(error).split())[:300]
    else:
        result["tokenization"] = compared_tokens(request, tokenizer)
    save_file(outputs(torch, request, model), request["output"])
    return result


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    try:
        result = run(request)
    except Exception as error:  # As above.
        result = {"error": f"transformers fails: {type(error).__name__}: {error}"}
    print(json.dumps(result), file=answer)


main()
