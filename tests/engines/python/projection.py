"""Deploys examples/projection/template.yaml into the engine, puts events into its table, and prints the read model.

Usage: projection.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from stack import Stack

stack = Stack(*sys.argv[1:4], "projection")
dynamodb, lambdas = stack.client("dynamodb"), stack.client("lambda")
events, accounts = stack.ids["Events"], stack.ids["Accounts"]
ids = ["ada", "bob", "eve"]


def item(account, sequence, amount, owner=None):
    """Returns an event, as an item."""
    money = {"M": {"amount": {"N": str(amount)}, "currency": {"S": "EUR"}}}
    event = {"pk": {"S": account}, "sk": {"S": f"{sequence:020}"}, "money": money}
    return {**event, "owner": {"S": owner}} if owner else event


def put(event):
    dynamodb.put_item(TableName=events, Item=event, ConditionExpression="attribute_not_exists(pk)")


def touch(account, sequence, update="ADD replayed :one", **values):
    """Makes the stream deliver an event again."""
    key = {"pk": {"S": account}, "sk": {"S": f"{sequence:020}"}}
    dynamodb.update_item(
        TableName=events, Key=key, UpdateExpression=update, ExpressionAttributeValues=values or {":one": {"N": "1"}}
    )


def read(account):
    """Returns the sequence, the owner and the balance of an account."""
    key = {"pk": {"S": account}, "sk": {"S": "-"}}
    found = dynamodb.get_item(TableName=accounts, Key=key, ConsistentRead=True).get("Item")
    if found is None or "M" not in found["balance"]:
        return None
    return [int(found["sequence"]["N"]), found["owner"].get("S"), int(found["balance"]["M"]["amount"]["N"])]


def until(sequence):
    """Waits until each account has this sequence, and returns the accounts."""

    def ask():
        model = {id: read(id) for id in ids}
        return model if all(account and account[0] >= sequence for account in model.values()) else None

    return stack.until(ask, f"event {sequence} of each account")


def invoke(function, payload):
    answer = lambdas.invoke(FunctionName=stack.ids[function], Payload=json.dumps(payload))
    return json.loads(answer["Payload"].read())


def record(at, event, name="INSERT"):
    keys = {name: event[name] for name in ("pk", "sk")}
    change = {"Keys": keys, "NewImage": event, "SequenceNumber": str(at), "StreamViewType": "NEW_IMAGE"}
    return {"eventSource": "aws:dynamodb", "eventName": name, "dynamodb": change}


# The accounts in turn: opened, ten deposits, one withdrawal.
for id in ids:
    put(item(id, 1, 0, f"owner of {id}"))
for sequence in range(2, 12):
    for id in ids:
        put(item(id, sequence, sequence))
for id in ids:
    put(item(id, 12, -100))
report = {"counted": until(12)}

# Events that were applied are delivered again; the last event shows that the stream has been read.
for sequence in (1, 5, 12):
    touch("ada", sequence)
for id in ids:
    put(item(id, 13, 1))
report["after a replay"] = until(13)

# Accounts that are lost, or have an earlier layout: they are computed anew, while events arrive and others rebuild them.
dynamodb.delete_item(TableName=accounts, Key={"pk": {"S": "ada"}, "sk": {"S": "-"}})
dynamodb.put_item(TableName=accounts, Item={"pk": {"S": "bob"}, "sk": {"S": "-"}, "cents": {"N": "7"}})
with ThreadPoolExecutor(7) as callers:
    rebuilt = [callers.submit(invoke, "Rebuild", id) for id in ids * 2]
    for sequence in range(14, 34):
        for id in ids:
            put(item(id, sequence, 1))
    report["rebuilt"] = [answer.result() for answer in rebuilt]
report["after a rebuild"] = until(33)
report["no account"] = invoke("Rebuild", "nobody")

# An account of which only the newest event arrives: the other ones are in the dead-letter queue. The engine drops no events, so
# the mapping is disabled, and the function is invoked directly.
mapping = lambdas.list_event_source_mappings(FunctionName=stack.ids["Project"])["EventSourceMappings"][0]["UUID"]
lambdas.update_event_source_mapping(UUID=mapping, Enabled=False)
for sequence in range(1, 251):
    put(item("kim", sequence, 1, "kim" if sequence == 1 else None))
with ThreadPoolExecutor(4) as callers:
    batch = {"Records": [record(1, item("kim", 240, 1)), record(2, item("kim", 250, 1))]}
    report["healed"] = list(callers.map(lambda _: invoke("Project", batch), range(4)))
report["after healing"] = read("kim")

# An event that is not in the events table, and one behind it.
batch = {"Records": [record(at, item("kim", sequence, 1)) for at, sequence in [(1, 251), (2, 253), (3, 252)]]}
report["missing"] = invoke("Project", batch)
report["before the missing event"] = read("kim")
# The missing event comes late, behind two that are known.
for sequence in (251, 253, 252):
    put(item("kim", sequence, 1))
report["late"] = invoke("Project", {"Records": [record(1, item("kim", 252, 1))]})
report["after the late event"] = read("kim")

# An event is changed after it was applied; then the account is rebuilt.
changed = item("kim", 7, 1000)
dynamodb.put_item(TableName=events, Item=changed)
report["changed"] = invoke("Project", {"Records": [record(7, changed, "MODIFY")]})
report["after the change"] = read("kim")
invoke("Rebuild", "kim")
report["changed, after a rebuild"] = invoke("Project", {"Records": [record(7, changed, "MODIFY")]})
report["rebuilt with the change"] = read("kim")
report["log"] = stack.log()
print(json.dumps(report))
