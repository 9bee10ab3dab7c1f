"""Checks the infrastructure of the examples, and prints `EXAMPLE: TOOL: what is wrong`. Usage: see `run`.

Each example is copied to `target/infrastructure/work`, so that no tool writes into the repository; the copies find the packages of
`target/infrastructure/node_modules`. Nothing here reaches a network.
"""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/engines/python"))

from conventions import Template, translated, yaml_parse  # noqa: E402

from deployments import unexpected  # noqa: E402
from expressions import Wrong  # noqa: E402
from of_cloudformation import of_template  # noqa: E402
from of_terraform import of_terraform  # noqa: E402
from terraform import TOPIC, resources  # noqa: E402

EXAMPLES = ("crud", "infrastructure", "orders", "projection", "thumbnail")
SHARED = (
    "cdk/cdk.json",
    "cdk/lambda.ts",
    "cdk/package.json",
    "cdk/tsconfig.json",
    "terraform/alarm/main.tf",
    "terraform/function/main.tf",
)
# What each tool is told, where it needs it.
CONTEXT = {
    "alarmTopicArn": TOPIC,
    "vpcId": "vpc-0123456789abcdef0",
    "subnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "securityGroupIds": "sg-0123456789abcdef0",
}


class Tools:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.work = self.folder / "work"
        self.environment = {**os.environ, "NODE_NO_WARNINGS": "1", "AWS_REGION": "us-east-1", "CI": "1"}
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            self.environment.pop(name, None)

    def copy(self, example, name=None):
        """Copies the infrastructure of an example, with an archive in place of each binary."""
        copy = self.work / (name or example)
        shutil.rmtree(copy, ignore_errors=True)
        keep = lambda folder, names: [each for each in names if each in ("node_modules", "cdk.out", ".terraform", ".serverless")]
        for part in ("cdk", "terraform"):
            shutil.copytree(ROOT / "examples" / example / part, copy / part, ignore=keep)
        for part in ("serverless.yml", "template.yaml"):
            shutil.copy(ROOT / "examples" / example / part, copy)
        for resource in yaml_parse((copy / "template.yaml").read_text())["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                binary = copy / "target/lambda" / resource["Metadata"]["BuildProperties"]["Binary"]
                binary.mkdir(parents=True, exist_ok=True)
                for archive in (binary / "bootstrap.zip", binary.with_suffix(".zip")):
                    with zipfile.ZipFile(archive, "w") as file:
                        file.writestr("bootstrap", "")
        return copy

    def run(self, command, folder, **environment):
        """Returns the exit code of a command, and what it printed on both outputs."""
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout.strip()

    def must(self, command, folder, **environment):
        code, output = self.run(command, folder, **environment)
        if code:
            raise Wrong(output or f"{command[0]} failed")
        return output

    def python(self, name):
        return self.folder / "python/bin" / name

    def node(self, name):
        return self.folder / "node_modules/.bin" / name


def sam(copy):
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    return of_template(translated(yaml_parse((copy / "template.yaml").read_text())), "sam")


def cdk(tools, copies):
    """Type-checks apps, synthesises them and runs their tests: yields the folder and what is wrong, and the folder and its template."""
    folders = [copy / "cdk" for copy in copies]
    settings = {"extends": str(folders[0] / "tsconfig.json"), "include": [f"{folder}/*.ts" for folder in folders]}
    project = tools.work / f"tsconfig-{copies[0].name}.json"
    project.write_text(json.dumps(settings))
    _, types = tools.run([tools.node("tsc"), "--noEmit", "--pretty", "false", "-p", project], tools.work)
    command = ["node", "--import", "tsx", tools.folder / "synth.mjs", *folders]
    _, output = tools.run(command, tools.folder, CDK_CONTEXT_JSON=json.dumps(CONTEXT))
    tests, _, failed = output.rpartition("FAILED ")
    failed = json.loads(failed or "{}") if failed.startswith("{") else {}
    for copy, folder in zip(copies, folders):
        wrong = [line for line in types.splitlines() if f"{copy.name}/cdk/" in line]
        if str(folder) in failed:
            wrong.append(failed[str(folder)])
        template = next((folder / "cdk.out").glob("*.template.json"), None)
        if not template:
            wrong.append(output)
        yield copy, wrong, template
    if "\n# fail 0\n" not in tests and "not ok" in tests:
        yield copies[0], [tests], None


def osls(tools, copies):
    """Packages services: yields the folder, what is wrong, and its template."""
    parameters = [f"--param={name}={value}" for name, value in CONTEXT.items()]
    command = ["node", tools.folder / "node_modules/osls/bin/serverless.js", "package", *parameters]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for copy, (code, output) in zip(copies, pool.map(lambda copy: tools.run(command, copy), copies)):
            folder = copy / ".serverless"
            if code:
                yield copy, [output], None
            else:
                yield copy, list(archives(folder)), folder / "cloudformation-template-update-stack.json"


def archives(folder):
    """osls uploads archives by the names of their files: of two with one name, both functions get the last one."""
    functions = json.loads((folder / "serverless-state.json").read_text())["service"]["functions"].values()
    paths = {function["package"]["artifact"] for function in functions if "artifact" in function.get("package", {})}
    names = [Path(path).name for path in paths]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"functions have different archives with the name {name}, of which osls uploads one"


def by_cloudformation(tools, tool, copies):
    """Yields the folder, what is wrong, and the essence of descriptions that become templates of CloudFormation."""
    results = list(TEMPLATES[tool](tools, copies))
    # W3005: CDK names dependencies that a reference has already.
    linted = lint(tools, [template for _, _, template in results if template], "W3005")
    for copy, wrong, template in results:
        if template:
            wrong = [*wrong, *(line for line in linted if line.startswith(f"{template}:"))]
            yield copy, wrong, of_template(json.loads(template.read_text()), tool)
        else:
            yield copy, wrong, None


def terraform(tools, tool, copies):
    """Parses modules, checks them against the schema of the provider, and yields the folder, what is wrong, and their essence."""
    schema = json.loads((HERE / "provider.json").read_text())
    folders = [copy / "terraform" for copy in copies]
    parsed = json.loads(tools.must(["node", tools.folder / "hcl.mjs", *folders], tools.folder))
    with Planner(tools) as planner:
        planned = [list(planner.wrong(folder)) for folder in folders]
    for copy, folder, wrong in zip(copies, folders, planned):
        try:
            yield copy, wrong, of_terraform(resources(parsed[str(folder)], schema))
        except Wrong as mistake:
            yield copy, [*wrong, str(mistake)], None


class Planner:
    """A `terraform` of this machine, if there is one of version 1.11 or later, with a provider that has the schema and nothing else."""

    def __init__(self, tools):
        self.tools, self.program, self.plugin = tools, shutil.which("terraform"), None
        if self.program:
            (tools.work / "terraform.rc").write_text("")
            self.environment = {"TF_CLI_CONFIG_FILE": str(tools.work / "terraform.rc"), "CHECKPOINT_DISABLE": "1"}
            version = json.loads(tools.must([self.program, "version", "-json"], tools.work, **self.environment))
            if tuple(map(int, version["terraform_version"].split(".")[:2])) < (1, 11):
                self.program = None

    def __enter__(self):
        if self.program:
            command = ["node", self.tools.folder / "plugin.mjs", HERE / "provider.json", HERE / "plugin.proto"]
            self.plugin = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            address = {"Network": "tcp", "String": f"127.0.0.1:{self.plugin.stdout.readline().strip()}"}
            reattach = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": self.plugin.pid, "Test": True, "Addr": address}
            self.environment["TF_REATTACH_PROVIDERS"] = json.dumps({"registry.terraform.io/hashicorp/aws": reattach})
        return self

    def __exit__(self, *_):
        if self.plugin:
            self.plugin.stdin.close()
            self.plugin.wait()

    def wrong(self, folder):
        """Yields what `terraform` rejects: the form of a file, a module, its plan."""
        if not self.program:
            return
        code, output = self.tools.run([self.program, "fmt", "-check", "-diff", "-recursive"], folder, **self.environment)
        if code:
            yield output
        vpc = {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}
        variables = {"TF_VAR_vpc": json.dumps(vpc), "TF_VAR_alarm_topic_arn": TOPIC}
        for command in (["init", "-backend=false"], ["validate"], ["plan", "-input=false", "-lock=false"]):
            code, output = self.tools.run([self.program, *command, "-no-color"], folder, **self.environment, **variables)
            if code:
                yield f"terraform {command[0]}: {output[output.find('Error:'):]}"
                return


def lint(tools, templates, *ignored):
    """Returns the findings of cfn-lint with the repository's rule for partial batch responses."""
    if not templates:
        return []
    rules = ROOT / "tests/engines/python/rules"
    command = [Path(sys.executable).parent / "cfn-lint", "--append-rules", rules, "--format", "parseable"]
    if ignored:
        command += ["--ignore-checks", *ignored]
    code, output = tools.run([*command, "--", *templates], tools.work)
    if code and ":" not in output:
        raise Wrong(output)
    return output.splitlines()


TEMPLATES = {"cdk": cdk, "osls": osls}
TOOLS = {"cdk": by_cloudformation, "osls": by_cloudformation, "terraform": terraform}


def differences(expected, found):
    for line in sorted(expected.lines() - found.lines()):
        yield f"it is missing, compared with template.yaml: {line}"
    for line in sorted(found.lines() - expected.lines()):
        yield f"template.yaml does not have: {line}"


def findings(tools, tool, copies):
    """Returns what is wrong with the descriptions of one tool, by their folders."""
    found = {copy: [] for copy in copies}
    for copy, wrong, essence in TOOLS[tool](tools, tool, copies):
        found[copy] += wrong
        if essence is not None:
            found[copy] += differences(sam(copy), essence)
    return {copy: [f"{copy.name}: {tool}: {line}" for line in lines] for copy, lines in found.items()}


def workflow(tools, folder):
    """Checks the workflow and the role for it."""
    file = folder / "deploy.yml"
    commands = [
        [tools.python("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", file],
        [tools.python("zizmor"), "--offline", "--no-progress", "--persona", "pedantic", file],
        [tools.python("python"), ROOT / ".github/identity.py", file],
    ]
    for command in commands:
        code, output = tools.run(command, folder)
        if code:
            yield f"infrastructure: {command[0].name}: {output}"

# What CloudFormation calls for a role with policies, by the handlers of AWS::IAM::Role in its registry; a boundary and a path are not used.
ROLE = """AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies
    ListRolePolicies PassRole PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole""".split()


def role(folder):
    """Checks that the role of the workflow can create, change and delete the roles of functions."""
    template = yaml_parse((folder / "github-role.yaml").read_text())
    statements = template["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    for action in ROLE:
        if f"iam:{action}" not in allowed:
            yield f"infrastructure: github-role.yaml lacks iam:{action}"


def templates(tools):
    """Checks the templates that are not those of an example."""
    folder = ROOT / "examples/infrastructure"
    yield from lint(tools, [folder / "template.yaml", folder / "github-role.yaml"])
    yield from Template(folder / "template.yaml").check()


def pages():
    """Checks that no YAML of the guide names a partition, which the conventions reject in a template."""
    for page in sorted((ROOT / "sdk/guide/src").glob("*.md")):
        for block in re.findall(r"(?ms)^```yaml\n(.*?)^```", page.read_text()):
            for line in block.splitlines():
                if re.search(r"arn:aws[a-z-]*:", line):
                    yield f"guide: {page.name}: it names a partition, write `arn:${{AWS::Partition}}:`: {line.strip()}"


def shared():
    """Each example stands alone, so what they share is copied."""
    for file in SHARED:
        texts = {(ROOT / "examples" / example / file).read_text() for example in EXAMPLES}
        if len(texts) > 1:
            yield f"{file} is not the same in all examples: copy one over the others"


def check(tools, names):
    copies = [tools.copy(name) for name in names]
    found = [line for tool in TOOLS for lines in findings(tools, tool, copies).values() for line in lines]
    if len(names) == len(EXAMPLES):
        folder = ROOT / "examples/infrastructure"
        found += [*workflow(tools, folder), *role(folder), *templates(tools), *shared(), *pages()]
        found += unexpected(folder / "deploy.sh", tools.work / "deployments")
    return found


def main():
    logging.disable(logging.WARNING)
    tools, arguments = Tools(sys.argv[1]), sys.argv[2:]
    # Node.js finds packages in the folder of the script and above.
    for script in ("hcl.mjs", "plugin.mjs", "synth.mjs"):
        shutil.copy(HERE / script, tools.folder)
    if arguments == ["--planted"]:
        from planted import planted

        found = planted(tools)
    else:
        found = check(tools, arguments or EXAMPLES)
    print("\n".join(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
