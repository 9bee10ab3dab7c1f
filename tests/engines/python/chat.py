"""Deploys examples/chat/template.yaml into the engine, chats over its WebSocket API, and prints what each user gets.

Usage: chat.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import socket
import sys
import time
from urllib.parse import urlsplit

from stack import Api, Stack
from users import Users, bearer
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, Request, TextMessage



class ChatStack(Stack):
    def create(self, template):
        """Creates the stack without the resources that the engine does not know. It passes every response on."""
        template = json.loads(template)
        resources = template["Resources"].items()
        kept = {name: it for name, it in resources if it["Type"] != "AWS::ApiGatewayV2::RouteResponse"}
        return super().create(json.dumps({**template, "Resources": kept}))


stack = ChatStack(*sys.argv[1:4], "chat")
ids, dynamodb, lambdas = stack.ids, stack.client("dynamodb"), stack.client("lambda")
sockets, table = ids["Sockets"], ids["Connections"]
address = urlsplit(stack.endpoint)
PATH = f"/_aws/execute-api/{sockets}/live"

# Otherwise the messages would go to the endpoint of the engine itself, without the API and the stage.
variables = lambdas.get_function_configuration(FunctionName=ids["Chat"])["Environment"]["Variables"]
lambdas.update_function_configuration(
    FunctionName=ids["Chat"],
    Environment={"Variables": {**variables, "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": stack.endpoint + PATH}},
)
lambdas.get_waiter("function_updated_v2").wait(FunctionName=ids["Chat"])
api = Api(stack, ids["Tickets"], ids["Chat"])
users = Users(stack, ids["Users"], ids["App"])
users.protect(ids["Tickets"])


class Socket:
    """A WebSocket. `is_open` is false if the API has rejected it."""

    def __init__(self, query):
        self.stream = socket.create_connection((address.hostname, address.port))
        self.connection = WSConnection(ConnectionType.CLIENT)
        self.stream.sendall(self.connection.send(Request(host=address.netloc, target=PATH + query)))
        self.is_open = isinstance(self.next(30), AcceptConnection)

    def next(self, patience):
        """Returns the next event, or `None` if there is none for these seconds."""
        ends = time.monotonic() + patience
        while (left := ends - time.monotonic()) > 0:
            for event in self.connection.events():
                if isinstance(event, (AcceptConnection, RejectConnection, TextMessage, CloseConnection)):
                    return event
            self.stream.settimeout(left)
            try:
                data = self.stream.recv(65536)
            except TimeoutError:
                return None
            if not data:
                return None
            self.connection.receive_data(data)
        return None

    def send(self, message):
        self.stream.sendall(self.connection.send(TextMessage(data=json.dumps(message))))

    def messages(self, count):
        """Returns this number of messages, and one more if it comes within a second."""
        events = [self.next(30) for _ in range(count)] + [self.next(1)]
        return [json.loads(event.data) for event in events if isinstance(event, TextMessage)]

    def close(self):
        self.stream.sendall(self.connection.send(CloseConnection(code=1000)))
        self.stream.close()


def items():
    return dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]


tokens = {
    "ada": users.tokens("ada", ["lobby"])["IdToken"],
    "bob": users.tokens("bob", ["lobby"])["IdToken"],
    "cyd": users.tokens("cyd", ["board"])["IdToken"],
}
answers = {
    user: api.call("POST", f"/tickets/{room}", **bearer(tokens[user]))
    for user, room in [("ada", "lobby"), ("bob", "lobby"), ("cyd", "board")]
}
report = {
    "tickets": [answer["status"] for answer in answers.values()],
    "another room": api.call("POST", "/tickets/board", **bearer(tokens["ada"]))["status"],
    "no token": api.call("POST", "/tickets/lobby")["status"],
}
open_sockets = {user: Socket(f"?ticket={answer['body']['ticket']}") for user, answer in answers.items()}
report["open"] = {user: each.is_open for user, each in open_sockets.items()}
report["used ticket"] = Socket(f"?ticket={answers['ada']['body']['ticket']}").is_open
report["no ticket"] = Socket("").is_open
report["expires in"] = [int(item["expires_at"]["N"]) - int(time.time()) for item in items()]

# A connection of a minute ago that API Gateway does not know.
gone = {
    "pk": {"S": "connection#gone"},
    "sk": {"S": "-"},
    "index_pk": {"S": "lobby"},
    "index_sk": {"S": "gone"},
    "user": {"S": "eve"},
    "room": {"S": "lobby"},
    "since": {"N": str(int(time.time()) - 60)},
}
dynamodb.put_item(TableName=table, Item=gone)
open_sockets["ada"].send({"action": "sendMessage", "text": "hello", "room": "board"})
report["messages"] = {
    user: open_sockets[user].messages(count) for user, count in [("ada", 2), ("bob", 1), ("cyd", 0)]
}
report["gone"] = [item["pk"]["S"] for item in items() if item["pk"]["S"] == "connection#gone"]

open_sockets["bob"].close()
report["left"] = stack.until(lambda: left if (left := len(items())) == 2 else None, "the end of a connection")
open_sockets["ada"].send({"action": "sendMessage", "text": "is anybody there?"})
report["alone"] = open_sockets["ada"].messages(2)
open_sockets["cyd"].send({"action": "shout"})
report["unknown action"] = open_sockets["cyd"].messages(1)
report["log"] = stack.log()
print(json.dumps(report))
