"""Powertools for Python against an engine, one JSON command and one JSON response per line: the counterpart of tests/idempotency.rs.

  {"create": table, "sort": name?}              a table of records
  {"items": table}                              its items, in DynamoDB's JSON
  {"delete": table}                             all of its items
  {"call": {..}}                                an idempotent function of Powertools: {"result", "ran"} or {"error", "ran"}
      table, sort?, prefix, key, payload?, event, returns | fails, remaining_ms, expires?
"""

import json
import sys
import warnings

import boto3
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent,
)

warnings.simplefilter("ignore")
dynamodb = boto3.client("dynamodb")


class Context:
    def __init__(self, remaining_ms):
        self.remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self):
        return self.remaining_ms


class Killed(BaseException):
    """Lambda's time-out: it ends the function, and no `except Exception` catches it."""


def create(table, sort=None):
    names = ["id", sort] if sort else ["id"]
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in zip(names, ["HASH", "RANGE"])],
    )
    return {}


def items(table):
    return dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]


def delete(table):
    for item in items(table):
        dynamodb.delete_item(TableName=table, Key={"id": item["id"]})
    return {}


def call(table, prefix, key, event, remaining_ms, returns=None, fails=None, payload="", expires=3600, sort=None):
    ran = []
    config = IdempotencyConfig(
        event_key_jmespath=key, payload_validation_jmespath=payload, expires_after_seconds=expires
    )
    store = DynamoDBPersistenceLayer(table_name=table, sort_key_attr=sort)

    @idempotent(persistence_store=store, config=config, key_prefix=prefix)
    def handler(event, context):
        ran.append(event)
        if fails == "killed":
            raise Killed
        if fails:
            raise RuntimeError(fails)
        return returns

    try:
        return {"result": handler(event, Context(remaining_ms)), "ran": bool(ran)}
    except (Exception, Killed) as error:
        return {"error": type(error).__name__, "ran": bool(ran)}


for line in sys.stdin:
    command = json.loads(line)
    if "create" in command:
        answer = create(command["create"], command.get("sort"))
    elif "items" in command:
        answer = items(command["items"])
    elif "delete" in command:
        answer = delete(command["delete"])
    else:
        answer = call(**command["call"])
    print(json.dumps(answer), flush=True)
