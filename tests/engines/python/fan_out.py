"""Deploys examples/fan-out/template.yaml into the engine, publishes orders to its topic, and prints the results.

Usage: fan_out.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from stack import Stack

stack = Stack(*sys.argv[1:4], "fan-out")
sns, sqs, dynamodb = stack.client("sns"), stack.client("sqs"), stack.client("dynamodb")
queues = ["Emails", "Invoices", "Stocks", "FailedEmails", "FailedInvoices", "FailedStocks", "Undelivered"]
# The visibility time-out of the template is a minute, which is long for a test.
sqs.set_queue_attributes(QueueUrl=stack.ids["Invoices"], Attributes={"VisibilityTimeout": "3"})


def publish(kind, id, cents):
    total = {"amount": cents, "currency": "EUR"}
    order = {"id": id, "email": "ada@example.com", "product": "tea", "quantity": 2, "total": total}
    attributes = {"kind": {"DataType": "String", "StringValue": kind}} if kind else {}
    sns.publish(TopicArn=stack.ids["Orders"], Message=json.dumps(order), MessageAttributes=attributes)


def size(queue):
    """Returns the number of messages, visible or not."""
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    sizes = sqs.get_queue_attributes(QueueUrl=stack.ids[queue], AttributeNames=list(names))["Attributes"]
    return sum(int(sizes[name]) for name in names)


def done():
    """Returns the e-mails of the provider, the amounts of the invoices, the changes of the stock, and the stock."""
    seen = {}
    for item in dynamodb.scan(TableName=stack.ids["Store"], ConsistentRead=True)["Items"]:
        key = item["pk"]["S"]
        if key.startswith("provider#"):
            seen[key] = item["text"]["S"]
        elif key.startswith("invoice#"):
            seen[key] = item["total"]["M"]["amount"]["N"]
        elif "units" in item:
            seen[key] = item["units"]["N"]
    return seen


publish("placed", "o-1", 1800)
publish("paid", "o-1", 1800)
publish("placed", "o-2", 500)
publish("cancelled", "o-2", 500)
publish("paid", "o-3", 2_000_000)
publish("placed", "o-1", 1800)
publish("lost", "o-4", 100)
publish(None, "o-5", 100)

is_through = lambda: True if size("FailedInvoices") == 1 and not any(map(size, queues[:3])) else None
stack.until(is_through, "the end of the queues")
report = {"done": done(), "sizes": {queue: size(queue) for queue in queues}, "log": stack.log()}
report["failed"] = sqs.receive_message(QueueUrl=stack.ids["FailedInvoices"])["Messages"][0]["Body"]
print(json.dumps(report))
