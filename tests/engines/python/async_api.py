"""Deploys examples/async-api/template.yaml into the engine, posts jobs to its API, and prints the responses.

Usage: async_api.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

from stack import Api, Stack

stack = Stack(*sys.argv[1:4], "async-api")
ids, sqs, lambdas, dynamodb = stack.ids, stack.client("sqs"), stack.client("lambda"), stack.client("dynamodb")

api = Api(stack, ids["HttpApi"], ids["Api"])


def post(text, key=None):
    return api.call("POST", "/jobs", {"text": text}, **{"Idempotency-Key": key or str(uuid.uuid4())})


def over(location):
    """Polls until the response has no `Retry-After`, and returns it."""

    def answer():
        answer = api.call("GET", location)
        return None if "retry-after" in answer["headers"] else answer

    return stack.until(answer, f"the end of {location}")


def job(text, key=None):
    accepted = post(text, key)
    return accepted, over(accepted["headers"]["location"])


def waiting(queue):
    """Returns the number of messages, visible or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=ids[queue], AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values())


def variables(function, **changed):
    """Changes environment variables of a function."""
    name = ids[function]
    now = lambdas.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": {**now, **changed}})
    lambdas.get_waiter("function_updated_v2").wait(FunctionName=name)
    return now


report = {}
report["accepted"], report["done"] = job("to be or not to be")
_, report["failed"] = job(" ")
# The longest text, each byte of which is six in JSON.
_, report["longest"] = job("\u0001" * 40_000)
report["too long"] = post("a" * 40_001)
report["no key"] = api.call("POST", "/jobs", {"text": "tea"})
report["unknown"] = api.call("GET", "/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")

# Each job twice at the same time, with the same key: 12 jobs.
keys = [str(uuid.uuid4()) for _ in range(12)]
with ThreadPoolExecutor(8) as callers:
    report["many"] = [answer for _, answer in callers.map(lambda key: job("two words", key), keys * 2)]
report["other text"] = post("three words now", keys[0])

# A message that is delivered twice, and one of an unknown job: both are done without an effect.
at = report["accepted"]["headers"]["location"]
for key in (at.rsplit("/", 1)[1], "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55"):
    sqs.send_message(QueueUrl=ids["Queue"], MessageBody=key)
stack.until(lambda: waiting("Queue") == 0 or None, "the end of all messages")
report["waiting"] = {name: waiting(name) for name in ("Queue", "Failed")}
report["done again"] = api.call("GET", at)
report["still unknown"] = api.call("GET", "/jobs/7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55")

# Without its table, the API fails after it has sent the message that arrives later. With it, it sends that and another one.
other = sqs.create_queue(QueueName="other")["QueueUrl"]


def messages():
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    counts = sqs.get_queue_attributes(QueueUrl=other, AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values())


before = variables("Api", JOBS_TABLE="gone", QUEUE_URL=other)
report["not stored"] = post("one two")
report["messages"] = [messages()]
variables("Api", **{**before, "QUEUE_URL": other})
post("one two")
report["messages"].append(messages())
variables("Api", **before)

# A queue that does not exist: the job is not stored. The retry of the caller runs it.
key = str(uuid.uuid4())
before = variables("Api", QUEUE_URL=ids["Queue"] + "-gone")
report["not sent"] = post("one two", key)
report["stored"] = api.call("GET", f"/jobs/{key}")
variables("Api", **before)
report["sent again"], report["done by the retry"] = job("one two", key)

# A job that has expired, and that DynamoDB has not deleted.
expired = str(uuid.uuid4())
state = {"M": {"status": {"S": "done"}, "words": {"N": "1"}}}
dynamodb.put_item(
    TableName=ids["Jobs"],
    Item={"pk": {"S": expired}, "sk": {"S": "-"}, "text": {"S": "tea"}, "state": state, "expires_at": {"N": "1800000"}},
)
report["expired"] = api.call("GET", f"/jobs/{expired}")
report["items"] = dynamodb.scan(TableName=ids["Jobs"])["Items"]

# A worker that fails in each attempt: its table does not exist. The messages are received again at once.
sqs.set_queue_attributes(QueueUrl=ids["Queue"], Attributes={"VisibilityTimeout": "0"})
variables("Worker", JOBS_TABLE="gone")
report["never run accepted"], report["never run"] = job("three short words")

# Messages that `Fail` cannot process.
sqs.set_queue_attributes(QueueUrl=ids["Failed"], Attributes={"VisibilityTimeout": "0"})
for body in ("x" * 3000, "y" * 3000):
    sqs.send_message(QueueUrl=ids["Failed"], MessageBody=body)
stack.until(lambda: waiting("Rejected") == 2 or None, "the messages that cannot be processed")
report["rejected"] = {name: waiting(name) for name in ("Failed", "Rejected")}
report["log"] = stack.log()
print(json.dumps(report))
