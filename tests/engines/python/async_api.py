"""Deploys examples/async-api/template.yaml into the engine, posts jobs to its API, and prints what it was answered.

Usage: async_api.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from stack import Api, Stack

stack = Stack(*sys.argv[1:4], "async-api")
made, sqs = stack.made, stack.client("sqs")

api = Api(stack, made["HttpApi"], made["Api"])


def over(location):
    """What the API answers at last, without `Retry-After`."""

    def answer():
        answer = api.call("GET", location)
        return None if "retry-after" in answer["headers"] else answer

    return stack.until(answer, f"the end of {location}")


def job(text):
    accepted = api.call("POST", "/jobs", {"text": text})
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
told["too long"] = api.call("POST", "/jobs", {"text": "a" * 40_001})
told["unknown"] = api.call("GET", "/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")

with ThreadPoolExecutor(8) as callers:
    told["many"] = [answer for _, answer in callers.map(job, [f"job {at}" for at in range(24)])]

# A message that comes once more, and one of a job that nobody knows: done without a trace.
at = told["accepted"]["headers"]["location"]
for id in (at.rsplit("/", 1)[1], "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55"):
    body = json.dumps({"id": id, "text": "other words"})
    sqs.send_message(QueueUrl=made["Queue"], MessageBody=body)
stack.until(lambda: waiting("Queue") == 0 or None, "the end of all messages")
told["waiting"] = {name: waiting(name) for name in ("Queue", "Failed")}
told["done again"] = api.call("GET", at)
told["still unknown"] = api.call("GET", "/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")
told["items"] = stack.client("dynamodb").scan(TableName=made["Jobs"])["Items"]
told["log"] = stack.log()
print(json.dumps(told))
