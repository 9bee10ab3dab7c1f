"""Deploys examples/async-api/template.yaml into the engine, posts jobs to its API, and prints what it was answered.

Usage: async_api.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from stack import Stack

endpoint = sys.argv[1]
stack = Stack(*sys.argv[1:4], "async-api")
made, sqs = stack.made, stack.client("sqs")

# The engine makes no routes of the events of a template: the one of this template is made here.
api, gateway = made["HttpApi"], stack.client("apigatewayv2")
arn = stack.client("lambda").get_function(FunctionName=made["Api"])["Configuration"]["FunctionArn"]
to = gateway.create_integration(
    ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
)["IntegrationId"]
gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{to}")


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


def over(location):
    """What the API answers at last, without `Retry-After`."""

    def answer():
        answer = call("GET", location)
        return None if "retry-after" in answer["headers"] else answer

    return stack.until(answer, f"the end of {location}")


def job(text):
    accepted = call("POST", "/jobs", {"text": text})
    return accepted, over(accepted["headers"]["location"])


def waiting(queue):
    """How many messages there are, those under way included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=made[queue], AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values())


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
    sqs.send_message(QueueUrl=made["Queue"], MessageBody=body)
stack.until(lambda: waiting("Queue") == 0 or None, "the end of all messages")
told["waiting"] = {name: waiting(name) for name in ("Queue", "Failed")}
told["done again"] = call("GET", at)
told["still unknown"] = call("GET", "/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")
told["items"] = stack.client("dynamodb").scan(TableName=made["Jobs"])["Items"]
told["log"] = stack.log()
print(json.dumps(told))
