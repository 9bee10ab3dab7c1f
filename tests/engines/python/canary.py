"""Fails if a function that ran in the engine has logged a text that is marked as a secret."""

import sys

import boto3

endpoint, mark = sys.argv[1:]
logs = boto3.client(
    "logs", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
)
lines = 0
for groups in logs.get_paginator("describe_log_groups").paginate():
    for group in groups["logGroups"]:
        for events in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            for event in events["events"]:
                lines += 1
                if mark in event["message"]:
                    sys.exit(f"{group['logGroupName']} has a line with a marked secret: {event['message'][:2000]}")
print(lines)
