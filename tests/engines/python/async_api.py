"""Deploys examples/async-api/template.yaml into the engine, posts jobs to its API, and prints the responses.

Usage: async_api.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from stack import Api, Stack

stack = Stack(*sys.argv[1:4], "async-api")
ids, sqs = stack.ids, stack.client("sqs")

api = Api(stack, ids["HttpApi"], ids["Api"])


def over(location):
    """Polls until the response has no `Retry-After`, and returns it."""

    def answer():
        answer = api.call("GET", location)
        return None if "retry-after" in answer["headers"] else answer

    return stack.until(answer, f"the end of {location}")


def job(text):
    accepted = api.call("POST", "/jobs", {"text": text})
    return accepted, over(accepted["headers"]["location"])


def waiting(queue):
    """Returns the number of messages, visible or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=ids[queue], AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values())


report = {}
report["accepted"], report["done"] = job("to be or not to be")
_, report["failed"] = job(" ")
# The longest text, each byte of which is six in JSON.
_, report["longest"] = job("\u0001" * 40_000)
report["too long"] = api.call("POST", "/jobs", {"text": "a" * 40_001})
report["unknown"] = api.call("GET", "/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")

with ThreadPoolExecutor(8) as callers:
    report["many"] = [answer for _, answer in callers.map(job, [f"job {at}" for at in range(24)])]

# A message that is delivered twice, and one of an unknown job: both are done without an effect.
at = report["accepted"]["headers"]["location"]
for id in (at.rsplit("/", 1)[1], "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55"):
    body = json.dumps({"id": id, "text": "other words"})
    sqs.send_message(QueueUrl=ids["Queue"], MessageBody=body)
stack.until(lambda: waiting("Queue") == 0 or None, "the end of all messages")
report["waiting"] = {name: waiting(name) for name in ("Queue", "Failed")}
report["done again"] = api.call("GET", at)
report["still unknown"] = api.call("GET", "/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")
report["items"] = stack.client("dynamodb").scan(TableName=ids["Jobs"])["Items"]
report["log"] = stack.log()
print(json.dumps(report))
