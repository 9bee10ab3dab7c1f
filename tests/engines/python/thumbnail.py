"""Deploys examples/thumbnail/template.yaml into the engine, puts images into its bucket, and prints the results.

Usage: thumbnail.py ENDPOINT FOLDER_OF_THE_EXAMPLE BOOTSTRAP. The engine deploys the template as CloudFormation does, SAM's
transform included; only where the code is has been put in.
"""

import io
import json
import sys
import time
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config

endpoint, example, bootstrap = sys.argv[1:4]
example = Path(example)
options = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="canary-7f3a-key")
path_style = Config(s3={"addressing_style": "path"})
s3 = boto3.client("s3", **options, config=path_style)
names = ("cloudformation", "dynamodb", "lambda", "logs", "sqs")
aws = {name: boto3.client(name, **options) for name in names}

packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    archive.writestr(entry, Path(bootstrap).read_bytes())
s3.create_bucket(Bucket="thumbnail-code")
s3.put_object(Bucket="thumbnail-code", Key="thumbnail.zip", Body=packed.getvalue())

template = (example / "template.yaml").read_text()
assert template.count("CodeUri: .\n") == 1, "the template's code"
template = template.replace("CodeUri: .\n", "CodeUri: s3://thumbnail-code/thumbnail.zip\n")
capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
aws["cloudformation"].create_stack(StackName="thumbs", TemplateBody=template, Capabilities=capabilities)
try:
    aws["cloudformation"].get_waiter("stack_create_complete").wait(
        StackName="thumbs", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
except Exception:
    for event in aws["cloudformation"].describe_stack_events(StackName="thumbs")["StackEvents"]:
        print(event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason"), file=sys.stderr)
    raise
resources = aws["cloudformation"].describe_stack_resources(StackName="thumbs")["StackResources"]
ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
bucket, table, queue, function = (ids[name] for name in ("Pictures", "Images", "Failed", "Thumbnail"))
aws["lambda"].get_waiter("function_active_v2").wait(FunctionName=function)


def until(ask, what):
    """Polls `ask` until it returns a value."""
    for _ in range(120):
        if (answer := ask()) is not None:
            return answer
        time.sleep(0.5)
    sys.exit(f"{what} did not come. The log:\n" + "\n".join(log()))


def log():
    events = aws["logs"].filter_log_events(logGroupName=ids["Logs"])["events"]
    return [event["message"] for event in events]


def thumbnail(key):
    try:
        return s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.NoSuchKey:
        return None


def item(key):
    return aws["dynamodb"].get_item(TableName=table, Key={"object": {"S": f"{bucket}/{key}"}}).get("Item")


def event(key, sequencer, name="ObjectCreated:Put"):
    record = {"eventSource": "aws:s3", "eventName": name}
    record["s3"] = {"bucket": {"name": bucket}, "object": {"key": key, "sequencer": sequencer}}
    return json.dumps({"Records": [record]})


def invoke(payload):
    """Invokes the function directly, and returns the response."""
    answer = aws["lambda"].invoke(FunctionName=function, Payload=payload)
    return {"error": answer.get("FunctionError"), "payload": json.loads(answer["Payload"].read())}


sample = (example / "bucket/uploads/sample.jpg").read_bytes()
report = {"bucket": bucket}

# S3 encodes the key in its notification: spaces, a plus, letters beyond ASCII.
key = "uploads/Käse + Brot/a b.jpg"
s3.put_object(Bucket=bucket, Key=key, Body=sample)
found = until(lambda: thumbnail("thumbnails/Käse + Brot/a b.jpg.jpg"), "the thumbnail")
report["content type"] = found["ContentType"]
report["bytes"] = list(found["Body"].read())
report["item"] = until(lambda: item(key), "the item")

# The same event again, then an earlier one.
report["again"] = invoke(event("uploads/K%C3%A4se+%2B+Brot/a+b.jpg", "F" * 18))
report["item of a later event"] = item(key)
report["late"] = invoke(event("uploads/K%C3%A4se+%2B+Brot/a+b.jpg", "0" * 18))
report["item after an earlier event"] = item(key)

# A key that is not an upload is neither processed nor retried.
report["own"] = invoke(event("thumbnails/K%C3%A4se+%2B+Brot/a+b.jpg.jpg", "1"))
report["thumbnail of a thumbnail"] = thumbnail("thumbnails/thumbnails/Käse + Brot/a b.jpg.jpg.jpg") is not None

s3.put_object(Bucket=bucket, Key="uploads/broken.jpg", Body=sample[: len(sample) // 2])
receive = lambda: aws["sqs"].receive_message(QueueUrl=queue).get("Messages")
report["failed"] = [json.loads(message["Body"]) for message in until(receive, "the event of the broken image")]
report["keys"] = sorted(found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"])
report["log"] = log()
print(json.dumps(report))
