"""Deploys examples/saga/template.yaml into the engine, runs its state machine with orders, and prints what became of them.

Usage: saga.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from stack import Stack

stack = Stack(*sys.argv[1:4], "saga")
states, dynamodb, sqs = (stack.client(name) for name in ("stepfunctions", "dynamodb", "sqs"))
machine, table = stack.made["Saga"], stack.made["Ledger"]
good = json.loads((stack.example / "event.json").read_text())


def stock(item=None):
    """How much tea is left; with `item`, what it shall be."""
    if item is not None:
        dynamodb.put_item(TableName=table, Item={"id": {"S": "stock#tea"}, "units": item})
    units = dynamodb.get_item(TableName=table, Key={"id": {"S": "stock#tea"}})["Item"]["units"]
    return int(units["N"]) if "N" in units else None


def execute(**changes):
    """What became of an order that differs from the good one in this."""
    order = good | changes
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(order))["executionArn"]

    def ended():
        told = states.describe_execution(executionArn=execution)
        return None if told["status"] == "RUNNING" else told

    told = stack.until(ended, f"the end of {order}")
    events = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    failed = [event["taskFailedEventDetails"]["error"] for event in events if "taskFailedEventDetails" in event]
    output = json.loads(told["output"]) if "output" in told else None
    found = dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
    steps = (item["id"]["S"].removesuffix(f"#{order['id']}") for item in found if item["id"]["S"].endswith(f"#{order['id']}"))
    entries = {step: next(i for i in found if i["id"]["S"] == f"{step}#{order['id']}")["stands"]["BOOL"] for step in steps}
    return {
        "status": told["status"],
        "error": told.get("error"),
        "output": output,
        "states": entered,
        "failed": failed,
        "entries": entries,
        "left": stock(),
    }


stock({"N": "100"})
told = {
    "good": execute(),
    "again": execute(),
    "declined": execute(id="o-2", card="tok_declined"),
    "busy": execute(id="o-3", card="tok_busy"),
    "far": execute(id="o-4", country="AQ"),
    "many": execute(id="o-5", quantity=1000),
    "wrong": execute(id="o-6", cents="many"),
}
messages = sqs.receive_message(QueueUrl=stack.made["Failed"], MaxNumberOfMessages=10).get("Messages", [])
told["operator notified"] = [json.loads(message["Body"]) for message in messages]
told["log"] = stack.log()
print(json.dumps(told))
