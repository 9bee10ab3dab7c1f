"""Deploys examples/thumbnail/template.yaml into the engine, puts images into its bucket, and prints the results.

Usage: thumbnail.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from botocore.config import Config

from stack import Stack

stack = Stack(*sys.argv[1:4], "thumbs")
s3 = stack.client("s3", config=Config(s3={"addressing_style": "path"}))
lambdas, sqs, dynamodb = stack.client("lambda"), stack.client("sqs"), stack.client("dynamodb")
bucket, table, queue, function = (stack.ids[name] for name in ("Pictures", "Images", "Failed", "Thumbnail"))


def thumbnail(key):
    try:
        return s3.get_object(Bucket=bucket, Key=f"thumbnails/{key}.jpg")
    except s3.exceptions.NoSuchKey:
        return None


def item(key):
    found = dynamodb.get_item(TableName=table, Key={"pk": {"S": f"{bucket}/uploads/{key}"}, "sk": {"S": "-"}})
    return found.get("Item")


def has_status(key, status):
    found = item(key)
    return found if found and found["status"]["S"] == status else None


def invoke(key, detail_type="Object Created", of=bucket):
    """Invokes the function with an event of EventBridge, and returns the response."""
    detail = {"bucket": {"name": of}, "object": {"key": key, "sequencer": "00"}}
    event = {"version": "0", "id": "1", "source": "aws.s3", "detail-type": detail_type, "detail": detail}
    answer = lambdas.invoke(FunctionName=function, Payload=json.dumps(event))
    return {"error": answer.get("FunctionError"), "payload": json.loads(answer["Payload"].read())}


sample = (stack.example / "bucket/uploads/sample.jpg").read_bytes()
name = "Käse + Brot/a b.jpg"
report = {}

s3.put_object(Bucket=bucket, Key=f"uploads/{name}", Body=sample)
found = stack.until(lambda: thumbnail(name), "the thumbnail")
report["content type"] = found["ContentType"]
report["bytes"] = list(found["Body"].read())
report["item"] = stack.until(lambda: has_status(name, "ready"), "the item")

# Repeated, a deletion that was followed by an upload, and an upload that was deleted before its event was handled.
report["handled"] = [
    invoke(f"uploads/{name}"),
    invoke(f"uploads/{name}", "Object Deleted"),
    invoke("uploads/gone.jpg"),
    invoke(f"thumbnails/{name}.jpg"),
]
report["item afterwards"] = item(name)
report["item of a deleted upload"] = item("gone.jpg")
report["thumbnail afterwards"] = list(thumbnail(name)["Body"].read())

# A failure of S3 is retried and ends in the dead-letter queue.
event = {"version": "0", "id": "1", "source": "aws.s3", "detail-type": "Object Created"}
event["detail"] = {"bucket": {"name": "no-such-bucket"}, "object": {"key": "uploads/a.jpg"}}
lambdas.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))

# A file that is no image is rejected at once.
s3.put_object(Bucket=bucket, Key="uploads/broken.jpg", Body=sample[: len(sample) // 2])
report["rejected"] = stack.until(lambda: has_status("broken.jpg", "rejected"), "the item of the broken image")

# The thumbnail of a deleted upload is deleted.
s3.put_object(Bucket=bucket, Key="uploads/short.jpg", Body=sample)
stack.until(lambda: thumbnail("short.jpg"), "the second thumbnail")
s3.delete_object(Bucket=bucket, Key="uploads/short.jpg")
stack.until(lambda: has_status("short.jpg", "deleted"), "the item of the deleted upload")
report["keys"] = sorted(found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"])

receive = lambda: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages")
report["failed"] = [json.loads(message["Body"]) for message in stack.until(receive, "the failed event")]
report["log"] = stack.log()
print(json.dumps(report))
