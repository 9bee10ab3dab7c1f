"""Clients of a WebSocket API, which do what the lines of the input say.

  {"open": name}    connects, sends a message, and returns the event that the API makes of it
  {"read": name}    the next message to this client; null if there is none within 10 seconds, or the API has closed it
  {"close": name}   disconnects

Usage: websockets.py ENDPOINT
"""

import io
import json
import socket
import sys
import time
import zipfile
from urllib.parse import urlsplit

import boto3
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage

ENDPOINT = sys.argv[1]
address = urlsplit(ENDPOINT)


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


class Socket:
    def __init__(self):
        self.stream = socket.create_connection((address.hostname, address.port))
        self.connection = WSConnection(ConnectionType.CLIENT)
        self.stream.sendall(self.connection.send(Request(host=address.netloc, target=PATH)))
        assert isinstance(self.next(30), AcceptConnection)

    def next(self, patience):
        ends = time.monotonic() + patience
        while (left := ends - time.monotonic()) > 0:
            for event in self.connection.events():
                if isinstance(event, (AcceptConnection, TextMessage, CloseConnection)):
                    return event
            self.stream.settimeout(left)
            try:
                data = self.stream.recv(262144)
            except TimeoutError:
                return None
            if not data:
                return None
            self.connection.receive_data(data)
        return None

    def text(self, patience):
        """Returns the next message, whose frames may come apart."""
        parts = []
        while isinstance(event := self.next(patience), TextMessage):
            parts.append(event.data)
            if event.message_finished:
                return "".join(parts)
        return None

    def event(self):
        self.stream.sendall(self.connection.send(TextMessage(data=json.dumps({"action": "hello"}))))
        return json.loads(self.text(60))

    def close(self):
        self.stream.sendall(self.connection.send(CloseConnection(code=1000)))
        self.stream.close()


sockets = {}


def answer(command):
    ((verb, name),) = command.items()
    if verb == "open":
        sockets[name] = Socket()
        return {"path": PATH, "event": sockets[name].event()}
    if verb == "read":
        return sockets[name].text(10)
    return sockets.pop(name).close()


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
