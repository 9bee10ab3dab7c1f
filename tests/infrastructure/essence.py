"""What a description of infrastructure means, in one form for all tools, so that SAM, CDK, Terraform and osls can be compared.

An essence is a dictionary of lines: `functions/ship/timeout: 30`, `functions/ship/allows: dynamodb:GetItem on shipments`. Names are
those of the resources without the parts that a tool adds. Left out is what differs by nature: the names of physical resources,
permissions of services to invoke a function, and where a tool keeps code.
"""

import json
import re

# What the managed policies that SAM attaches allow. SAM attaches those of event sources for all queues and streams of the account; the
# other tools name the sources of the function, so here they count for these.
SOURCES = {
    "AWSLambdaSQSQueueExecutionRole": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    "AWSLambdaDynamoDBExecutionRole": [
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    ],
}
LOGS, TRACES, NETWORK, VPC = "writes its log", "writes traces", "creates network interfaces", "is in a VPC"
MANAGED = {
    "AWSLambdaBasicExecutionRole": [LOGS],
    "AWSLambdaSQSQueueExecutionRole": [LOGS],
    "AWSLambdaDynamoDBExecutionRole": [LOGS],
    "AWSLambdaVPCAccessExecutionRole": [LOGS, NETWORK],
    "AWSXRayDaemonWriteAccess": [TRACES],
    "AWSXrayWriteOnlyAccess": [TRACES],
}
SUM = "SUM(FILL(METRICS(), 0))"


class Essence(dict):
    """Lines: from a path to its values."""

    def add(self, path, value):
        if value is not None:
            self.setdefault(path, set()).add(value if isinstance(value, str) else json.dumps(value, sort_keys=True))

    def statement(self, function, actions, resources):
        """Adds a statement of the policy of a function."""
        for action in listed(actions):
            if action.startswith("logs:"):
                self.add(f"functions/{function}", LOGS)
            elif action.startswith("xray:"):
                self.add(f"functions/{function}", TRACES)
            else:
                for resource in listed(resources):
                    self.add(f"functions/{function}/allows", f"{action} on {resource}")

    def managed(self, function, policy, sources):
        name = policy.split("/")[-1]
        for meaning in MANAGED.get(name, [f"has the policy {name}"]):
            self.add(f"functions/{function}", meaning)
        for source in sources:
            if (name == "AWSLambdaSQSQueueExecutionRole") == ("/stream" not in source):
                self.statement(function, SOURCES.get(name, []), source)

    def alarm(self, metrics, **settings):
        """Adds an alarm. One on a sum of counts that is above 0 is the same as one on each of them."""
        for namespace, name, statistic, period, dimensions in metrics:
            of = ", ".join(f"{key}={value}" for key, value in sorted(dimensions.items()))
            what = {"statistic": statistic, "period": period, **settings}
            self.add(f"alarms/{namespace}/{name}/{of}", what)

    def lines(self):
        return {f"{path}: {value}" for path, values in self.items() for value in values}


def listed(value):
    return value if isinstance(value, list) else [value]


def name_of(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def pattern(value):
    """Returns a pattern of events as text, whether it was an object or JSON."""
    return json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True)
