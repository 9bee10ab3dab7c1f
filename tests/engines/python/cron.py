"""Deploys examples/cron/template.yaml into the engine, calls its function as the schedule does, and prints the carts that are left.

Usage: cron.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from stack import Stack

stack = Stack(*sys.argv[1:4], "cron")
ids, dynamodb, lambdas = stack.ids, stack.client("dynamodb"), stack.client("lambda")
event = json.loads((stack.example / "events" / "nightly.json").read_text())
DAY, TODAY = 86_400, 1_763_683_200


def put(id, days_before):
    at = TODAY - days_before * DAY
    item = {
        "pk": {"S": f"cart#{id}"},
        "sk": {"S": "-"},
        "index_pk": {"S": f"carts#{len(id) % 8}"},
        "index_sk": {"S": f"{at:012}#{id}"},
        "id": {"S": id},
        "touched_at": {"N": str(at)},
    }
    dynamodb.put_item(TableName=ids["Carts"], Item=item)


def carts():
    pages = dynamodb.get_paginator("scan").paginate(TableName=ids["Carts"], ConsistentRead=True)
    return sorted(item["id"]["S"] for page in pages for item in page["Items"] if "id" in item)


def call(**changes):
    answer = lambdas.invoke(FunctionName=ids["CleanUp"], Payload=json.dumps(event | changes))
    return {"error": answer.get("FunctionError"), "payload": json.loads(answer["Payload"].read())}


# More than one page of the function.
for at in range(60):
    put(f"old-{at:02}", 31 + at)
for at in range(15):
    put(f"new-{at:02}", at)
put("just in time", 30)

report = {"cleaned": call(), "carts": carts()}
put("late", 40)
report["again"] = call(**{"execution-id": "another", "attempt-number": "2"})
report["a later run"] = call(**{"scheduled-time": "2025-11-21T03:45:00Z"})
report["carts after again"] = carts()
report["next night"] = call(**{"scheduled-time": "2025-11-22T02:00:00Z"})
report["carts after next night"] = carts()
report["no schedule"] = call(**{"scheduled-time": None})
scheduler = stack.client("scheduler")
schedules = scheduler.list_schedules()["Schedules"]
report["targets"] = [scheduler.get_schedule(Name=one["Name"])["Target"] for one in schedules]
report["function"] = lambdas.get_function(FunctionName=ids["CleanUp"])["Configuration"]["FunctionArn"]
report["metrics"] = [line for line in stack.log() if "FinishedNights" in line]
print(json.dumps(report))
