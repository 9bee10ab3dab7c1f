"""Runs examples/infrastructure/deploy.sh against the engine: a deployment that fails its call is rolled back, a good one is not.

Usage: rollback.py ENDPOINT TOOLS. The AWS CLI is real; `sam deploy` is replaced by what it does here: a new version, and its alias.
"""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parent.parent.parent
endpoint, tools = sys.argv[1:3]
work = Path(tools) / "work/rollback"
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
key = dict(aws_access_key_id="test", aws_secret_access_key="canary-7f3a-key")
options = dict(endpoint_url=endpoint, region_name="us-east-1", **key)
lambdas, cloudformation = boto3.client("lambda", **options), boto3.client("cloudformation", **options)


def code(text):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("bootstrap", text)
    return archive.getvalue()


lambdas.create_function(
    FunctionName="rollback",
    Runtime="provided.al2023",
    Handler="bootstrap",
    Role="arn:aws:iam::000000000000:role/rollback",
    Code={"ZipFile": code("1")},
)
lambdas.get_waiter("function_active_v2").wait(FunctionName="rollback")
# As SAM does it: each code has a version of its own, which outlives its place in the template.
template = """
Resources:
  Version1:
    Type: AWS::Lambda::Version
    DeletionPolicy: Retain
    Properties: { FunctionName: rollback }
  Live:
    Type: AWS::Lambda::Alias
    Properties: { FunctionName: rollback, Name: live, FunctionVersion: !GetAtt Version1.Version }
Outputs:
  FunctionName: { Value: rollback }
  Url: { Value: "https://example.com/" }
"""
cloudformation.create_stack(StackName="rollback", TemplateBody=template)
cloudformation.get_waiter("stack_create_complete").wait(StackName="rollback", WaiterConfig={"Delay": 1})

sam = work / "sam"
(work / "template.yaml").write_text(template)
sam.write_text(
    """#!/usr/bin/env bash
set -euo pipefail
[[ "$1 $2 $3" == "deploy --stack-name rollback" ]]
cd "$(dirname "$0")"
if cmp --silent code.zip deployed.zip; then echo "No changes to deploy" && exit; fi
cp code.zip deployed.zip
aws lambda update-function-code --function-name rollback --zip-file fileb://code.zip >/dev/null
sed "s/Version1/Version$(cksum <code.zip | cut -d' ' -f1)/" template.yaml >update.yaml
aws cloudformation update-stack --stack-name rollback --template-body file://update.yaml >/dev/null
aws cloudformation wait stack-update-complete --stack-name rollback
"""
)
sam.chmod(0o755)
environment = {
    **os.environ,
    **{name.upper(): value for name, value in key.items()},
    "AWS_ENDPOINT_URL": endpoint,
    "AWS_DEFAULT_REGION": "us-east-1",
    "PATH": f"{work}:{tools}/python/bin:{os.environ['PATH']}",
}


def deploy(*arguments):
    """Returns the exit code, and the version of the alias afterwards."""
    script = ROOT / "examples/infrastructure/deploy.sh"
    done = subprocess.run([script, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    print(done.stderr, file=sys.stderr)
    return done.returncode, lambdas.get_alias(FunctionName="rollback", Name="live")["FunctionVersion"]


def expect(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: {found} and not {expected}")


(work / "code.zip").write_bytes(code("2"))
expect(deploy("rollback", "false"), (1, "1"), "a deployment whose call fails")
expect(deploy("rollback", "false"), (1, "1"), "the same build again, whose call fails")
expect(deploy("rollback", "test", "https://example.com/", "="), (0, "2"), "the same build again, whose call succeeds")
(work / "code.zip").write_bytes(code("3"))
expect(deploy("rollback", "test", "https://example.com/", "="), (0, "3"), "a deployment whose call succeeds")
expect(deploy("--rollback", "rollback", "2"), (0, "2"), "a rollback later")
