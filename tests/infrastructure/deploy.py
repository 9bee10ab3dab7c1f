"""Deploys an example by its serverless.yml into the engine, uses it as the test of its SAM template does, and prints the results.

Usage: deploy.py ENDPOINT TOOLS EXAMPLE FOLDER_OF_BINARIES. The scripts of tests/engines/python get a stack that osls has deployed.
"""

import io
import json
import re
import runpy
import shutil
import sys
import zipfile
from contextlib import redirect_stdout
from pathlib import Path

from check import ROOT, Tools

ENGINES = ROOT / "tests/engines/python"
sys.path.insert(0, str(ENGINES))

import stack as by_sam  # noqa: E402

endpoint, tools, example, binaries = sys.argv[1:5]
# The function that `osls invoke` calls, and its event. That of `thumbnail` names a bucket that the stack does not have.
INVOKED = {
    "crud": ("router", "--path", str(ROOT / "examples/crud/events/list-users.json")),
    "orders": ("ship", "--path", str(ROOT / "examples/orders/events/four-orders.json")),
    "projection": ("rebuild", "--data", '"ada"'),
}


class Stack(by_sam.Stack):
    """A stack of osls. Functions have the logical ids of template.yaml."""

    def __init__(self, *_):
        self.example, self.endpoint = ROOT / "examples" / example, endpoint
        self.name = f"pilaster-{example}-dev"
        key = dict(aws_access_key_id="test", aws_secret_access_key="canary-7f3a-key")
        self.options = dict(endpoint_url=endpoint, region_name="us-east-1", **key)
        self.tools = Tools(tools)
        self.environment = {name.upper(): value for name, value in key.items()}
        self.environment |= {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1"}
        self.copy = self.tools.copy(example, f"deployed-{example}")
        for folder in self.copy.glob("target/lambda/*/"):
            for archive in (folder / "bootstrap.zip", folder.with_suffix(".zip")):
                archive.write_bytes(by_sam.packed(Path(binaries) / folder.name))
        # The engine knows no alarms by metric math.
        service = self.copy / "serverless.yml"
        service.write_text(re.sub(r"(?m)^    TableThrottleAlarm: .*\n", "", service.read_text()))
        self.osls("deploy")
        resources = self.client("cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        self.ids = {logical.removesuffix("LambdaFunction"): physical for logical, physical in ids.items()}

    def osls(self, *command):
        program = self.tools.folder / "node_modules/osls/bin/serverless.js"
        return self.tools.must(["node", program, *command], self.copy, **self.environment)

    def log(self):
        """Returns the log lines of all functions: osls gives each a log group of its own."""
        groups = [physical for logical, physical in self.ids.items() if logical.endswith("LogGroup")]
        paginator = self.client("logs").get_paginator("filter_log_events")
        pages = [page for group in groups for page in paginator.paginate(logGroupName=group)]
        return [event["message"] for page in pages for event in page["events"]]

    def invoked(self):
        """Invokes a function by osls, and returns its response."""
        return json.loads(self.osls("invoke", "--function", *INVOKED[example]))


class Once(Stack):
    """The stack that the script has deployed."""

    deployed = None

    def __init__(self, *arguments):
        super().__init__(*arguments)
        Once.deployed = self


def life_of_a_user(stack):
    """Creates, reads, lists and deletes a user through the routes of the API."""
    secret = stack.client("secretsmanager")
    secret.put_secret_value(SecretId=stack.ids["ApiKey"], SecretString=json.dumps({"key": "canary-7f3a-open-sesame"}))
    api = object.__new__(by_sam.Api)
    api.stack, api.api = stack, stack.ids["HttpApi"]
    key = {"x-api-key": "canary-7f3a-open-sesame"}
    report = {"no key": api.call("GET", "/users")}
    report["created"] = api.call("POST", "/users", {"email": "ada@example.com", "name": "Ada"}, **key)
    user = f"/users/{report['created']['body']['id']}"
    report["read"] = api.call("GET", user, **key)
    report["updated"] = api.call("PATCH", user, {"version": 1, "name": "Augusta"}, **key)
    report["list"] = api.call("GET", "/users", **key)
    report["deleted"] = api.call("DELETE", user, **key)
    report["unknown"] = api.call("GET", "/nowhere", **key)
    return report


if example == "crud":
    report = life_of_a_user(Once())
else:
    by_sam.Stack = Once
    sys.argv = [f"{example}.py", endpoint, str(ROOT / "examples" / example), binaries]
    printed = io.StringIO()
    with redirect_stdout(printed):
        runpy.run_path(str(ENGINES / f"{example}.py"))
    report = json.loads(printed.getvalue())
if example in INVOKED:
    report["invoked"] = Once.deployed.invoked()
shutil.rmtree(Once.deployed.copy)  # Its archives are large.
print(json.dumps(report))
