"""Plants mistakes in copies of the infrastructure, one each, and reports those that the checks do not find."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

from check import ROOT, TOOLS, findings, role, workflow
from deployments import unexpected

# The tool, the example, the file, a text in it, the text that replaces it, and a part of the only finding that is expected.
PLANTED = [
    (
        "terraform", "orders", "terraform/function/main.tf",
        '"aws_iam_role" "this"',
        '"aws_iam_rolle" "this"',
        "no resource 'aws_iam_rolle'",
    ),
    ("terraform", "orders", "terraform/function/main.tf", "log_format ", "log_formatt", "no argument 'log_formatt'"),
    (
        "terraform", "orders", "terraform/function/main.tf",
        "  function_name                  = var.name\n",
        "",
        "'function_name' is missing",
    ),
    (
        "terraform", "orders", "terraform/main.tf",
        "[aws_sqs_queue.orders.arn,",
        "[aws_sqs_queue.orders.arnn,",
        "no attribute 'arnn'",
    ),
    (
        "terraform", "orders", "terraform/main.tf",
        "aws_sqs_queue.failed.url",
        "aws_sqs_queue.faild.url",
        "there is no 'faild'",
    ),
    ("terraform", "orders", "terraform/main.tf", "  timeout = local.timeout\n", "", "the variable 'timeout' is missing"),
    (
        "terraform", "orders", "terraform/main.tf",
        'scaling_config {\n    maximum_concurrency = 10\n  }\n}\n\nresource "aws_lambda_event_source_mapping" "fifo',
        'scaling_config = { maximum_concurrency = 10 }\n}\n\nresource "aws_lambda_event_source_mapping" "fifo',
        "is a block",
    ),
    (
        "terraform", "orders", "terraform/main.tf",
        '"dynamodb:GetItem", "dynamodb:PutItem"',
        '"dynamodb:GetItem"',
        "functions/ship/allows: dynamodb:PutItem on shipments",
    ),
    (
        "terraform", "orders", "terraform/main.tf",
        '  batch_size              = 10\n  function_response_types = ["ReportBatchItemFailures"]\n',
        "  batch_size       = 10\n",
        "mappings/orders to ship/response",
    ),
    (
        "terraform", "orders", "terraform/alarm/main.tf",
        "var.topic_arn == null ? [] : [var.topic_arn]",
        "[]",
        '"notifies": true',
    ),
    (
        "terraform", "crud", "terraform/main.tf",
        'route      = "GET /users/{id}"',
        'route      = "GET /users/{key}"',
        "routes/GET /users/{id}: getuser",
    ),
    (
        "terraform", "projection", "terraform/main.tf",
        "    enabled = true",
        "    enabled = false",
        "tables/events/recovery: true",
    ),
    (
        "cdk", "crud", "cdk/stack.ts",
        'allow(["dynamodb:GetItem"], tableArn)',
        'allow(["dynamodb:GetItem", "dynamodb:Scan"], tableArn)',
        "dynamodb:Scan on users",
    ),
    ("cdk", "orders", "cdk/lambda.ts", "handler:", "handlr:", "handlr"),
    ("cdk", "orders", "cdk/stack.ts", "      maxConcurrency: 10,\n", "", "mappings/orders to ship/concurrency: 10"),
    (
        "cdk", "projection", "cdk/stack.ts",
        "retryAttempts: 10",
        "retryAttempts: 3",
        "mappings/events/stream to project/retries: 10",
    ),
    ("cdk", "thumbnail", "cdk/lambda.ts", "ARM_64", "X86_64", "functions/thumbnail/architecture: arm64"),
    (
        "cdk", "thumbnail", "cdk/stack.ts",
        "RetentionDays.ONE_MONTH",
        "RetentionDays.ONE_WEEK",
        "functions/thumbnail/log retention: 30",
    ),
    (
        "osls", "orders", "serverless.yml",
        "          maximumConcurrency: 10\n      - sqs",
        "      - sqs",
        "mappings/orders to ship/concurrency: 10",
    ),
    ("osls", "orders", "serverless.yml", "          functionResponseType: ReportBatchItemFailures\n", "", "E9001"),
    ("osls", "orders", "serverless.yml", "batchSize: 10", "batchsize: 10", "batchsize"),
    (
        "osls", "projection", "serverless.yml",
        "dynamodb:ListStreams]",
        "]",
        "functions/project/allows: dynamodb:ListStreams on events/stream",
    ),
    ("osls", "projection", "serverless.yml", "lambda/rebuild.zip", "lambda/../lambda/projection.zip", "different archives"),
    ("osls", "crud", "serverless.yml", "logRetentionInDays: 30", "logRetentionInDays: 14", "log retention: 30"),
    (
        "osls", "infrastructure", "serverless.yml",
        "reservedConcurrency: 50",
        "reservedConcurrency: 5",
        "functions/busy/reserved concurrency: 50",
    ),
]
WORKFLOW = [
    ("runs-on: ubuntu-24.04", "run-on: ubuntu-24.04", "run-on"),
    ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
    ("          persist-credentials: false\n", "          fetch-depth: 1\n", "artipacked"),
    ('"$STACK" "$VERSION"', '"$STACK" "${{ inputs.rollback }}"', "template-injection"),
    ("permissions: {}", "permissions: write-all", "excessive-permissions"),
    ("      - run: tar -xf", "      - run: sam build\n      - run: tar -xf", "has the identity of the workflow, and builds"),
    ("path: build.tar", "path: .aws-sam/build", "not executable"),
]
ROLE = [("                  - iam:ListRolePolicies\n", "", "lacks iam:ListRolePolicies")]
# Mistakes of deploy.sh: each leaves an alias at a version that does not respond, or rejects a good one.
SCRIPT = [
    ("if ((status)) && grep", "if true || grep", "no answer about the stack before"),
    ('grep -q "$error" "$report"', "false", "a first deployment"),
    ("if_it_exists ResourceNotFoundException ", "", "a stack without an alias"),
    ('[[ "$current" == "$deployed" ]] ||', "true ||", "the rejected build again"),
    ("--no-fail-on-empty-changeset || return", "--no-fail-on-empty-changeset || exit", "an update that fails after a rollback"),
    ("  local function url deployed current\n", "  local url deployed current\n", "a template without outputs"),
    (":function:$2:", ":function:.*:", "versions of other functions"),
]


def change(file, text, other):
    """Replaces the first occurrence of a text."""
    old = file.read_text()
    assert text in old, f"{file}: {text}"
    file.write_text(old.replace(text, other, 1))


def missed(found, expected):
    """Returns whether a mistake was not found. What it says must be about the mistake, since a broken tool also finds something."""
    return not any(expected in finding for finding in found)


def plant(tools, of):
    """Plants the mistakes for one tool, each in a copy of its own, and yields those that are not found."""
    copies = {}
    for at, (tool, example, file, text, other, expected) in enumerate(PLANTED):
        if tool == of:
            copy = tools.copy(example, f"planted-{at}")
            change(copy / file, text, other)
            copies[copy] = f"{example}: {file}: {text!r} became {other!r}", expected
    found = findings(tools, of, list(copies))
    for copy, (what, expected) in copies.items():
        if missed(found[copy], expected):
            yield f"{what}, and {expected!r} was not found in {found[copy]}"
        shutil.rmtree(copy)


def plant_in_file(tools, name, mistake, check):
    text, other, expected = mistake
    folder = tools.work / f"planted-{name}-{abs(hash(mistake))}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "examples/infrastructure" / name, folder)
    change(folder / name, text, other)
    found = list(check(folder))
    shutil.rmtree(folder)
    if missed(found, expected):
        return [f"{name}: {text!r} became {other!r}, and {expected!r} was not found in {found}"]
    return []


def planted(tools):
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        files = [("deploy.yml", mistake, lambda folder: workflow(tools, folder)) for mistake in WORKFLOW]
        files += [("github-role.yaml", mistake, role) for mistake in ROLE]
        files += [("deploy.sh", mistake, lambda folder: unexpected(folder / "deploy.sh", folder)) for mistake in SCRIPT]
        of_files = pool.map(lambda file: plant_in_file(tools, *file), files)
        return [*(line for tool in TOOLS for line in plant(tools, tool)), *(line for lines in of_files for line in lines)]
