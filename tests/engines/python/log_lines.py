"""Powertools' logger for Python: the reference of tests/logging.rs.

Reads a JSON array of {"service", "keys", "buffer", "correlation", "context", "trace", "invocations": [{"event", "calls", "raise"}]} and writes, for each,
the lines that the logger wrote.
"""

import io
import json
import os
import sys
import warnings
from types import SimpleNamespace

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.buffer import LoggerBufferConfig

warnings.simplefilter("ignore")


def act(logger, calls):
    for name, *arguments in calls:
        if name == "append_keys":
            logger.append_keys(**arguments[0])
        elif name == "remove_keys":
            logger.remove_keys(arguments[0])
        elif name == "correlate":
            logger.set_correlation_id(arguments[0])
        elif name == "flush":
            logger.flush_buffer()
        elif name == "clear":
            logger.clear_buffer()
        else:
            message, keys = arguments
            getattr(logger, name)(message, extra=keys)


answers = []
for case in json.load(sys.stdin):
    os.environ["_X_AMZN_TRACE_ID"] = case["trace"]
    stream = io.StringIO()
    buffer = LoggerBufferConfig(**case["buffer"]) if case["buffer"] is not None else None
    logger = Logger(service=case["service"], level="INFO", stream=stream, buffer_config=buffer, **case["keys"])
    for invocation in case["invocations"]:

        @logger.inject_lambda_context(
            correlation_id_path=case["correlation"], clear_state=True, flush_buffer_on_uncaught_error=True
        )
        def handler(event, context, invocation=invocation):
            act(logger, invocation["calls"])
            if invocation.get("raise"):
                raise ValueError(invocation["raise"])

        try:
            handler(invocation["event"], SimpleNamespace(**case["context"]))
        except ValueError:
            pass
    answers.append([json.loads(line) for line in stream.getvalue().splitlines()])
json.dump(answers, sys.stdout)
