"""Deploys examples/orders/template.yaml into the engine, sends orders to its queues, and prints the results.

Usage: orders.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from stack import Stack

stack = Stack(*sys.argv[1:4], "orders")
ids, sqs, dynamodb = stack.ids, stack.client("sqs"), stack.client("dynamodb")
# A failed order is retried after seconds, and not after minutes.
for queue in ("Orders", "FifoOrders"):
    sqs.set_queue_attributes(QueueUrl=ids[queue], Attributes={"VisibilityTimeout": "3"})


def order(id, quantity, customer="ada"):
    return json.dumps({"id": id, "customer": customer, "product": "tea", "quantity": quantity})


def shipments():
    items = dynamodb.scan(TableName=ids["Shipments"], ConsistentRead=True)["Items"]
    return sorted(items, key=lambda item: int(item["shipped_at_ms"]["N"]))


def dead(queue, count):
    """Waits until a dead-letter queue has this number of messages, and returns their bodies."""
    found = []

    def come():
        for message in sqs.receive_message(QueueUrl=ids[queue], MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=ids[queue], ReceiptHandle=message["ReceiptHandle"])
            found.append(message["Body"])
        return found if len(found) >= count else None

    return sorted(stack.until(come, f"{count} messages in {queue}"))


def empty(queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=ids[queue], AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values()) == 0 or None


bodies = [order(f"o-{at}", 1) for at in range(20)] + ["poison", order("many", 5_000), order("none", 0), order("o-0", 1)]
for body in bodies:
    sqs.send_message(QueueUrl=ids["Orders"], MessageBody=body)
in_turn = [("ada", f"a-{at}", 5_000 if at == 2 else 1) for at in range(6)] + [("bob", f"b-{at}", 1) for at in range(4)]
for customer, id, quantity in in_turn:
    body = order(id, quantity, customer)
    sqs.send_message(QueueUrl=ids["FifoOrders"], MessageBody=body, MessageGroupId=customer)

report = {"dead": dead("Failed", 2), "dead in turn": dead("FailedFifo", 1)}
for queue in ("Orders", "FifoOrders", "Failed", "FailedFifo"):
    stack.until(lambda: empty(queue), f"the end of {queue}")
report["shipped"] = [item["order"]["M"]["id"]["S"] for item in shipments()]
report["log"] = stack.log()
print(json.dumps(report))
