"""Deploys examples/chat/template.yaml into the engine, chats over its WebSocket API, and prints what each user gets.

Usage: chat.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
import time

from sockets import Socket
from stack import Api, Stack
from users import Users, bearer
from wsproto.events import TextMessage



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


class ChatSocket(Socket):
    def __init__(self, query):
        super().__init__(stack.endpoint, PATH + query)

    def messages(self, count):
        """Returns this number of messages, and one more if it comes within a second."""
        events = [self.next(30) for _ in range(count)] + [self.next(1)]
        return [json.loads(event.data) for event in events if isinstance(event, TextMessage)]


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
open_sockets = {user: ChatSocket(f"?ticket={answer['body']['ticket']}") for user, answer in answers.items()}
report["open"] = {user: each.is_open for user, each in open_sockets.items()}
report["used ticket"] = ChatSocket(f"?ticket={answers['ada']['body']['ticket']}").is_open
report["no ticket"] = ChatSocket("").is_open
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
