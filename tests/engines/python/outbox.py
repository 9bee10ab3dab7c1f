"""Deploys examples/outbox/template.yaml into the engine, changes orders, and prints the events that a rule passes to a queue.

Usage: outbox.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from stack import Stack

stack = Stack(*sys.argv[1:4], "outbox")
lambdas, events, sqs, dynamodb = (stack.client(name) for name in ("lambda", "events", "sqs", "dynamodb"))

queue = sqs.create_queue(QueueName="outbox-receiver")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
rule = dict(EventBusName=stack.ids["Bus"])
events.put_rule(Name="outbox-receiver", EventPattern=json.dumps({"source": ["outbox.orders"]}), **rule)
events.put_targets(Rule="outbox-receiver", Targets=[{"Id": "queue", "Arn": arn}], **rule)
received = []


def set_status(order, status):
    payload = json.dumps({"order": order, "status": status})
    return json.loads(lambdas.invoke(FunctionName=stack.ids["SetStatus"], Payload=payload)["Payload"].read())


def until(number):
    """Waits until this number of events was received."""

    def ask():
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            received.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return True if len(received) >= number else None

    stack.until(ask, f"event {number} of {received}")


answers = [set_status("o-1", status) for status in ("placed", "placed", "shipped", "paid", "shipped", "placed")]
too_long = set_status("x" * 3000, "placed")
# The same request six times at once: one of them changes the order.
with ThreadPoolExecutor(6) as callers:
    at_once = list(callers.map(lambda _: set_status("o-2", "placed"), range(6)))
until(4)


def left():
    """Returns the keys of the events in the table, by the scan of the README."""
    found = dynamodb.scan(
        TableName=stack.ids["Orders"],
        ProjectionExpression="pk, sk",
        FilterExpression="begins_with(sk, :event)",
        ExpressionAttributeValues={":event": {"S": "event#"}},
    )
    return found["Items"]


stack.until(lambda: True if not left() else None, "the deletion of the published events")

# The records of this order are lost, as those of events that were given up 24 hours ago.
[mapping] = lambdas.list_event_source_mappings(FunctionName=stack.ids["Publish"])["EventSourceMappings"]
lambdas.delete_event_source_mapping(UUID=mapping["UUID"])
lost = [set_status("o-3", status) for status in ("placed", "paid")]
kept = [name for name in mapping if name in ("BatchSize", "FilterCriteria", "FunctionResponseTypes", "EventSourceArn")]
lambdas.create_event_source_mapping(
    FunctionName=stack.ids["Publish"], StartingPosition="LATEST", **{name: mapping[name] for name in kept}
)
keys = left()
# As the README says.
for key in keys:
    dynamodb.update_item(
        TableName=stack.ids["Orders"],
        Key=key,
        ConditionExpression="attribute_exists(id)",
        UpdateExpression="SET resent = :now",
        ExpressionAttributeValues={":now": {"N": "1"}},
    )
until(6)
stack.until(lambda: True if not left() else None, "the deletion of the events that were published again")
report = {"answers": answers, "too long": too_long, "at once": at_once, "lost": lost, "keys": keys, "received": received, "log": stack.log()}
print(json.dumps(report))
