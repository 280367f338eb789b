"""Parses Swift: the files, and the blocks of the pages (.md), that are named. Exits with 1 when one is not Swift."""

import re
import sys

import tree_sitter_swift
from tree_sitter import Language, Parser

parser = Parser(Language(tree_sitter_swift.language()))


def errors(node):
    if node.is_error or node.is_missing:
        yield node
    for child in node.children:
        yield from errors(child)


def sources(path):
    text = open(path, encoding="utf-8").read()
    if not path.endswith(".md"):
        return [(1, text)]
    blocks = re.finditer(r"^```swift\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [(text[: block.start(1)].count("\n") + 1, block[1]) for block in blocks]


# A parser that takes everything would find nothing.
assert any(errors(parser.parse(b"let a = = 3 }").root_node))
count = failed = 0
for path in sys.argv[1:]:
    for start, text in sources(path):
        # What a reader completes.
        text = text.replace(", ...]", "]")
        for node in errors(parser.parse(text.encode()).root_node):
            print(f"{path}:{start + node.start_point[0]}: {text.splitlines()[node.start_point[0]]}")
            failed += 1
        count += 1
print(f"Swift: {count} files and blocks, {failed} errors")
sys.exit(failed > 0)
