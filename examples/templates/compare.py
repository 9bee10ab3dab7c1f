"""Checks the infrastructure of the projects that `.ci/templates` has made of a template: `compare.py TEMPLATE FOLDER TOOLS`.

FOLDER has the projects TEMPLATE-sam, TEMPLATE-cdk and TEMPLATE-terraform, and TEMPLATE-cdk.json, the template that CDK synthesized. TOOLS is
what tests/infrastructure/install.sh installs. The Terraform module is checked against the schema of the AWS provider, and by `terraform` itself
if there is one, and all three are compared: they must deploy the same, also the same permissions and alarms.
"""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests/infrastructure"), str(ROOT / "tests/engines/python")]

from conventions import translated, yaml_parse  # noqa: E402
from check import Planner, Tools  # noqa: E402
from expressions import Wrong  # noqa: E402
from of_cloudformation import of_template  # noqa: E402
from of_terraform import of_terraform  # noqa: E402
from terraform import resources  # noqa: E402


def main():
    logging.disable(logging.WARNING)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    template, folder, tools = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    module = folder / f"{template}-terraform/terraform"
    parsed = json.loads(subprocess.check_output(["node", tools / "hcl.mjs", module]))[str(module)]
    # A table may have no sort key: then the template of CloudFormation has none, either.
    for table in parsed[""]["resource"].get("aws_dynamodb_table", {}).values():
        table[0].setdefault("range_key", None)
    archive = folder / f"{template}-terraform/target/lambda/{template}-terraform/bootstrap.zip"
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.touch()
    own = Tools(tools)
    own.work = folder
    with Planner(own) as planner:
        wrong = [f"{template}: {finding}" for finding in planner.wrong(module)]
    schema = json.loads((ROOT / "tests/infrastructure/provider.json").read_text())
    try:
        found = {
            "sam": of_template(translated(yaml_parse((folder / f"{template}-sam/template.yaml").read_text())), "sam"),
            "cdk": of_template(json.loads((folder / f"{template}-cdk.json").read_text()), "cdk"),
            "terraform": of_terraform(resources(parsed, schema)),
        }
    except Wrong as mistake:
        sys.exit(f"{template}: {mistake}")
    # The name of each project is another one.
    same = lambda line, tool: line.replace(f"{template}-{tool}", template).replace(", null]", "]")
    lines = {tool: {same(line, tool) for line in essence.lines()} for tool, essence in found.items()}
    for tool in ("cdk", "terraform"):
        wrong += [f"{template}: {tool} lacks: {line}" for line in sorted(lines["sam"] - lines[tool])]
        wrong += [f"{template}: {tool} adds: {line}" for line in sorted(lines[tool] - lines["sam"])]
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{template}: SAM, CDK and Terraform deploy the same, in {len(lines['sam'])} points")


main()
