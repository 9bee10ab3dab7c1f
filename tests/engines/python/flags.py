"""Powertools' feature flags for Python, without a service: the reference of tests/flags.rs.

Reads a JSON array of {"document": text, "name", "context", "day", "second" of 2026 in UTC} and writes one of {"value"}, {"enabled"} and {"invalid": true}.
"""

import json
import sys
import warnings
from datetime import datetime, timedelta, timezone

from aws_lambda_powertools.utilities.feature_flags import FeatureFlags, comparators
from aws_lambda_powertools.utilities.feature_flags.base import StoreProvider
from aws_lambda_powertools.utilities.feature_flags.exceptions import SchemaValidationError

warnings.simplefilter("ignore")
now = None


class Store(StoreProvider):
    def __init__(self, document):
        self.document = document

    @property
    def get_raw_configuration(self):
        return self.document

    def get_configuration(self):
        return self.document


comparators._get_now_from_timezone = lambda zone: now.astimezone(zone or timezone.utc)
answers = []
for case in json.load(sys.stdin):
    now = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(days=case["day"], seconds=case["second"])
    flags = FeatureFlags(store=Store(json.loads(case["document"])))
    try:
        value = flags.evaluate(name=case["name"], context=case["context"], default="the caller's default")
        answers.append({"value": value, "enabled": flags.get_enabled_features(context=case["context"])})
    except SchemaValidationError:
        answers.append({"invalid": True})
json.dump(answers, sys.stdout)
