"""Loads the Terraform modules of an example, checks them against the schema of the AWS provider, and evaluates them.

`terraform validate` needs the provider, which is not in a package registry. So the schema is in `provider.json`, which `provider.mjs`
extracts; the modules are parsed by hcl2json.
"""

import re

from expressions import Wrong, evaluate, member

# The topic of the alarms, in every tool.
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
KINDS = ("resource", "data", "ephemeral")
META = {"count", "for_each", "depends_on", "lifecycle", "provider", "source", "version"}


class Reference:
    """An attribute of a resource, which only the provider knows."""

    def __init__(self, resource, attribute=""):
        self.resource, self.attribute = resource, attribute

    def member(self, name):
        if self.attribute:
            raise Wrong(f"{self!r} has no {name!r}")
        self.resource.module.schema.attribute(self.resource.type, name, self.resource.kind)
        return Reference(self.resource, name)

    def __repr__(self):
        return f"{self.resource.label}.{self.attribute}"

    def __str__(self):
        return f"<{self.resource.label}.{self.attribute}>"

    def __eq__(self, other):
        return isinstance(other, Reference) and str(self) == str(other)

    def __hash__(self):
        return hash(str(self))


class Resource:
    """A resource, with the value of its arguments."""

    def __init__(self, module, kind, type, name, key, body):
        self.module, self.kind, self.type, self.name, self.key, self.body = module, kind, type, name, key, body
        self.label = f"{module.path}{type}.{name}" + (f"[{key}]" if key is not None else "")

    @property
    def arguments(self):
        return self.module.block(self.body, self.key, self.module.each(self.body, self.key))


class Module:
    """A module that is called with these variables."""

    def __init__(self, files, folder, schema, path="", variables=None):
        self.files, self.folder, self.schema, self.path = files, folder, schema, path
        self.source = files[folder]
        declared = self.source.get("variable", {})
        for name in variables or {}:
            if name not in declared:
                raise Wrong(f"{path or 'the module '}has no variable {name!r}")
        self.variables = {}
        for name, body in declared.items():
            if name in (variables or {}):
                self.variables[name] = variables[name]
            elif "default" in body[0]:
                self.variables[name] = body[0]["default"]
            elif path:
                raise Wrong(f"{path}the variable {name!r} is missing")
            else:
                self.variables[name] = Parameter(f"var.{name}")
        self.locals = {name: value for body in self.source.get("locals", []) for name, value in body.items()}
        self.memory = {}

    def scope(self, **words):
        def look(name):
            if name in words:
                return words[name]
            if name == "var":
                return self.variables
            if name == "local":
                return Lazy(lambda key: self.local(key))
            if name == "module":
                return Lazy(lambda key: self.call(key))
            if name == "data":
                return Lazy(lambda kind: Lazy(lambda key: self.resource("data", kind, key)))
            if name == "ephemeral":
                return Lazy(lambda kind: Lazy(lambda key: self.resource("ephemeral", kind, key)))
            if name == "path":
                return {"root": ".", "module": "."}
            if name.startswith("aws_"):
                return Lazy(lambda key: self.resource("resource", name, key))
            raise Wrong(f"{name!r} is not declared")

        return look

    def remember(self, key, make):
        if key not in self.memory:
            self.memory[key] = make()
        return self.memory[key]

    def local(self, name):
        return self.remember(("local", name), lambda: evaluate(member(self.locals, name), self.scope()))

    def instances(self, body, make):
        """Makes one instance, or one for each key."""
        if "for_each" in body:
            keys = evaluate(body["for_each"], self.scope())
            return {key: make(key) for key in keys}
        if "count" in body:
            return [make(index) for index in range(evaluate(body["count"], self.scope()))]
        return make(None)

    def each(self, body, key):
        """Returns the words that a body knows besides those of its module."""
        if "for_each" not in body or key is None:
            return {}
        return {"each": {"key": key, "value": evaluate(body["for_each"], self.scope())[key]}}

    def resource(self, kind, type, name):
        body = member(member(self.source.get(kind, {}), type), name)[0]
        self.schema.type(type, kind)
        make = lambda key: Reference(Resource(self, kind, type, name, key, body))
        return self.remember((kind, type, name), lambda: self.instances(body, make))

    def call(self, name):
        body = member(self.source.get("module", {}), name)[0]

        def make(key):
            scope = self.scope(**self.each(body, key))
            given = {argument: evaluate(value, scope) for argument, value in body.items() if argument not in META}
            path = f"{self.path}module.{name}" + (f"[{key}]" if key is not None else "") + "."
            folder = f"{self.folder}/{body['source'].removeprefix('./')}"
            return Called(Module(self.files, folder, self.schema, path, given))

        return self.remember(("module", name), lambda: self.instances(body, make))

    def output(self, name):
        return evaluate(member(self.source.get("output", {}), name)[0]["value"], self.scope())

    def block(self, body, key, words):
        """Evaluates the arguments of a block; nested blocks, dynamic ones too, are lists."""
        values = {}
        for name, value in body.items():
            if name in ("for_each", "count"):
                continue
            if name == "dynamic":
                for of, dynamics in value.items():
                    values[of] = [item for dynamic in dynamics for item in self.dynamic(of, dynamic, words)]
            elif name in ("lifecycle", "depends_on"):
                values[name] = value
            elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
                values[name] = [self.block(item, key, words) for item in value]
            else:
                values[name] = evaluate(value, self.scope(**words))
        return values

    def dynamic(self, name, dynamic, words):
        items = evaluate(dynamic["for_each"], self.scope(**words))
        items = items.items() if isinstance(items, dict) else enumerate(items)
        for key, value in items:
            yield self.block(dynamic["content"][0], key, {**words, name: {"key": key, "value": value}})

    def everything(self):
        """Yields all resources of this module and of those that it calls; each reference is resolved on the way."""
        for name, body in self.source.get("output", {}).items():
            if " for " not in str(body[0]["value"]):
                self.output(name)
        for kind in KINDS:
            for type, names in self.source.get(kind, {}).items():
                for name, bodies in names.items():
                    self.schema.check(f"{self.path}{type}.{name}", type, bodies[0], kind)
                    for reference in flat(self.resource(kind, type, name)):
                        yield reference.resource
        for name in self.source.get("module", {}):
            for called in flat(self.call(name)):
                yield from called.module.everything()


class Lazy:
    def __init__(self, look):
        self.look = look

    def member(self, name):
        return self.look(name)


class Parameter(str):
    """A variable of the root module without a default."""

    def member(self, name):
        return Parameter(f"{self}.{name}")


class Called:
    """A module that was called: its members are its outputs."""

    def __init__(self, module):
        self.module = module

    def member(self, name):
        return self.module.output(name)


def flat(value):
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else [value]


class Schema:
    """What the AWS provider accepts: see `provider.mjs`."""

    def __init__(self, extracted):
        self.extracted = extracted

    def type(self, name, kind="resource"):
        types = self.extracted[kind]
        if name not in types:
            raise Wrong(f"the AWS provider has no {kind} {name!r}")
        if types[name] is None:
            raise Wrong(f"{name} is not in provider.json: run tests/infrastructure/provider.sh")
        return types[name]

    def attribute(self, type, name, kind):
        block = self.type(type, kind)
        if name not in block["arguments"] and name not in block["computed"]:
            raise Wrong(f"{type} has no attribute {name!r}")

    def check(self, label, type, body, kind):
        self.block(label, self.type(type, kind), body)

    def block(self, label, schema, body):
        given = {name for name in body if name not in META and name != "dynamic"}
        dynamics = body.get("dynamic", {})
        for name in sorted(given | set(dynamics)):
            if name not in schema["arguments"]:
                raise Wrong(f"{label} has no argument {name!r}")
            nested = schema["arguments"][name].get("block")
            if nested is None:
                if name in dynamics:
                    raise Wrong(f"{label}: {name!r} is not a block")
                continue
            inner = body[name] if name in given else [dynamic["content"][0] for dynamic in dynamics[name]]
            if not isinstance(inner, list):
                raise Wrong(f"{label}: {name!r} is a block")
            for item in inner:
                self.block(f"{label}.{name}", nested, item)
        for name, argument in schema["arguments"].items():
            if argument.get("required") and name not in given and name not in dynamics:
                raise Wrong(f"{label}: the argument {name!r} is missing")


def resources(parsed, extracted):
    """Returns the resources of a root module: `parsed` has the content of each folder, the root as ""."""
    root = Module(parsed, "", Schema(extracted), variables={"alarm_topic_arn": TOPIC})
    return list(root.everything())
