"""Deploys the projects that `.ci/templates` has made by their SAM templates into an engine, uses them, and fails where a result is wrong.

Usage: engine.py FOLDER FOLDER_OF_BINARIES TEMPLATE..., with the Python of tests/engines/install.sh. FOLDER has the projects TEMPLATE-sam.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from botocore.config import Config

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/engines/python"))

from stack import Api, Stack  # noqa: E402


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found!r}, expected {expected!r}")


def http(stack):
    api = Api(stack, stack.ids["Api"], stack.ids["Function"])
    secret = stack.client("secretsmanager").get_secret_value(SecretId=stack.ids["ApiKey"])
    key = {"x-api-key": json.loads(secret["SecretString"])["key"]}
    note, once = {"text": "buy tea"}, {"Idempotency-Key": '"1"'}
    expect("without the API key", api.call("POST", "/notes", note, **once)["status"], 401)
    expect("without an idempotency key", api.call("POST", "/notes", note, **key)["status"], 400)
    created = api.call("POST", "/notes", note, **once, **key)
    expect("a note", created["status"], 201)
    expect("the same request", api.call("POST", "/notes", note, **once, **key)["body"], created["body"])
    expect("the key with another note", api.call("POST", "/notes", {"text": "milk"}, **once, **key)["status"], 422)
    listed = api.call("GET", "/notes", Origin="https://www.example.com")
    expect("the notes", listed["body"], [created["body"]])
    expect("their CORS header", listed["headers"].get("access-control-allow-origin"), "https://www.example.com")
    path = created["headers"]["location"]
    expect("a change", api.call("PUT", path, {"text": "milk"}, **key)["body"]["text"], "milk")
    expect("the changed note", api.call("GET", path)["body"]["text"], "milk")
    expect("a deletion", api.call("DELETE", path, **key)["status"], 204)
    expect("the deleted note", api.call("GET", path)["status"], 404)


def item(stack, table, partition, sort="-"):
    key = {"pk": {"S": partition}, "sk": {"S": sort}}
    return stack.client("dynamodb").get_item(TableName=stack.ids[table], Key=key, ConsistentRead=True).get("Item")


def sqs(stack):
    client, queue = stack.client("sqs"), stack.ids["Jobs"]
    for body in ("not JSON", '{"id":"j-1","text":"to be or not to be"}', '{"id":"j-2","text":""}'):
        client.send_message(QueueUrl=queue, MessageBody=body)
    done = stack.until(lambda: item(stack, "Results", "job#j-1"), "the result")
    expect("the result", done["words"], {"N": "6"})

    def left():
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = client.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return True if sum(map(int, counts.values())) == 1 else None

    stack.until(left, "one message that is not acknowledged")


def s3(stack):
    client = stack.client("s3", config=Config(s3={"addressing_style": "path"}))
    bucket = stack.ids["Bucket"]

    def result():
        try:
            return json.loads(client.get_object(Bucket=bucket, Key="results/a b.txt.json")["Body"].read())
        except client.exceptions.NoSuchKey:
            return None

    client.put_object(Bucket=bucket, Key="uploads/a b.txt", Body=b"to be,\nor not")
    expect("the result", stack.until(result, "the result"), {"lines": 2, "words": 4})
    client.delete_object(Bucket=bucket, Key="uploads/a b.txt")
    stack.until(lambda: True if result() is None else None, "the deletion of the result")
    # Neither of them has called the function again.
    time.sleep(2)
    keys = [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])]
    expect("the objects", keys, [])


def stream(stack):
    table = stack.ids["Tasks"]

    def put(assignee):
        task = {"pk": "task#t-1", "sk": "-", "id": "t-1", "assignee": assignee, "title": "write"}
        stack.client("dynamodb").put_item(TableName=table, Item={key: {"S": value} for key, value in task.items()})

    put("ada")
    stack.until(lambda: item(stack, "View", "assignee#ada", "t-1"), "the task in the view")
    put("bob")
    stack.until(lambda: item(stack, "View", "assignee#bob", "t-1"), "the task of the other person")
    stack.until(lambda: True if item(stack, "View", "assignee#ada", "t-1") is None else None, "the removal of the first one")


def event(stack):
    detail = json.dumps({"order": "o-1", "cents": 1999})
    entry = {"Source": "shop", "DetailType": "OrderPaid", "Detail": detail}
    # Twice: the order has one invoice.
    stack.client("events").put_events(Entries=[entry, entry])
    found = stack.until(lambda: item(stack, "Invoices", "invoice#o-1"), "the invoice")
    expect("the total", found["total"], {"S": "EUR 19.99"})


def start(folder):
    """Starts the engine on a free port, and returns its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "AWS_ENDPOINT_URL": endpoint,
        "STATE_DIR": f"{folder}/state",
        "S3_DATA_DIR": f"{folder}/s3",
        "TMPDIR": f"{folder}/tmp",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_ASYNC_RETRY_MAX_SECONDS": "4",
    }
    for name in ("state", "s3", "tmp"):
        Path(folder, name).mkdir()
    log = open(Path(folder, "log"), "w")
    process = subprocess.Popen(
        [Path(sys.executable).parent / "ministack"], env={**os.environ, **settings}, stdout=log, stderr=subprocess.STDOUT
    )
    for _ in range(150):
        try:
            urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2)
            return endpoint, process
        except OSError:
            time.sleep(0.2)
    process.kill()
    sys.exit(Path(folder, "log").read_text())


def main():
    made, binaries, templates = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        endpoint, process = start(folder)
        try:
            for template in templates:
                globals()[template](Stack(endpoint, made / f"{template}-sam", binaries, template))
                print(f"{template}: deployed by its SAM template, and used")
        finally:
            process.terminate()
            process.wait(10)


main()
