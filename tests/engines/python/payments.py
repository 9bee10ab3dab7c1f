"""Deploys examples/payments/template.yaml into the engine, asks for payments over HTTP and by the queue, each more than once, and
prints what came of it.

Usage: payments.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from stack import Api, Stack

stack = Stack(*sys.argv[1:4], "payments")
made, sqs, dynamodb = stack.made, stack.client("sqs"), stack.client("dynamodb")
api = Api(stack, made["Api"], made["Pay"])
# What is returned comes again soon, and not after a minute.
sqs.set_queue_attributes(QueueUrl=made["Payments"], Attributes={"VisibilityTimeout": "3"})


def pay(key, origin="https://shop.example.com", **body):
    headers = {"origin": origin, **({"idempotency-key": f'"{key}"'} if key else {})}
    return api.call("POST", "/payments", {"order_id": key or "o", "amount": 1000, **body}, **headers)


def items(table):
    return dynamodb.scan(TableName=made[table], ConsistentRead=True)["Items"]


def waiting(queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=made[queue], AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values())


told = {"first": pay("a"), "second": pay("a", "https://app.example.com"), "another amount": pay("a", amount=2)}
told["no key"], told["invalid amount"], told["then taken"] = pay(None), pay("b", amount=0), pay("b")
with ThreadPoolExecutor(8) as callers:
    told["race"] = list(callers.map(lambda _: pay("race"), range(8)))
told["after the race"] = pay("race")
told["over http"] = [item["order_id"]["S"] for item in items("Ledger")]

# Two orders in five messages, one that cannot be charged, and then the first once more.
bodies = [{"order_id": id, "amount": 700} for id in ("q-1", "q-2", "q-1", "q-1", "q-2")]
for body in [*bodies, {"order_id": "q-3", "amount": 0}]:
    sqs.send_message(QueueUrl=made["Payments"], MessageBody=json.dumps(body))
stack.until(lambda: waiting("Payments") == 0 or None, "the end of all messages")
sqs.send_message(QueueUrl=made["Payments"], MessageBody=json.dumps(bodies[0]))
stack.until(lambda: waiting("Payments") == 0 or None, "the end of the last message")
told["dead"] = waiting("Failed")
told["in all"] = [item["order_id"]["S"] for item in items("Ledger")]
told["records"] = items("Idempotency")
told["log"] = stack.log()
print(json.dumps(told))
