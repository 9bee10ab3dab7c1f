"""Lets sources of records call the probe `records` in the engine, and prints the results.

Usage: records.py ENDPOINT BOOTSTRAP SCENARIO. boto3 is AWS's own client. The engine has real event source mappings: it receives,
calls, reads the answer, deletes, and moves to dead-letter queues by itself.
"""

import io
import json
import sys
import time
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config

endpoint, bootstrap, scenario = sys.argv[1:4]
options = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="canary-7f3a-key")
path_style = Config(s3={"addressing_style": "path"})
s3 = boto3.client("s3", **options, config=path_style)
names = ("dynamodb", "dynamodbstreams", "events", "kinesis", "lambda", "logs", "sns", "sqs")
aws = {name: boto3.client(name, **options) for name in names}
sqs = aws["sqs"]

# Longer than a slow machine takes. Nothing waits until its end.
PATIENCE = 100


def until(ask, what):
    """Polls `ask` until it returns a value."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if (answer := ask()) is not None:
            return answer
        time.sleep(0.2)
    sys.exit(f"{scenario}: {what} did not come. The log:\n" + "\n".join(log()))


def table(**more):
    """A table with items by `id`."""
    aws["dynamodb"].create_table(
        TableName=scenario,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        **more,
    )


def function(name=scenario, timeout=5, **variables):
    """Creates the probe as a function of this name, calls it once, so that it is warm, and returns its ARN."""
    aws["lambda"].create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role="arn:aws:iam::000000000000:role/records",
        Code={"S3Bucket": scenario, "S3Key": "bootstrap.zip"},
        Timeout=timeout,
        MemorySize=1769,
        Environment={"Variables": {"TABLE_NAME": scenario, **variables}},
        LoggingConfig={"LogFormat": "JSON"},
    )
    aws["lambda"].get_waiter("function_active_v2").wait(FunctionName=name)
    if variables.get("SOURCE", "sqs") == "sqs":
        empty = invoke(name, [])
        assert empty == {"error": None, "answer": {"batchItemFailures": []}}, empty
    return aws["lambda"].get_function(FunctionName=name)["Configuration"]["FunctionArn"]


def invoke(name, messages):
    """Returns the response to a batch of (message id, body), which is sent by a direct invocation."""
    arn = f"arn:aws:sqs:us-east-1:000000000000:{scenario}"
    records = [
        {"messageId": id, "body": body, "eventSource": "aws:sqs", "eventSourceARN": arn, "attributes": {}}
        for id, body in messages
    ]
    return call(name, {"Records": records})


def call(name, event):
    answer = aws["lambda"].invoke(FunctionName=name, Payload=json.dumps(event))
    return {"error": answer.get("FunctionError"), "answer": json.loads(answer["Payload"].read())}


def log(name=scenario):
    """Returns the function's log, page by page."""
    pages = aws["logs"].get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
    return [event["message"] for page in pages for event in page["events"]]


def ledger():
    """Returns the items that the probe has written, by their ids, with lists and numbers as JSON."""
    pages = aws["dynamodb"].get_paginator("scan").paginate(TableName=scenario, ConsistentRead=True)
    items = (item for page in pages for item in page["Items"])

    def plain(value):
        return int(value["N"]) if "N" in value else [text["S"] for text in value["L"]]

    return {item["id"]["S"]: {key: plain(value) for key, value in item.items() if key != "id"} for item in items}


class Queue:
    """A queue with a dead-letter queue."""

    def __init__(self, suffix="", visible_after=6, tries=3):
        self.failed = sqs.create_queue(QueueName=f"{scenario}-failed{suffix}", Attributes=self.kind(suffix))["QueueUrl"]
        redrive = {"deadLetterTargetArn": self.arn_of(self.failed), "maxReceiveCount": tries}
        # The visibility time-out is longer than the function may take.
        own = {"VisibilityTimeout": str(visible_after), "RedrivePolicy": json.dumps(redrive)}
        self.url = sqs.create_queue(QueueName=f"{scenario}{suffix}", Attributes={**self.kind(suffix), **own})["QueueUrl"]
        self.arn = self.arn_of(self.url)

    def kind(self, suffix):
        return {"FifoQueue": "true"} if suffix == ".fifo" else {}

    def arn_of(self, url):
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def size(self, url):
        """Returns the number of messages, visible or not."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        sizes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
        return sum(int(sizes[name]) for name in names)

    def send(self, bodies):
        """Sends texts, or objects that the probe understands, in this order within a group."""
        entries = []
        for at, body in enumerate(bodies):
            entry = {"Id": str(at), "MessageBody": body if isinstance(body, str) else json.dumps(body)}
            if self.url.endswith(".fifo"):
                entry |= {"MessageGroupId": body["group"], "MessageDeduplicationId": body["id"]}
            entries.append(entry)
        for at in range(0, len(entries), 10):
            sent = sqs.send_message_batch(QueueUrl=self.url, Entries=entries[at : at + 10])
            assert not sent.get("Failed"), sent

    def map(self, name=scenario, batch=10):
        """Creates the mapping that sends the messages to the function."""
        aws["lambda"].create_event_source_mapping(
            EventSourceArn=self.arn, FunctionName=name, BatchSize=batch, FunctionResponseTypes=["ReportBatchItemFailures"]
        )

    def wait(self, failed=None):
        """Waits until the queue is empty and, if `failed` is set, the dead-letter queue has this number of messages."""
        is_empty = lambda: True if self.size(self.url) == 0 else None
        until(is_empty, "the end of the queue")
        if failed is not None:
            until(lambda: True if self.size(self.failed) >= failed else None, "what failed for good")

    def dead(self):
        """The bodies in the dead-letter queue, in its order."""
        bodies = []
        while messages := sqs.receive_message(QueueUrl=self.failed, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                sqs.delete_message(QueueUrl=self.failed, ReceiptHandle=message["ReceiptHandle"])
        return bodies


def report(queue=None, **more):
    print(json.dumps({"ledger": ledger(), "dead": queue.dead() if queue else [], "log": log(), **more}))


def wait_for(enough, what):
    """Waits until the table of the probe has enough items."""
    until(lambda: True if enough(ledger()) else None, what)


def done(items):
    """Returns the number of records that are done."""
    return sum("done" in item for item in items.values())


def standard():
    """Good messages, and some of each bad kind among them."""
    table()
    function()
    queue = Queue()
    bad = [{"id": what, "what": what} for what in ("fail", "panic", "discard")]
    bad += ["{no JSON", {"id": "recovers", "what": "fail", "until": 2}]
    good = [{"id": f"good-{at}"} for at in range(25)]
    queue.send([message for five in zip(bad, *[iter(good)] * 5) for message in five])
    queue.map()
    queue.wait(failed=3)
    report(queue)


def fifo():
    """Three groups with a poisoned message in one, and a fourth whose first message is poisoned."""
    table()
    function()
    queue = Queue(".fifo")
    poison = {"what": "fail"}
    messages = [{"id": "d1", "group": "d"} | poison, {"id": "d2", "group": "d"}]
    for at in range(1, 7):
        messages += [{"id": f"{group}{at}", "group": group} for group in "abc"]
    messages = [message | (poison if message["id"] == "b3" else {}) for message in messages]
    queue.send(messages)
    queue.map()
    queue.wait(failed=3)
    # The messages after it.
    queue.send([{"id": "b7", "group": "b"}, {"id": "d3", "group": "d"}])
    queue.wait()
    report(queue)


def crash():
    """A thousand messages, ten of which end the process at their first delivery; and a hundred in five groups."""
    table()
    function()
    queue, groups = Queue(), Queue(".fifo", tries=6)

    def what(at):
        if at % 100 == 50:
            return {"what": "crash", "until": 1}
        return {"what": "fail"} if at % 500 == 7 else {}

    queue.send([{"id": f"{at}"} | what(at) for at in range(1000)])
    ends = {"what": "crash", "until": 1}
    messages = [{"id": f"{group}{at:02}", "group": group} for at in range(20) for group in "pqrst"]
    groups.send([message | (ends if message["id"] in ("p05", "q11", "r17") else {}) for message in messages])
    queue.map()
    groups.map()
    queue.wait(failed=2)
    groups.wait()
    report(queue)


def timeout():
    """Messages that hang, among others: from a queue, and by a direct invocation."""
    table()
    function(timeout=3)
    hang = {"what": "hang"}
    queue = Queue(tries=2)
    messages = [{"id": f"good-{at}"} for at in range(6)]
    messages[1:1] = [{"id": "hangs"} | hang, {"id": "hangs-once", "until": 1} | hang]
    queue.send(messages)
    queue.map()

    function("timeout-by-two", timeout=3, CONCURRENCY="2")
    batch = [("m1", hang), ("m2", {}), ("m3", hang), ("m4", {}), ("m5", {})]
    batch = [(id, json.dumps({"id": f"direct-{id}"} | body)) for id, body in batch]
    by_ten = invoke(scenario, batch)
    by_two = invoke("timeout-by-two", batch)

    queue.wait(failed=1)
    report(queue, by_ten=by_ten, by_two=by_two)


def kinesis():
    """Four keys over two shards, forty records each: more than a batch holds."""
    table()
    function(SOURCE="kinesis")
    stream = aws["kinesis"]
    stream.create_stream(StreamName=scenario, ShardCount=2)
    stream.get_waiter("stream_exists").wait(StreamName=scenario, WaiterConfig={"Delay": 1})
    arn = stream.describe_stream(StreamName=scenario)["StreamDescription"]["StreamARN"]
    records = [(key, f"{key}{at}") for at in range(40) for key in "abcd"]
    entries = [{"PartitionKey": key, "Data": json.dumps({"id": id}).encode()} for key, id in records]
    sent = stream.put_records(StreamName=scenario, Records=entries)
    assert sent["FailedRecordCount"] == 0, sent
    map_stream(arn, batch=30)
    wait_for(lambda items: done(items) == len(records), "the last record")
    report()


def dynamodb():
    """Three items that change in turn."""
    table()
    function(SOURCE="dynamodb")
    source = f"{scenario}-source"
    created = aws["dynamodb"].create_table(
        TableName=source,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for version in range(1, 13):
        for id in "xyz":
            balance = f"1{version:02}" + "1234567890" * 3 + "12345"
            item = {"id": {"S": id}, "version": {"N": str(version)}, "balance": {"N": balance}}
            aws["dynamodb"].put_item(TableName=source, Item=item)
    aws["dynamodb"].delete_item(TableName=source, Key={"id": {"S": "y"}})
    map_stream(created["TableDescription"]["LatestStreamArn"], batch=7)
    changes = lambda items: sum(len(item["order"]) for item in items.values())
    wait_for(lambda items: changes(items) == 3 * 12 + 1, "the last change")
    report()


def map_stream(arn, batch):
    aws["lambda"].create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName=scenario,
        BatchSize=batch,
        StartingPosition="TRIM_HORIZON",
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )


def subscribe(topic, protocol, to, **attributes):
    aws["sns"].subscribe(TopicArn=topic, Protocol=protocol, Endpoint=to, Attributes=attributes)


def sns():
    """A topic to the function, one through a queue, one through a queue by raw delivery."""
    table()
    arn = function(SOURCE="sns")
    topics = {name: aws["sns"].create_topic(Name=name)["TopicArn"] for name in ("direct", "queued", "raw")}
    queue = Queue()
    subscribe(topics["direct"], "lambda", arn)
    subscribe(topics["queued"], "sqs", queue.arn)
    subscribe(topics["raw"], "sqs", queue.arn, RawMessageDelivery="true")
    queue.map()
    for name, topic in topics.items():
        aws["sns"].publish(TopicArn=topic, Message=json.dumps({"id": name}), Subject="of " + name)
        if name != "direct":  # The engine tries an event of a topic once, AWS three times.
            fails = json.dumps({"id": f"{name}-fails", "what": "fail"})
            aws["sns"].publish(TopicArn=topic, Message=fails, Subject="of " + name)
    queue.wait(failed=2)
    wait_for(lambda items: done(items) == 3, "the message of each topic")

    notification = {"Type": "Notification", "TopicArn": topics["direct"]}
    messages = [
        {"MessageId": f"m{at}", "Message": json.dumps({"id": f"direct-{at}", "what": what})}
        for at, what in enumerate(("fail", "ok", "panic"))
    ]
    records = [{"EventSource": "aws:sns", "Sns": notification | message} for message in messages]
    report(queue, direct=call(scenario, {"Records": records}))


def eventbridge():
    """A rule to the function, one through a queue."""
    table()
    arn = function(SOURCE="eventbridge")
    queue = Queue()
    for name, target in (("direct", arn), ("queued", queue.arn)):
        aws["events"].put_rule(Name=f"records-{name}", EventPattern=json.dumps({"source": [name]}))
        aws["events"].put_targets(Rule=f"records-{name}", Targets=[{"Id": "1", "Arn": target}])
    queue.map()
    events = [("direct", {"id": "direct"}), ("queued", {"id": "queued"}), ("queued", {"id": "fails", "what": "fail"})]
    entries = [{"Source": source, "DetailType": "Sent", "Detail": json.dumps(detail)} for source, detail in events]
    sent = aws["events"].put_events(Entries=entries)
    assert sent["FailedEntryCount"] == 0, sent
    queue.wait(failed=1)
    wait_for(lambda items: done(items) == 2, "the event of each rule")
    report(queue)


def bucket():
    """Objects whose notifications reach the function directly, and through a topic, a queue, both, and EventBridge."""
    table()
    arn = function(SOURCE="s3")
    queue = Queue()
    topics = {name: aws["sns"].create_topic(Name=f"bucket-{name}")["TopicArn"] for name in ("topic", "both")}
    subscribe(topics["topic"], "lambda", arn)
    subscribe(topics["both"], "sqs", queue.arn)

    def created(kind, target, prefix):
        rule = {"Name": "prefix", "Value": f"{prefix}/"}
        return {kind: target, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [rule]}}}

    bucket = f"{scenario}-objects"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [created("LambdaFunctionArn", arn, "direct")],
            "QueueConfigurations": [created("QueueArn", queue.arn, "queue")],
            "TopicConfigurations": [created("TopicArn", topics[name], name) for name in topics],
            "EventBridgeConfiguration": {},
        },
    )
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "bus/"}]}}}
    aws["events"].put_rule(Name="bucket", EventPattern=json.dumps(pattern))
    aws["events"].put_targets(Rule="bucket", Targets=[{"Id": "1", "Arn": arn}])
    queue.map()
    for size, path in enumerate(("direct", "queue", "topic", "both", "bus"), 1):
        s3.put_object(Bucket=bucket, Key=f"{path}/Käse + 100%/a b.jpg", Body=b"." * size)
    wait_for(lambda items: done(items) == 5, "the object of each path")
    queue.wait()
    report(queue)


packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    archive.writestr(entry, Path(bootstrap).read_bytes())
s3.create_bucket(Bucket=scenario)
s3.put_object(Bucket=scenario, Key="bootstrap.zip", Body=packed.getvalue())
globals()[scenario]()
