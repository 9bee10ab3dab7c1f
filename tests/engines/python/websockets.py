"""Clients of a WebSocket API, which do what the lines of the input say.

  {"open": name}    connects, sends a message, and returns the event that the API makes of it
  {"read": name}    the next message to this client; null if there is none within 10 seconds, or the API has closed it
  {"close": name}   disconnects

Usage: websockets.py ENDPOINT
"""

import io
import json
import sys
import zipfile

import boto3
from sockets import Socket
from wsproto.events import TextMessage

ENDPOINT = sys.argv[1]


def client(service):
    return boto3.client(service, endpoint_url=ENDPOINT, region_name="us-east-1")


def create():
    """Creates an API whose function returns each event, and returns its id."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("echo.py", "import json\ndef handler(event, _):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n")
    lambdas, apis = client("lambda"), client("apigatewayv2")
    role = "arn:aws:iam::000000000000:role/echo"
    function = lambdas.create_function(
        FunctionName="echo", Runtime="python3.11", Handler="echo.handler", Role=role, Code={"ZipFile": code.getvalue()}
    )
    lambdas.get_waiter("function_active_v2").wait(FunctionName="echo")
    selection = "$request.body.action"
    api = apis.create_api(Name="echo", ProtocolType="WEBSOCKET", RouteSelectionExpression=selection)["ApiId"]
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function['FunctionArn']}/invocations"
    made = apis.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=uri)
    apis.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{made['IntegrationId']}")
    apis.create_stage(ApiId=api, StageName="live")
    return api


PATH = f"/_aws/execute-api/{create()}/live"


class EchoSocket(Socket):
    """A client of the API, which returns each event."""

    def __init__(self):
        super().__init__(ENDPOINT, PATH)
        assert self.is_open

    def text(self, patience):
        """Returns the next message, whose frames may come apart."""
        parts = []
        while isinstance(event := self.next(patience), TextMessage):
            parts.append(event.data)
            if event.message_finished:
                return "".join(parts)
        return None

    def event(self):
        self.send({"action": "hello"})
        return json.loads(self.text(60))


clients = {}


def answer(command):
    ((verb, name),) = command.items()
    if verb == "open":
        clients[name] = EchoSocket()
        return {"path": PATH, "event": clients[name].event()}
    if verb == "read":
        return clients[name].text(10)
    return clients.pop(name).close()


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
