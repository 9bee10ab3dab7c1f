"""Powertools' metrics for Python, and CloudWatch's schema: the reference of tests/emf.rs.

Reads {"cases": [{"namespace", "service", "defaults", "calls"}], "blobs": [..]} and writes {"blobs": [[..] for each case], "mistakes":
[..]}: the blobs that Powertools writes for the calls, and the mistakes of the other blobs.
"""

import io
import json
import sys
import warnings
from contextlib import redirect_stdout

from aws_lambda_powertools.metrics import EphemeralMetrics
from jsonschema import Draft7Validator

warnings.simplefilter("ignore")

NAME = {"type": "string", "pattern": "^(.*)$", "minLength": 1, "maxLength": 1024}
UNITS = (
    "Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits Gigabits Terabits Percent"
    " Count Bytes/Second Kilobytes/Second Megabytes/Second Gigabytes/Second Terabytes/Second Bits/Second Kilobits/Second"
    " Megabits/Second Gigabits/Second Terabits/Second Count/Second None"
).split()

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html, where it is
# the last section; with the rules of the text above it: at most 100 metrics, the resolutions, and no further members.
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "additionalProperties": False,
                        "properties": {
                            "Namespace": NAME,
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "minItems": 0,
                                    "maxItems": 30,
                                    "items": {**NAME, "maxLength": 250},
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "Name": NAME,
                                        "Unit": {"enum": UNITS},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


def mistakes(blob):
    """Yields the mistakes of a blob: against the schema, and references without a value of their kind."""
    yield from (error.message for error in Draft7Validator(SCHEMA).iter_errors(blob))
    for directive in blob["_aws"]["CloudWatchMetrics"]:
        for name in {name for set_ in directive["Dimensions"] for name in set_}:
            if not isinstance(blob.get(name), str):
                yield f"the dimension {name} is not text: {blob.get(name)!r}"
        for metric in directive["Metrics"]:
            values = blob.get(metric["Name"])
            values = values if isinstance(values, list) else [values]
            if not 1 <= len(values) <= 100 or not all(isinstance(value, (int, float)) for value in values):
                yield f"the metric {metric['Name']} must be a number or up to a hundred numbers: {values!r}"


def written(case):
    """Returns the blobs that Powertools writes for the calls."""
    output = io.StringIO()
    with redirect_stdout(output):
        metrics = EphemeralMetrics(namespace=case["namespace"], service=case["service"])
        metrics.set_default_dimensions(**case["defaults"])
        for name, *arguments in case["calls"]:
            if name == "metric":
                metric, unit, value, resolution = arguments
                metrics.add_metric(name=metric, unit=unit, value=value, resolution=resolution)
            elif name == "dimension":
                metrics.add_dimension(*arguments)
            else:
                metrics.add_metadata(*arguments)
        metrics.flush_metrics()
    return [json.loads(line) for line in output.getvalue().splitlines()]


request = json.load(sys.stdin)
found = [mistake for blob in request["blobs"] for mistake in mistakes(blob)]
json.dump({"blobs": [written(case) for case in request["cases"]], "mistakes": found}, sys.stdout)
