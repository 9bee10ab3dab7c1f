"""Deploys examples/channels/template.yaml into the engine, publishes to its API, and prints the responses.

The engine does not know an Events API in a template, so the script creates the API and the namespaces by their properties in the template. It
stores the handlers of a namespace and never calls them: the script calls the function with the events that AppSync would send.

Usage: channels.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import hashlib
import json
import secrets
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse
from stack import Stack

NAMESPACES = ["Comments", "Reactions"]
keys = {"publisher": secrets.token_hex(32), "reader": secrets.token_hex(32), "unknown": secrets.token_hex(32)}
digest = {name: hashlib.sha256(key.encode()).hexdigest() for name, key in keys.items()}
stack = Stack(
    *sys.argv[1:4],
    "channels",
    without=["Api", "Function", "AuthorizePermission", *NAMESPACES],
    parameters={"PublisherKeySha256": digest["publisher"], "ReaderKeySha256": digest["reader"]},
)
lambdas, appsync = stack.client("lambda"), stack.client("appsync")
resources = yaml_parse((Path(sys.argv[2]) / "template.yaml").read_text())["Resources"]


def lower(value):
    """Returns properties of a template as a request has them."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: lower(member) for name, member in value.items()}
    return [lower(item) for item in value] if isinstance(value, list) else value


config = lower(resources["Api"]["Properties"]["EventConfig"])
authorizer = lambdas.get_function(FunctionName=stack.ids["Authorize"])["Configuration"]["FunctionArn"]
config["authProviders"][0]["lambdaAuthorizerConfig"]["authorizerUri"] = authorizer
api = appsync.create_api(name="channels", eventConfig=config)["api"]["apiId"]
report = {"namespaces": {}}
for logical in NAMESPACES:
    properties = resources[logical]["Properties"]
    handlers = lower(properties["HandlerConfigs"])
    for handler in handlers.values():
        # The name of the data source is that of the function.
        handler["integration"]["dataSourceName"] = resources["Function"]["Properties"]["Name"]
    namespace = appsync.create_channel_namespace(apiId=api, name=properties["Name"], handlerConfigs=handlers)["channelNamespace"]
    report["namespaces"][namespace["name"]] = namespace.get("handlerConfigs")


def publish(key, channel, *payloads):
    """Publishes by the API, of which the authorizer decides."""
    body = json.dumps({"channel": channel, "events": [json.dumps(payload) for payload in payloads]}).encode()
    request = urllib.request.Request(f"{stack.endpoint}/event", method="POST", data=body)
    request.add_header("Host", f"{api}.appsync-api.us-east-1.localhost")
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", keys[key])
    try:
        response = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        response = error
    return {"status": response.status, "body": json.loads(response.read())}


def handled(operation, channel, *payloads, name="studio"):
    """Calls the function as AppSync does for a namespace with a direct integration."""
    segments = channel.split("/")[1:]
    events = [{"id": str(uuid.uuid4()), "payload": payload} for payload in payloads]
    event = {
        "identity": {"handlerContext": {"name": name}},
        "result": None,
        "request": {"headers": {"content-type": "application/json"}, "domainName": None},
        "info": {
            "channel": {"path": channel, "segments": segments},
            "channelNamespace": {"name": segments[0]},
            "operation": operation,
        },
        "error": None,
        "prev": None,
        "stash": {},
        "outErrors": [],
        "events": events if operation == "PUBLISH" else None,
    }
    answer = lambdas.invoke(FunctionName=stack.ids["Handle"], Payload=json.dumps(event))
    return {"ids": [event["id"] for event in events], "failed": "FunctionError" in answer, "answer": json.loads(answer["Payload"].read())}


report["published"] = {key: publish(key, "/comments/7", {"text": "Goal!"}) for key in keys}
report["comments"] = handled("PUBLISH", "/comments/7", {"text": "Goal!"}, {"text": " "}, {"text": "x" * 501})
report["reactions"] = handled("PUBLISH", "/reactions/7", {"emoji": "a"}, {"emoji": "b"}, {"emoji": "a"})
report["other"] = handled("PUBLISH", "/other", {"text": "Goal!"})
report["follow"] = handled("SUBSCRIBE", "/comments/7")
report["wildcard"] = handled("SUBSCRIBE", "/comments/*")
print(json.dumps(report))
