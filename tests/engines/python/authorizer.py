"""Deploys examples/authorizer/template.yaml into the engine, signs in, calls the API with tokens and API keys, and prints what came
of it.

Usage: authorizer.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import base64
import hashlib
import json
import sys
import time

from stack import Api, Stack

stack = Stack(*sys.argv[1:4], "authorizer")
ids, dynamodb = stack.ids, stack.client("dynamodb")
gateway, cognito, lambdas = stack.client("apigatewayv2"), stack.client("cognito-idp"), stack.client("lambda")
api = Api(stack, ids["Api"], ids["WhoAmI"])

# The engine makes neither the routes nor the authorizers of the template, so they are made here, as SAM does.
users = gateway.create_authorizer(
    ApiId=ids["Api"],
    AuthorizerType="JWT",
    Name="Users",
    IdentitySource=["$request.header.Authorization"],
    JwtConfiguration={
        "Issuer": f"https://cognito-idp.us-east-1.amazonaws.com/{ids['UserPool']}",
        "Audience": [ids["UserPoolClient"]],
    },
)["AuthorizerId"]
arn = lambdas.get_function(FunctionName=ids["Authorize"])["Configuration"]["FunctionArn"]
partners = gateway.create_authorizer(
    ApiId=ids["Api"],
    AuthorizerType="REQUEST",
    Name="Partners",
    AuthorizerUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
    AuthorizerPayloadFormatVersion="2.0",
    EnableSimpleResponses=True,
    AuthorizerResultTtlInSeconds=60,
    IdentitySource=["$request.header.Authorization", "$context.routeKey"],
)["AuthorizerId"]
for route in gateway.get_routes(ApiId=ids["Api"])["Items"]:
    kind = ("JWT", users) if route["RouteKey"].endswith("/user") else ("CUSTOM", partners)
    gateway.update_route(
        ApiId=ids["Api"], RouteId=route["RouteId"], AuthorizationType=kind[0], AuthorizerId=kind[1]
    )


def put(pk, **attributes):
    texts = {name: {"S": text} for name, text in {"pk": pk, "sk": "-"}.items()}
    dynamodb.put_item(TableName=ids["Accounts"], Item={**texts, **attributes})


def key(text, partner, read_only=False, **more):
    digest = hashlib.sha256(text.encode()).hexdigest()
    put(f"key#{digest}", partner={"S": partner}, is_read_only={"BOOL": read_only}, **more)


def call(method, path, token):
    return api.call(method, path, **({"authorization": f"Bearer {token}"} if token else {}))


key("canary-7f3a-old", "acme")
key("canary-7f3a-new", "acme")
key("canary-7f3a-reader", "umbrella", read_only=True)
key("canary-7f3a-expired", "acme", expires_at={"N": str(int(time.time()) - 60)})
report = {
    "no key": call("GET", "/partner", None),
    "wrong key": call("GET", "/partner", "wrong"),
    "old key": call("GET", "/partner", "canary-7f3a-old"),
    "new key": call("POST", "/partner", "canary-7f3a-new"),
    "expired key": call("GET", "/partner", "canary-7f3a-expired"),
    # In this order, so that a cache without the route in its key would allow the change.
    "reader reads": call("GET", "/partner", "canary-7f3a-reader"),
    "reader changes": call("POST", "/partner", "canary-7f3a-reader"),
    "reader reads again": call("GET", "/partner", "canary-7f3a-reader"),
}

user = dict(UserPoolId=ids["UserPool"], Username="ada")
cognito.admin_create_user(**user, MessageAction="SUPPRESS")
cognito.admin_set_user_password(**user, Password="Canary-7f3a-pass", Permanent=True)
attributes = cognito.admin_get_user(**user)["UserAttributes"]
subject = next(attribute["Value"] for attribute in attributes if attribute["Name"] == "sub")
put(f"user#{subject}", tenant={"S": "north"})
tokens = cognito.admin_initiate_auth(
    UserPoolId=ids["UserPool"],
    ClientId=ids["UserPoolClient"],
    AuthFlow="ADMIN_USER_PASSWORD_AUTH",
    AuthParameters={"USERNAME": "ada", "PASSWORD": "Canary-7f3a-pass"},
)["AuthenticationResult"]
report["user"] = call("GET", "/user", tokens["AccessToken"])
report["subject"] = subject
client = cognito.describe_user_pool_client(UserPoolId=ids["UserPool"], ClientId=ids["UserPoolClient"])["UserPoolClient"]
report["client"] = {name: client.get(name) for name in ("AccessTokenValidity", "IdTokenValidity", "TokenValidityUnits")}
claims = tokens["AccessToken"].split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
report["lifetime"] = claims["exp"] - claims["iat"]
report["user without a token"] = call("GET", "/user", None)
report["user with an API key"] = call("GET", "/user", "canary-7f3a-new")
report["partner with a token"] = call("GET", "/partner", tokens["AccessToken"])

# The trigger of a user without a tenant fails, and Cognito then issues no token. (The engine would.)
dynamodb.delete_item(TableName=ids["Accounts"], Key={"pk": {"S": f"user#{subject}"}, "sk": {"S": "-"}})
event = {"version": "2", "request": {"userAttributes": {"sub": subject}}, "response": {}}
failed = lambdas.invoke(FunctionName=ids["AddTenant"], Payload=json.dumps(event))
report["no tenant"] = {"error": failed.get("FunctionError"), "payload": json.loads(failed["Payload"].read())}
print(json.dumps(report))
