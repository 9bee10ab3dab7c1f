"""Deploys examples/payments/template.yaml into the engine, sends payments over HTTP and to the queue, each more than once, and
prints what came of it.

Usage: payments.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from stack import Api, Stack

stack = Stack(*sys.argv[1:4], "payments")
ids, sqs, dynamodb = stack.ids, stack.client("sqs"), stack.client("dynamodb")
api = Api(stack, ids["Api"], ids["Pay"])
# A failed payment is retried after seconds, and not after a minute.
sqs.set_queue_attributes(QueueUrl=ids["Payments"], Attributes={"VisibilityTimeout": "12"})

# The engine makes no routes from the template, so they get its authorizer here: of its own user pool, as there is no issuer.
gateway, cognito = stack.client("apigatewayv2"), stack.client("cognito-idp")
authorizer = gateway.create_authorizer(
    ApiId=ids["Api"],
    AuthorizerType="JWT",
    Name="Customers",
    IdentitySource=["$request.header.Authorization"],
    JwtConfiguration={
        "Issuer": f"https://cognito-idp.us-east-1.amazonaws.com/{ids['Users']}",
        "Audience": [ids["UsersClient"]],
    },
)["AuthorizerId"]
for route in gateway.get_routes(ApiId=ids["Api"])["Items"]:
    if not route["RouteKey"].startswith("OPTIONS"):
        gateway.update_route(
            ApiId=ids["Api"], RouteId=route["RouteId"], AuthorizationType="JWT", AuthorizerId=authorizer
        )


def sign_in(name):
    user = dict(UserPoolId=ids["Users"], Username=name)
    cognito.admin_create_user(**user, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**user, Password="Canary-7f3a-pass", Permanent=True)
    answer = cognito.admin_initiate_auth(
        UserPoolId=ids["Users"],
        ClientId=ids["UsersClient"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": "Canary-7f3a-pass"},
    )
    subject = cognito.admin_get_user(**user)["UserAttributes"]
    subject = next(attribute["Value"] for attribute in subject if attribute["Name"] == "sub")
    return subject, answer["AuthenticationResult"]["AccessToken"]


ada, token = sign_in("ada")
_, token_of_bob = sign_in("bob")


def order(number, amount=1000):
    return {"order_id": number, "total": {"amount": amount, "currency": "EUR"}}


def pay(key, number, amount=1000, token=token, **headers):
    headers |= {"idempotency-key": f'"{key}"'} if key else {}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    return api.call("POST", "/payments", order(number, amount), **headers)


def again(key, number, amount):
    """Repeats a request until the lock of an interrupted one is released."""
    while (answer := pay(key, number, amount))["status"] == 409:
        time.sleep(1)
    return answer


def waiting(queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = sqs.get_queue_attributes(QueueUrl=ids[queue], AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values())


report = {
    "no token": pay("a", 1, token=None),
    "wrong token": pay("a", 1, token=token[:-8] + "AAAAAAAA"),
    "no key": pay(None, 1),
    "first": pay("a", 1, origin="https://shop.example.com"),
    "second": pay("a", 1, origin="https://app.example.com"),
    "another body": pay("a", 1, 2000),
    "another total": pay("b", 1, 2000),
    "another key": pay("c", 1),
    "of bob": pay("a", 1, token=token_of_bob),
    "nothing": pay("d", 2, 0),
    "then something": pay("d", 2),
    "answer lost": pay("e", 3, 503),
    "answer found": again("e", 3, 503),
    "declined": pay("g", 12, 402),
    "declined again": pay("g", 12, 402),
}
# An intent of the day before yesterday, whose key the provider may have forgotten.
total = {"M": {"amount": {"N": "1000"}, "currency": {"S": "EUR"}}}
intent = {"order_id": {"N": "13"}, "total": total, "charge_id": {"S": "old"}, "attempts": {"L": [{"S": "old"}]}}
intent |= {"intended_at": {"N": str(int(time.time()) - 48 * 3600)}, "outcome": {"NULL": True}}


def key(number):
    return {"pk": {"S": f"customer#{ada}"}, "sk": {"S": f"order#{number}"}}


dynamodb.put_item(TableName=ids["Ledger"], Item={**key(13), **intent})
report["unknown"] = pay("h", 13)

# Reconciles another one with the commands of the README.
dynamodb.put_item(TableName=ids["Ledger"], Item={**key(14), **intent, "order_id": {"N": "14"}})
readme = (stack.example / "README.md").read_text()
filtered, updated, condition = (
    re.search(rf"--{name}-expression '([^']*)'", readme)[1] for name in ("filter", "update", "condition")
)
found = dynamodb.scan(
    TableName=ids["Ledger"],
    ConsistentRead=True,
    FilterExpression=filtered,
    ExpressionAttributeValues={":open": {"NULL": True}},
)["Items"]
report["open"] = sorted(item["sk"]["S"] for item in found)
for charge_id in ("another", "old"):
    try:
        values = {":new": {"S": "charged"}, ":revision": {"S": "reconciled"}, ":id": {"S": charge_id}, ":open": {"NULL": True}}
        dynamodb.update_item(
            TableName=ids["Ledger"],
            Key=key(14),
            UpdateExpression=updated,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        report["not reconciled"] = charge_id
report["reconciled"] = pay("i", 14)
with ThreadPoolExecutor(8) as callers:
    hanging = callers.submit(lambda: [pay("f", 4, 504), again("f", 4, 504)])
    report["race of one key"] = list(callers.map(lambda _: pay("race", 5), range(6)))
    report["race of many keys"] = list(callers.map(lambda at: pay(f"race-{at}", 6), range(6)))
    report["time-out"], report["after the time-out"] = hanging.result()

# Of order 7 four messages; of order 1, which is paid over HTTP, one with its total and one with another; what fails once, and
# what is never charged.
messages = [order(7), order(7), order(7), order(7), order(1), order(8, 503), order(9, 0)]
for body in [*messages, order(1, 2000), order(10, 1_000_001), order(11, 402), order(13)]:
    sqs.send_message(QueueUrl=ids["Payments"], MessageBody=json.dumps({"customer": ada, "order": body}))
sqs.send_message(QueueUrl=ids["Payments"], MessageBody="not JSON")
sqs.set_queue_attributes(QueueUrl=ids["Payments"], Attributes={"VisibilityTimeout": "2"})
stack.until(lambda: waiting("Payments") == 0 or None, "the end of all messages")
sqs.send_message(QueueUrl=ids["Payments"], MessageBody=json.dumps({"customer": ada, "order": order(7)}))
stack.until(lambda: waiting("Payments") == 0 or None, "the end of the last message")

report["dead"] = []
while found := sqs.receive_message(QueueUrl=ids["Failed"], MaxNumberOfMessages=10).get("Messages"):
    report["dead"] += [message["Body"] for message in found]
    for message in found:
        sqs.delete_message(QueueUrl=ids["Failed"], ReceiptHandle=message["ReceiptHandle"])
items = dynamodb.scan(TableName=ids["Ledger"], ConsistentRead=True)["Items"]
report["charges"] = sum(item["pk"]["S"] == "provider" for item in items)
report["paid"] = {
    item["sk"]["S"]: item["outcome"].get("S") for item in items if item["pk"]["S"] == f"customer#{ada}"
}
report["log"] = stack.log()
print(json.dumps(report))
