"""Makes documents of texts that parsers of YAML take for other values, and compares JSON with YAML by PyYAML, a parser of YAML 1.1.

    python yaml_values.py make SEED          a document in JSON, to standard output
    python yaml_values.py compare JSON YAML  fails, with the values that differ
"""

import json
import random
import sys

import yaml

PIECES = [
    "no", "No", "NO", "on", "off", "y", "n", "Y", "yes", "true", "True", "null", "Null", "~", "", "200", "0x1F", "0o17", "017", "1e3", "1E3",
    "1.", "1_000", ".5", "-.inf", ".nan", "+1", "1:30", "12:30:45", "2024-01-01", "2001-12-14t21:59:43.10-05:00", "=", "<<", "- a", "-", "?",
    "? x", ":", ": x", "a: b", "a:b", "a #b", "#x", "&a", "*a", "!t", "%x", "@x", "`x", "|", ">", "|-", "{", "}", "[", "]", "{}", "[]", ",", "'",
    '"', "\\", "\t", "\tx", "x\t", "a\tb", " x", "x ", "  ", "\n", "\n\n", "a\nb", "a\n", "\na", "a\n\nb\n", "a\n b\n", "  a\nb", "a\r\nb", "\r",
    "\x85", "\u2028", "\u2029", "\ufeff", "\xa0", "\x00", "\x07", "\x1b", "\x7f", "\x80", "é", "日本", "😀", "\ufffe", "---", "...", "--- a",
    "a\n---\nb", "a\n...\nb", "$ref", "#/components/schemas/User", "/users/{id}", "^(?i)a\\d+$", "0b1", "0o8", "1e400", "9" * 25, "-0", "x: |",
    "key:", " - a", "a  b", "a\n\tb", "a \nb", "\n a", "a\u2028b", "a long text " * 30, "word" * 60,
]
LINES = ["", "  ", " ", "a", "  a", "\t", "a ", "- b", "# c", "    x", "d: e"]
CHARACTERS = "ab: #-\n\t\"'\\{}[],&*!|>%@`?~01.eE_+\r\x85\u2028é😀/"
NUMBERS = [None, True, False, 0, -1, 7, 2**53, -(2**53), 1.5, 1e300, -0.25, 1e-7, 1e22, 5e-324]


def text(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.5:
        return chance.choice(PIECES)
    if kind < 0.65:
        return chance.choice(PIECES) + chance.choice(PIECES)
    if kind < 0.8:
        return "\n".join(chance.choice(LINES) for _ in range(chance.randint(1, 5)))
    return "".join(chance.choice(CHARACTERS) for _ in range(chance.randint(0, 12)))


def value(chance: random.Random, depth: int = 0):
    kind = chance.random()
    if depth > 3 or kind < 0.5:
        return text(chance)
    if kind < 0.6:
        return chance.choice(NUMBERS)
    if kind < 0.8:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    return {text(chance): value(chance, depth + 1) for _ in range(chance.randint(0, 4))}


def make(seed: int) -> None:
    chance = random.Random(seed)
    values = [value(chance) for _ in range(3_000)]
    values += PIECES + [{piece: piece} for piece in PIECES] + [{"a": [{piece: [piece]}]} for piece in PIECES]
    document = {"openapi": "3.1.0", "info": {"title": "no", "version": "1e3", "x-values": values}, "paths": {}}
    json.dump(document, sys.stdout)


def compare(as_json: str, as_yaml: str) -> None:
    with open(as_json, encoding="utf-8") as file:
        expected = json.load(file)
    # Without the translation of line ends.
    with open(as_yaml, "rb") as file:
        found = yaml.safe_load(file.read().decode())
    expected_values, found_values = (document["info"].pop("x-values", []) for document in (expected, found))
    pairs = [(expected, found), *zip(expected_values, found_values, strict=True)]
    same = lambda pair: json.dumps(pair[0], sort_keys=True) == json.dumps(pair[1], sort_keys=True, default=str)  # noqa: E731
    wrong = [pair for pair in pairs if not same(pair)]
    for pair in wrong[:5]:
        print(*map(repr, pair), sep="\n  ")
    print(f"{len(pairs)} values, {len(wrong)} differ")
    sys.exit(1 if wrong else 0)


make(int(sys.argv[2])) if sys.argv[1] == "make" else compare(sys.argv[2], sys.argv[3])
