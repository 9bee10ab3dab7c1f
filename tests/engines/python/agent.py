"""Deploys examples/agent/template.yaml into the engine, invokes the function as a Bedrock agent does, and prints the responses, with the address of the
function URL of the MCP server.

The events are the example's, a recorded one, whose function the example does not have, and the recorded one with calls of `quote`. The engine sends no
client context, which a gateway needs.

Usage: agent.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
from urllib.parse import urlsplit

from stack import Stack

stack = Stack(*sys.argv[1:4], "agent")
lambdas = stack.client("lambda")


def invoke(event):
    answer = lambdas.invoke(FunctionName=stack.ids["Rooms"], Payload=json.dumps(event))
    return {"error": answer.get("FunctionError"), "answer": json.loads(answer["Payload"].read())}


def allowed(function):
    """Returns the statements of a function's policy."""
    policy = json.loads(lambdas.get_policy(FunctionName=stack.ids[function])["Policy"])
    return sorted((json.dumps(each["Principal"]), each["Action"]) for each in policy["Statement"])


recorded = json.loads((stack.example / "../../tests/fixtures/events/python-later/bedrockAgentFunctionEvent.json").read_text())


def quote(**parameters):
    kinds = {"room": "string", "nights": "integer"}
    parameters = [{"name": name, "type": kinds[name], "value": value} for name, value in parameters.items()]
    return {**recorded, "function": "quote", "parameters": parameters}


[config] = lambdas.list_function_url_configs(FunctionName=stack.ids["Server"])["FunctionUrlConfigs"]
url = urlsplit(config["FunctionUrl"])
report = {"type": config["AuthType"], "url": f"{stack.endpoint}/_aws/lambda-url/{url.netloc.split('.')[0]}/"}
report["allowed"] = {name: allowed(name) for name in ("Rooms", "Server")}
report["found"] = invoke(json.loads((stack.example / "events/find-rooms.json").read_text()))
report["unknown"] = invoke(recorded)
report["quoted"] = invoke(quote(room="sea", nights="2"))
attributes = report["quoted"]["answer"]["sessionAttributes"]
report["remembered"] = invoke({**quote(nights="3"), "sessionAttributes": attributes})
report["refused"] = invoke(quote(room="attic", nights="1"))
report["another event"] = invoke({"guests": 2})
report["log"] = stack.log()
print(json.dumps(report))
