"""Deploys examples/windows/template.yaml into the engine, puts sales into its stream, and prints the totals and the objects in S3.

The engine knows no tumbling windows: it invokes the function of the window without one, which fails. So its mapping is disabled, and
the function is invoked as Lambda does.

Usage: windows.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import base64
import gzip
import json
import sys

from stack import Stack

stack = Stack(*sys.argv[1:4], "windows")
ids, lambdas, kinesis, dynamodb = stack.ids, stack.client("lambda"), stack.client("kinesis"), stack.client("dynamodb")
mapping = lambdas.list_event_source_mappings(FunctionName=ids["AddUp"])["EventSourceMappings"][0]
lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
report = {}


def sale(id, amount, currency="EUR", **more):
    money = {"amount": amount, "currency": currency}
    return {"id": id, "money": money, "card": "4111 1111 1111 1234", **more}


def record(at, data):
    data = base64.b64encode(json.dumps(data).encode()).decode()
    return {"eventSource": "aws:kinesis", "kinesis": {"data": data, "partitionKey": "1", "sequenceNumber": str(at)}}


def window(shard, state, sales, final=False):
    """Invokes the function with a batch, and returns the state, or the error."""
    event = {
        "Records": [record(at, data) for at, data in enumerate(sales)],
        "window": {"start": "2026-11-29T10:00:00Z", "end": "2026-11-29T10:01:00Z"},
        "state": state,
        "shardId": shard,
        "isFinalInvokeForWindow": final,
        "isWindowTerminatedEarly": False,
    }
    answer = json.loads(lambdas.invoke(FunctionName=ids["AddUp"], Payload=json.dumps(event))["Payload"].read())
    return answer.get("state", answer.get("errorMessage"))


first = window("shard-1", {}, [sale("a", 1999), sale("b", 500, "CHF")])
report["invalid"] = window("shard-1", first, [sale("c", 1), {"id": 7}])
second = window("shard-1", first, [sale("c", 1)])
# Lambda invokes the function again if it got no response.
for _ in range(2):
    window("shard-1", second, [], final=True)
window("shard-2", {}, [sale("d", 7)], final=True)
report["totals"] = [
    {
        "pk": item["pk"]["S"],
        "sk": item["sk"]["S"],
        "sales": item["sales"]["N"],
        "sums": [[sum["M"]["amount"]["N"], sum["M"]["currency"]["S"]] for sum in item["sums"]["L"]],
    }
    for item in sorted(dynamodb.scan(TableName=ids["Totals"])["Items"], key=lambda item: item["sk"]["S"])
]

sales = [sale("e", 1), sale("f", 2, "CHF", cvc="987"), sale("g", 3, is_test=True), {"id": 7}, sale("h", 4)]
for one in sales:
    kinesis.put_record(StreamName=ids["Sales"], PartitionKey="1", Data=json.dumps(one))


def objects():
    """Returns the lines in S3 by the first two parts of their keys, once all are there.

    They are sorted: the stream is read in several batches, and each is an object of its own, whose key is not in the order of the stream.
    """
    found = {}
    for entry in stack.s3.list_objects_v2(Bucket=ids["Archive"]).get("Contents", []):
        body = stack.s3.get_object(Bucket=ids["Archive"], Key=entry["Key"])["Body"].read()
        text = (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode()
        found.setdefault("/".join(entry["Key"].split("/")[:2]), []).extend(text.splitlines())
    count = sum(len(lines) for prefix, lines in found.items() if prefix.startswith("sales/"))
    return {prefix: sorted(lines) for prefix, lines in found.items()} if count >= 3 else None


report["objects"] = stack.until(objects, "the objects of three sales")
report["log"] = stack.log()
print(json.dumps(report))
