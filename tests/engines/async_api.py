"""Deploys examples/async-api/template.yaml into the engine, posts jobs to its API, and prints what it was answered.

Usage: async_api.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES. The engine deploys the template as CloudFormation does,
SAM's transform included; only where the code is has been put in.
"""

import io
import json
import sys
import time
import urllib.error
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.config import Config

endpoint, example, binaries = sys.argv[1:4]
options = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
path_style = Config(s3={"addressing_style": "path"})
s3 = boto3.client("s3", **options, config=path_style)
names = ("apigatewayv2", "cloudformation", "dynamodb", "lambda", "logs", "sqs")
aws = {name: boto3.client(name, **options) for name in names}

s3.create_bucket(Bucket="async-api-code")
template = (Path(example) / "template.yaml").read_text()
assert template.count("    CodeUri: .\n") == 1, "the template's code"
template = template.replace("    CodeUri: .\n", "")
for binary in ("async-api", "worker"):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, (Path(binaries) / binary).read_bytes())
    s3.put_object(Bucket="async-api-code", Key=f"{binary}.zip", Body=packed.getvalue())
    place = f"        Binary: {binary}\n    Properties:\n"
    assert template.count(place) == 1, place
    template = template.replace(place, f"{place}      CodeUri: s3://async-api-code/{binary}.zip\n")

aws["cloudformation"].create_stack(
    StackName="async-api", TemplateBody=template, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
)
try:
    aws["cloudformation"].get_waiter("stack_create_complete").wait(
        StackName="async-api", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
except Exception:
    for event in aws["cloudformation"].describe_stack_events(StackName="async-api")["StackEvents"]:
        print(event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason"), file=sys.stderr)
    raise
resources = aws["cloudformation"].describe_stack_resources(StackName="async-api")["StackResources"]
made = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}

# The engine makes no routes of the events of a template: the one of this template is made here.
api, gateway = made["HttpApi"], aws["apigatewayv2"]
arn = aws["lambda"].get_function(FunctionName=made["Api"])["Configuration"]["FunctionArn"]
to = gateway.create_integration(
    ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
)["IntegrationId"]
gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{to}")
for name in ("Api", "Worker"):
    aws["lambda"].get_waiter("function_active_v2").wait(FunctionName=made[name])


def call(method, path, body=None):
    """What the API answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(endpoint + path, method=method, data=data)
    request.add_header("Host", f"{api}.execute-api.localhost:4566")
    if body is not None:
        request.add_header("Content-Type", "application/json")
    try:
        response = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        response = error
    text = response.read().decode()
    headers = {key.lower(): value for key, value in response.headers.items()}
    return {"status": response.status, "headers": headers, "body": json.loads(text) if text else None}


def log():
    events = aws["logs"].filter_log_events(logGroupName=made["Logs"])["events"]
    return [event["message"] for event in events]


def over(location):
    """What the API answers at last, without `Retry-After`."""
    for _ in range(120):
        answer = call("GET", location)
        if "retry-after" not in answer["headers"]:
            return answer
        time.sleep(0.5)
    sys.exit(f"{location} is not over: {answer}. The log:\n" + "\n".join(log()))


def job(text):
    accepted = call("POST", "/jobs", {"text": text})
    return accepted, over(accepted["headers"]["location"])


def waiting(queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(int(n) for n in aws["sqs"].get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"].values())


told = {}
told["accepted"], told["done"] = job("to be or not to be")
_, told["failed"] = job(" ")
# As long as may be, each byte six in JSON.
_, told["longest"] = job("\u0001" * 40_000)
told["too long"] = call("POST", "/jobs", {"text": "a" * 40_001})
told["unknown"] = call("GET", "/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")

with ThreadPoolExecutor(8) as callers:
    told["many"] = [answer for _, answer in callers.map(job, [f"job {at}" for at in range(24)])]

# A message that comes once more, and one of a job that nobody knows: done without a trace.
at = told["accepted"]["headers"]["location"]
for id in (at.rsplit("/", 1)[1], "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55"):
    body = json.dumps({"id": id, "text": "other words"})
    aws["sqs"].send_message(QueueUrl=made["Queue"], MessageBody=body)
for _ in range(120):
    if waiting(made["Queue"]) == 0:
        break
    time.sleep(0.5)
told["waiting"] = {name: waiting(made[name]) for name in ("Queue", "Failed")}
told["done again"] = call("GET", at)
told["still unknown"] = call("GET", "/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")
told["items"] = aws["dynamodb"].scan(TableName=made["Jobs"])["Items"]
told["log"] = log()
print(json.dumps(told))
