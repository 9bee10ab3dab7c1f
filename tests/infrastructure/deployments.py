"""Runs examples/infrastructure/deploy.sh with an `aws` and a `sam` that keep a stack in a file, in each state that a deployment meets.

`unexpected(script, folder)` yields what it does wrong. `rollback.py` runs it with the real AWS CLI.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

# One program with two names. `fails` has the commands that AWS throttles, and how many calls later.
FAKE = '''
import json, os, sys
from pathlib import Path

file = Path(os.environ["STATE"])
state = json.loads(file.read_text())
name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
command = f"{name} {arguments[0]}" if name == "sam" else arguments[1]
state["calls"].append(command)
code, printed, error = 0, "", ""
option = lambda key: arguments[arguments.index(key) + 1]

if command in state["fails"]:
    state["fails"][command] -= 1
if state["fails"].get(command) == -1:
    code, error = 254, f"An error occurred (Throttling) when calling the operation {command}: Rate exceeded"
    if command == "sam deploy" and state["alias"]:
        # A stack whose update fails gets what its template described before, and with it the alias.
        state["alias"] = state["template"]
elif command == "describe-stacks":
    if not state["exists"]:
        code, error = 254, "An error occurred (ValidationError): Stack with id shop does not exist"
    else:
        key = next(key for key in ("FunctionName", "Url") if key in option("--query"))
        printed = (state["outputs"] or {}).get(key, "") if state["outputs"] is not None else "None"
elif command == "list-stack-resources":
    versions = [state["template"], *state["others"]]
    printed = "\\t".join(f"arn:aws:lambda:us-east-1:123456789012:function:{each}" for each in versions if each)
elif command in ("get-alias", "update-alias"):
    if not option("--function-name"):
        code, error = 252, "Parameter validation failed: Invalid length for parameter FunctionName, value: 0"
    elif not state["alias"]:
        code, error = 254, "An error occurred (ResourceNotFoundException): Alias not found"
    elif command == "get-alias":
        printed = state["alias"].split(":")[1]
    else:
        state["alias"] = f"fn:{option('--function-version')}"
elif command == "sam deploy":
    state["exists"] = True
    state["outputs"] = state["after"]
    if state["versions"][-1:] != [os.environ["BUILD"]]:
        state["versions"].append(os.environ["BUILD"])
        if state["publishes"]:
            state["template"] = state["alias"] = f"fn:{len(state['versions'])}"
    else:
        print("No changes to deploy. Stack shop is up to date")
else:
    code, error = 252, f"unknown: {arguments}"

file.write_text(json.dumps(state))
if printed:
    print(printed)
if error:
    print(error, file=sys.stderr)
sys.exit(code)
'''
# The call after a deployment: of the version to which the alias points. Every good build responds.
SMOKE = '''
import json, os, sys
from pathlib import Path

file = Path(os.environ["STATE"])
state = json.loads(file.read_text())
build = state["versions"][int(state["alias"].split(":")[1]) - 1]
state["calls"].append(f"call of {build}")
file.write_text(json.dumps(state))
sys.exit(not build.startswith("good") or sys.argv[1:] != ["https://x"])
'''
OUTPUTS = {"FunctionName": "fn", "Url": "https://x"}
NOTHING = {
    "exists": False, "outputs": None, "after": OUTPUTS, "publishes": True,
    "versions": [], "template": None, "others": [], "alias": None, "calls": [], "fails": {},
}  # fmt: skip
ONE = {**NOTHING, "exists": True, "outputs": OUTPUTS, "versions": ["good 1"], "template": "fn:1", "alias": "fn:1"}
# The second build was rejected.
ROLLED_BACK = {**ONE, "versions": ["good 1", "bad 2"], "template": "fn:2"}
WITHOUT_ALIAS = {**ONE, "template": None, "alias": None}


def throttled(state, command, calls=0):
    return {**state, "fails": {command: calls}}


# What it is, the state, the build, whether the deployment succeeds, the version of the alias afterwards, and calls that are (not) made.
STATES = [
    ("a first deployment", NOTHING, "good 1", True, "fn:1", ["call of good 1"], []),
    ("a first deployment that does not respond", NOTHING, "bad 1", False, "fn:1", ["call of bad 1"], ["update-alias"]),
    ("a deployment", ONE, "good 2", True, "fn:2", ["call of good 2"], ["update-alias"]),
    ("a deployment that does not respond", ONE, "bad 2", False, "fn:1", ["call of bad 2"], []),
    ("nothing changed", ONE, "good 1", True, "fn:1", ["call of good 1"], ["update-alias"]),
    ("the rejected build again", ROLLED_BACK, "bad 2", False, "fn:1", ["call of bad 2"], []),
    ("a build that responds in the second attempt", {**ROLLED_BACK, "versions": ["good 1", "good 2"]}, "good 2", True, "fn:2", ["call of good 2"], []),
    ("the next build after a rejected one", ROLLED_BACK, "good 3", True, "fn:3", ["call of good 3"], []),
    ("no answer about the stack before", throttled(ONE, "describe-stacks"), "bad 2", False, "fn:1", [], ["sam deploy"]),
    ("no answer about the alias before", throttled(ONE, "get-alias"), "bad 2", False, "fn:1", [], ["sam deploy"]),
    ("no answer about the outputs afterwards", throttled(ONE, "describe-stacks", 1), "bad 2", False, "fn:1", ["sam deploy"], []),
    ("no answer about the URL afterwards", throttled(ONE, "describe-stacks", 2), "bad 2", False, "fn:1", ["sam deploy"], []),
    ("no answer about the alias afterwards", throttled(ONE, "get-alias", 1), "bad 2", False, "fn:1", ["sam deploy"], []),
    ("no answer about the version", throttled(ONE, "list-stack-resources"), "bad 2", False, "fn:1", ["sam deploy"], []),
    ("an update that fails after a rollback", throttled(ROLLED_BACK, "sam deploy"), "good 3", False, "fn:1", [], ["call of bad 2"]),
    ("a stack without outputs", {**WITHOUT_ALIAS, "outputs": None}, "good 2", True, "fn:2", ["call of good 2"], []),
    ("a stack with other outputs", {**WITHOUT_ALIAS, "outputs": {}}, "good 2", True, "fn:2", ["call of good 2"], []),
    ("a stack without an alias", WITHOUT_ALIAS, "good 2", True, "fn:2", ["call of good 2"], []),
    ("a template without an alias", {**WITHOUT_ALIAS, "publishes": False}, "good 2", False, None, [], ["call of good 2"]),
    ("a template without outputs", {**ONE, "after": {}}, "good 2", False, "fn:1", [], ["call of good 2"]),
    ("versions of other functions", {**ROLLED_BACK, "others": ["fn2:7", "other-fn:9"]}, "bad 2", False, "fn:1", ["call of bad 2"], []),
]  # fmt: skip


def program(file, text):
    file.write_text(f"#!{sys.executable}\n{text}")
    file.chmod(0o755)


def unexpected(script, folder):
    """Yields what the script does in another way than expected."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("aws", "sam"):
        program(folder / name, FAKE)
    program(folder / "smoke", SMOKE)
    file = folder / "state.json"
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "STATE": str(file)}

    def run(state, build, *arguments):
        file.write_text(json.dumps(state))
        done = subprocess.run(
            [script, *arguments], env={**environment, "BUILD": build}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return done.returncode == 0, json.loads(file.read_text()), done.stdout.strip()

    for what, state, build, succeeds, alias, made, not_made in STATES:
        succeeded, after, output = run(state, build, "shop", "smoke")
        found = []
        if succeeded != succeeds:
            found.append("it succeeds" if succeeded else "it fails")
        if after["alias"] != alias:
            found.append(f"the alias points to {after['alias']}, not {alias}")
        found += [f"no {call}" for call in made if call not in after["calls"]]
        found += [f"{call}" for call in not_made if call in after["calls"]]
        for wrong in found:
            yield f"infrastructure: deploy.sh: {what}: {wrong}\n{output}"
    succeeded, after, output = run({**ONE, "versions": ["good 1", "good 2"], "alias": "fn:2"}, "", "--rollback", "shop", "1")
    if not succeeded or after["alias"] != "fn:1":
        yield f"infrastructure: deploy.sh: a rollback: the alias points to {after['alias']}\n{output}"


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as temporary:
        script = sys.argv[1] if sys.argv[1:] else Path(__file__).resolve().parents[2] / "examples/infrastructure/deploy.sh"
        report = list(unexpected(script, Path(temporary)))
    print("\n".join(report))
    sys.exit(bool(report))
