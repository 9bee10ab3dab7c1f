"""Deploys examples/graphql/template.yaml into the engine, sends queries to its API, and prints the responses, with what the table has.

The engine answers direct resolvers only with objects, so each resolver gets code that passes the context on. It calls the function for each
post: it has no batches.

Usage: graphql.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import secrets
import sys
import urllib.error
import urllib.request

from stack import Stack

CODE = """
export function request(ctx) {
  return {
    operation: 'Invoke',
    payload: ctx,
  };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return ctx.result;
}
"""

stack = Stack(*sys.argv[1:4], "graphql")
ids, appsync, dynamodb = stack.ids, stack.client("appsync"), stack.client("dynamodb")
api = ids["Api"]
for type_name, field in [("Query", "posts"), ("Mutation", "addPost"), ("Post", "author")]:
    appsync.update_resolver(
        apiId=api,
        typeName=type_name,
        fieldName=field,
        dataSourceName="Resolve",
        kind="UNIT",
        runtime={"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"},
        code=CODE,
    )


def token(name):
    """Returns the ID token of a new user."""
    cognito, password = stack.client("cognito-idp"), "Aa1-" + secrets.token_hex(8)
    pool, client = ids["UserPool"], ids["UserPoolClient"]
    cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=True)
    parameters = {"USERNAME": name, "PASSWORD": password}
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=parameters
    )
    return answer["AuthenticationResult"]["IdToken"]


def ask(query, authorization=None, **variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{stack.endpoint}/graphql", method="POST", data=body)
    request.add_header("Host", f"{api}.appsync-api.us-east-1.localhost")
    request.add_header("Content-Type", "application/json")
    if authorization:
        request.add_header("Authorization", authorization)
    try:
        return json.loads(urllib.request.urlopen(request, timeout=60).read())
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode()}


ada, ben = token("ada"), token("ben")
ADD = "mutation Add($title: String!) { addPost(title: $title) { title author { name } } }"
POSTS = "{ posts { title author { name } } }"
report = {"schema": (stack.example / "schema.graphql").read_text(), "query": POSTS}
report["none"] = ask(POSTS, ada)
report["added"] = [ask(ADD, user, title=title) for user, title in [(ada, "one"), (ben, "two"), (ada, "three")]]
report["refused"] = ask(ADD, ada, title=" ")
report["posts"] = ask(POSTS, ada)
scanned = dynamodb.scan(TableName=ids["Blog"], ConsistentRead=True)["Items"]
report["items"] = [{name: value.get("S") for name, value in item.items()} for item in scanned]
# The author of one post is not there any more.
[gone] = [item for item in scanned if item.get("name", {}).get("S") == "ben"]
dynamodb.delete_item(TableName=ids["Blog"], Key={"pk": gone["pk"], "sk": gone["sk"]})
report["one author is gone"] = ask(POSTS, ada)
print(json.dumps(report))
