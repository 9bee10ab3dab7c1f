"""Deploys examples/payments/template.yaml into the engine, sends payments over HTTP and to the queue, each more than once, and
prints what came of it.

Usage: payments.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from stack import Api, Stack

stack = Stack(*sys.argv[1:4], "payments")
ids, sqs, dynamodb = stack.ids, stack.client("sqs"), stack.client("dynamodb")
api = Api(stack, ids["Api"], ids["Pay"])
# A failed payment is retried after seconds, and not after a minute.
sqs.set_queue_attributes(QueueUrl=ids["Payments"], Attributes={"VisibilityTimeout": "3"})


def pay(key, origin="https://shop.example.com", **body):
    headers = {"origin": origin, **({"idempotency-key": f'"{key}"'} if key else {})}
    return api.call("POST", "/payments", {"order_id": key or "o", "amount": 1000, **body}, **headers)


def items(table):
    return dynamodb.scan(TableName=ids[table], ConsistentRead=True)["Items"]


def waiting(queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=ids[queue], AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values())


report = {"first": pay("a"), "second": pay("a", "https://app.example.com"), "another amount": pay("a", amount=2)}
report["no key"], report["invalid amount"], report["then taken"] = pay(None), pay("b", amount=0), pay("b")
with ThreadPoolExecutor(8) as callers:
    report["race"] = list(callers.map(lambda _: pay("race"), range(8)))
report["after the race"] = pay("race")
report["over http"] = [item["order_id"]["S"] for item in items("Ledger")]

# Two orders in five messages, one of which cannot be charged, and then the first message again.
bodies = [{"order_id": id, "amount": 700} for id in ("q-1", "q-2", "q-1", "q-1", "q-2")]
for body in [*bodies, {"order_id": "q-3", "amount": 0}]:
    sqs.send_message(QueueUrl=ids["Payments"], MessageBody=json.dumps(body))
stack.until(lambda: waiting("Payments") == 0 or None, "the end of all messages")
sqs.send_message(QueueUrl=ids["Payments"], MessageBody=json.dumps(bodies[0]))
stack.until(lambda: waiting("Payments") == 0 or None, "the end of the last message")
report["dead"] = waiting("Failed")
report["in all"] = [item["order_id"]["S"] for item in items("Ledger")]
report["records"] = items("Idempotency")
report["log"] = stack.log()
print(json.dumps(report))
