"""Deploys examples/projection/template.yaml into the engine, puts events into its table, and prints the read model.

Usage: projection.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from stack import Stack

stack = Stack(*sys.argv[1:4], "projection")
dynamodb, lambdas = stack.client("dynamodb"), stack.client("lambda")
events, accounts = stack.ids["Events"], stack.ids["Accounts"]
ids = ["ada", "bob", "eve"]


def put(account, version, kind, **more):
    """Puts an event."""
    item = {"account": {"S": account}, "version": {"N": str(version)}, "kind": {"S": kind}, **more}
    dynamodb.put_item(TableName=events, Item=item, ConditionExpression="attribute_not_exists(account)")


def touch(account, version):
    """Makes the stream deliver an event again."""
    key = {"account": {"S": account}, "version": {"N": str(version)}}
    once = {":one": {"N": "1"}}
    dynamodb.update_item(TableName=events, Key=key, UpdateExpression="ADD replayed :one", ExpressionAttributeValues=once)


def read():
    items = dynamodb.scan(TableName=accounts, ConsistentRead=True)["Items"]
    plain = lambda value: int(value["N"]) if "N" in value else value.get("S")
    return {item["account"]["S"]: {key: plain(value) for key, value in item.items()} for item in items}


def until_version(version):
    """Waits until each account has this version, and returns the read model."""

    def ask():
        model = read()
        return model if all(model.get(id, {}).get("version", 0) >= version for id in ids) else None

    return stack.until(ask, f"version {version} of each account")


# The accounts in turn: opened, ten deposits, one withdrawal.
for id in ids:
    put(id, 1, "opened", owner={"S": f"owner of {id}"})
for version in range(2, 12):
    for id in ids:
        put(id, version, "deposited", cents={"N": str(version)})
for id in ids:
    put(id, 12, "withdrawn", cents={"N": "100"})
report = {"counted": until_version(12)}

# Events that were applied are delivered again, and one is removed; the last event shows that the stream has been read.
for version in (1, 5, 12):
    touch("ada", version)
dynamodb.delete_item(TableName=events, Key={"account": {"S": "bob"}, "version": {"N": "3"}})
for id in ids:
    put(id, 13, "deposited", cents={"N": "1"})
report["after a replay"] = until_version(13)

# Invoked directly with events out of order: the response of the function.
def record(at, version):
    keys = {"account": {"S": "ada"}, "version": {"N": str(version)}}
    image = {**keys, "kind": {"S": "deposited"}, "cents": {"N": "1"}}
    change = {"Keys": keys, "NewImage": image, "SequenceNumber": str(at), "StreamViewType": "NEW_IMAGE"}
    return {"eventSource": "aws:dynamodb", "eventName": "INSERT", "dynamodb": change}


batch = json.dumps({"Records": [record(at, version) for at, version in [(1, 14), (2, 16), (3, 15)]]})
answer = lambdas.invoke(FunctionName=stack.ids["Project"], Payload=batch)
report["wrong turn"] = json.loads(answer["Payload"].read())
report["after a wrong turn"] = read()["ada"]
report["log"] = stack.log()
print(json.dumps(report))
