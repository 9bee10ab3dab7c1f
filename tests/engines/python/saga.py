"""Deploys examples/saga/template.yaml into the engine, runs its state machine with orders, and prints the results.

Usage: saga.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from stack import Stack

stack = Stack(*sys.argv[1:4], "saga")
states, dynamodb, sqs, lambdas = (stack.client(name) for name in ("stepfunctions", "dynamodb", "sqs", "lambda"))
machine, table = stack.ids["Saga"], stack.ids["Ledger"]
good = json.loads((stack.example / "events/order.json").read_text())


def item(key):
    """Returns an item of the ledger, or `None`."""
    return dynamodb.get_item(TableName=table, Key={"pk": {"S": key}, "sk": {"S": "-"}}, ConsistentRead=True).get("Item")


def start(name, **changes):
    """Starts an execution of a valid order with these changes."""
    order = json.dumps(good | {"id": name} | changes)
    return states.start_execution(stateMachineArn=machine, name=name, input=order)["executionArn"]


def result(execution):
    """Waits for the end of an execution, and returns what happened."""

    def ended():
        state = states.describe_execution(executionArn=execution)
        return None if state["status"] == "RUNNING" else state

    state = stack.until(ended, f"the end of {execution}")
    events = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    name = execution.rsplit(":", 1)[1]
    order, payment = item(f"order#{name}"), item(f"payment#saga/{name}")
    return {
        "status": state["status"],
        "error": state.get("error"),
        "output": json.loads(state["output"]) if "output" in state else None,
        "states": entered,
        "stage": order and order["progress"]["M"]["stage"]["S"],
        "charged": payment and payment["charged"].get("M", {}).get("amount", {}).get("N"),
        "refunded": payment and payment["cancelled"]["BOOL"],
        "left": int(item("stock#tea")["units"]["N"]),
    }


def execute(name, **changes):
    return result(start(name, **changes))


def invoke(step, **changes):
    """Invokes the live alias of a function, and returns the type of its error."""
    payload = json.dumps(good | changes)
    answer = lambdas.invoke(FunctionName=stack.ids[step], Qualifier="live", Payload=payload)
    return json.loads(answer["Payload"].read()).get("errorType")


# As the README says: an item that the example has not written itself.
dynamodb.put_item(TableName=table, Item={"pk": {"S": "stock#tea"}, "sk": {"S": "-"}, "units": {"N": "100"}})
report = {"good": execute("o-1")}
try:
    start("o-1", quantity=90, country="AQ")
    report["name is taken"] = False
except states.exceptions.ExecutionAlreadyExists:
    report["name is taken"] = True
report |= {
    "second": [invoke(step, quantity=90, country="AQ") for step in ("Reserve", "Charge", "Ship", "Refund", "Release")],
    "shipped": [invoke(step) for step in ("Reserve", "Charge", "Ship", "Refund", "Release")],
    "declined": execute("o-2", card="tok_declined"),
    "slow": execute("o-3", card="tok_slow"),
    "far": execute("o-4", country="AQ"),
    "many": execute("o-5", quantity=1000),
    "wrong": execute("o-6", quantity="many"),
    "other name": execute("o-7", id="o-8"),
    # Members that the state machine sets itself, in the input.
    "hostile": execute("o-9", country="AQ", refund_failure={"Error": "x"}, failure={"Error": "x"}, order={"id": "x"}),
    "hostile good": execute("o-10", quantity=1, outcome="x", shipment={"tracking": "x"}, refund_failure={"Error": "x"}),
    "lost": execute("o-11", card="tok_lost"),
}
# At the same time, on the item of the stock: 95 units are left, which is enough for three of five orders.
at_once = [start(f"p-{at}", quantity=30) for at in range(5)]
report["at once"] = [result(execution) for execution in at_once]
report["left"] = int(item("stock#tea")["units"]["N"])
messages = []
while batch := sqs.receive_message(QueueUrl=stack.ids["OperatorQueue"], MaxNumberOfMessages=10).get("Messages"):
    messages += [json.loads(message["Body"]) for message in batch]
report["operator notified"] = messages
report["log"] = stack.log()
print(json.dumps(report))
