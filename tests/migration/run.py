"""Calls the functions of a module, each with an event, and writes their outcomes with the text that each call has written."""

import importlib.util
import io
import json
import sys
import warnings
from types import SimpleNamespace

warnings.simplefilter("ignore")
stdout, sys.stdout = sys.stdout, io.StringIO()

arguments = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("before", sys.argv[1])
functions = importlib.util.module_from_spec(spec)
spec.loader.exec_module(functions)
context = SimpleNamespace(
    function_name="users",
    function_version="$LATEST",
    memory_limit_in_mb=128,
    invoked_function_arn=arguments["function_arn"],
    aws_request_id=arguments["request_id"],
    get_remaining_time_in_millis=lambda: 30_000,
)
outcomes = []
for call in arguments["calls"]:
    sys.stdout.seek(0)
    sys.stdout.truncate()
    try:
        outcome = {"response": getattr(functions, call["function"])(call["event"], context)}
    except Exception as error:
        outcome = {"error": {"name": type(error).__name__, "message": str(error)}}
    outcomes.append({**outcome, "written": sys.stdout.getvalue()})
json.dump(outcomes, stdout, default=str)
