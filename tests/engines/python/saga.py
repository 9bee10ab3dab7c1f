"""Deploys examples/saga/template.yaml into the engine, runs its state machine with orders, and prints the results.

Usage: saga.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from stack import Stack

stack = Stack(*sys.argv[1:4], "saga")
states, dynamodb, sqs = (stack.client(name) for name in ("stepfunctions", "dynamodb", "sqs"))
machine, table = stack.ids["Saga"], stack.ids["Ledger"]
good = json.loads((stack.example / "event.json").read_text())


def stock(item=None):
    """Returns the stock of tea; with `item`, sets it."""
    if item is not None:
        dynamodb.put_item(TableName=table, Item={"id": {"S": "stock#tea"}, "units": item})
    units = dynamodb.get_item(TableName=table, Key={"id": {"S": "stock#tea"}})["Item"]["units"]
    return int(units["N"]) if "N" in units else None


def execute(**changes):
    """Runs a valid order with these changes, and returns the result."""
    order = good | changes
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(order))["executionArn"]

    def ended():
        state = states.describe_execution(executionArn=execution)
        return None if state["status"] == "RUNNING" else state

    state = stack.until(ended, f"the end of {order}")
    events = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    failed = [event["taskFailedEventDetails"]["error"] for event in events if "taskFailedEventDetails" in event]
    output = json.loads(state["output"]) if "output" in state else None
    found = dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
    steps = (item["id"]["S"].removesuffix(f"#{order['id']}") for item in found if item["id"]["S"].endswith(f"#{order['id']}"))
    entries = {step: next(i for i in found if i["id"]["S"] == f"{step}#{order['id']}")["stands"]["BOOL"] for step in steps}
    return {
        "status": state["status"],
        "error": state.get("error"),
        "output": output,
        "states": entered,
        "failed": failed,
        "entries": entries,
        "left": stock(),
    }


stock({"N": "100"})
report = {
    "good": execute(),
    "again": execute(),
    "declined": execute(id="o-2", card="tok_declined"),
    "busy": execute(id="o-3", card="tok_busy"),
    "far": execute(id="o-4", country="AQ"),
    "many": execute(id="o-5", quantity=1000),
    "wrong": execute(id="o-6", cents="many"),
}
messages = sqs.receive_message(QueueUrl=stack.ids["Failed"], MaxNumberOfMessages=10).get("Messages", [])
report["operator notified"] = [json.loads(message["Body"]) for message in messages]
report["log"] = stack.log()
print(json.dumps(report))
