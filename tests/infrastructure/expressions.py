"""Evaluates the expressions of Terraform that the modules of the examples use, so that their values can be compared.

It knows literals, templates, lists, objects, references, calls of five functions, `==`, `*` and the conditional. Anything else is an error,
never a guess.
"""

import json
import re

TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w-]*)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<op>==|=>|[][(){}.,?:=*]))"""
)


class Wrong(Exception):
    """A mistake in a module."""


def tokens(text):
    text = re.sub(r"(?m)(?:#|//)[^\n\"]*$", "", text)
    found, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if not match:
            raise Wrong(f"an expression that this check does not know: {text[at:].strip()[:60]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class Parser:
    """Evaluates an expression while it reads it. `scope(name)` returns the value of the first word of a reference."""

    def __init__(self, text, scope):
        self.tokens, self.at, self.scope, self.text = tokens(text), 0, scope, text

    def peek(self):
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def next(self, expected=None):
        if self.at >= len(self.tokens) or (expected and self.peek() != expected):
            raise Wrong(f"an expression that this check does not know: {self.text.strip()[:60]!r}")
        self.at += 1
        return self.tokens[self.at - 1]

    def whole(self):
        value = self.conditional()
        if self.peek() is not None:
            raise Wrong(f"an expression that this check does not know: {self.text.strip()[:60]!r}")
        return value

    def conditional(self):
        value = self.comparison()
        if self.peek() != "?":
            return value
        self.next()
        then = self.conditional()
        self.next(":")
        other = self.conditional()
        return then if value else other

    def comparison(self):
        value = self.product()
        while self.peek() == "==":
            self.next()
            value = value == self.product()
        return value

    def product(self):
        value = self.term()
        while self.peek() == "*":
            self.next()
            value = value * self.term()
        return value

    def term(self):
        kind, text = self.next()
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "string":
            return template(json.loads(text), self.scope)
        if text == "[":
            return self.items("]", self.conditional)
        if text == "{":
            return dict(self.items("}", self.pair))
        if kind != "word":
            raise Wrong(f"an expression that this check does not know: {self.text.strip()[:60]!r}")
        if text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        if self.peek() == "(":
            self.next()
            return call(text, self.items(")", self.conditional))
        return self.reference(self.scope(text))

    def items(self, end, item):
        found = []
        while self.peek() != end:
            found.append(item())
            if self.peek() == ",":
                self.next()
        self.next(end)
        return found

    def pair(self):
        kind, name = self.next()
        name = json.loads(name) if kind == "string" else name
        if self.peek() not in ("=", ":"):
            raise Wrong(f"an expression that this check does not know: {self.text.strip()[:60]!r}")
        self.next()
        return name, self.conditional()

    def reference(self, value):
        while self.peek() in (".", "["):
            if self.next()[1] == ".":
                value = member(value, self.next()[1])
            else:
                value = member(value, self.conditional())
                self.next("]")
        return value


def member(value, name):
    """Returns a member of an object, or what an object that is not a dictionary returns for it."""
    if isinstance(value, dict):
        if name not in value:
            raise Wrong(f"there is no {name!r} among {', '.join(map(str, value))}")
        return value[name]
    if not hasattr(value, "member"):
        raise Wrong(f"{value!r} has no {name!r}")
    return value.member(name)


def call(name, arguments):
    if name == "concat":
        return [item for argument in arguments for item in argument]
    if name == "toset":
        return {key: key for key in arguments[0]}
    if name == "jsonencode":
        return arguments[0]
    if name in ("filebase64sha256",):
        return name
    raise Wrong(f"a function that this check does not know: {name}")


def template(text, scope):
    """Evaluates a text with `${…}`. One expression alone keeps its type."""
    parts = []
    while (start := text.find("${")) >= 0:
        depth, at = 1, start + 2
        while depth:
            if at >= len(text):
                raise Wrong(f"a template without its end: {text[:60]!r}")
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        if start:
            parts.append(text[:start])
        parts.append(Parser(text[start + 2 : at - 1], scope).whole())
        text = text[at:]
    if text or not parts:
        parts.append(text)
    return parts[0] if len(parts) == 1 else "".join(map(str, parts))


def evaluate(value, scope):
    """Evaluates what the parser of HCL returned."""
    if isinstance(value, str):
        return template(value, scope)
    if isinstance(value, list):
        return [evaluate(item, scope) for item in value]
    if isinstance(value, dict):
        return {key: evaluate(item, scope) for key, item in value.items()}
    return value
