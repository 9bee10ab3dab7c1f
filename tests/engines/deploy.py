"""Deploys the crud function into the engine behind an HTTP API, uses it as a caller would, and prints what it was answered.

Usage: deploy.py ENDPOINT BOOTSTRAP. boto3 is AWS's own client: what it accepts of the engine, it would accept of AWS.
"""

import io
import json
import sys
import urllib.error
import urllib.request
import zipfile

import boto3

endpoint, bootstrap = sys.argv[1:3]
options = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
aws = {name: boto3.client(name, **options) for name in ("dynamodb", "secretsmanager", "lambda", "apigatewayv2", "logs")}

# As in examples/crud/template.yaml.
aws["dynamodb"].create_table(
    TableName="users",
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "kind", "id")],
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    GlobalSecondaryIndexes=[
        {
            "IndexName": "users",
            "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
)
aws["secretsmanager"].create_secret(Name="crud/api-key", SecretString=json.dumps({"key": "open-sesame"}))


def function(name, **variables):
    """A function of the binary, active."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        with open(bootstrap, "rb") as binary:
            archive.writestr(entry, binary.read())
    created = aws["lambda"].create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role="arn:aws:iam::000000000000:role/crud",
        Code={"ZipFile": packed.getvalue()},
        Timeout=20,
        MemorySize=256,
        Environment={"Variables": {"AWS_ENDPOINT_URL": endpoint, "API_KEY_SECRET": "crud/api-key", **variables}},
        LoggingConfig={"LogFormat": "JSON"},
    )
    aws["lambda"].get_waiter("function_active_v2").wait(FunctionName=name)
    return created["FunctionArn"]


def api(arn):
    """An HTTP API whose every route leads to the function."""
    gateway = aws["apigatewayv2"]
    made = gateway.create_api(Name="crud", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=made, RouteKey="$default", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    return made


answers = {}


def call(name, to, method, path, body=None, key="open-sesame"):
    """Calls the API over HTTP and notes the answer under this name."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(endpoint + path, method=method, data=data)
    request.add_header("Host", f"{to}.execute-api.localhost:4566")
    if body is not None:
        request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("x-api-key", key)
    try:
        response = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        response = error
    text = response.read().decode()
    headers = {key.lower(): value for key, value in response.headers.items()}
    answers[name] = {"status": response.status, "headers": headers, "body": json.loads(text) if text else None}
    return answers[name]["body"]


crud = api(function("crud", TABLE_NAME="users"))
call("no key", crud, "GET", "/users", key=None)
call("wrong key", crud, "GET", "/users", key="sesame")
ada = call("created", crud, "POST", "/users", {"email": "ada@example.com", "name": "Ada"})
user = f"/users/{ada['id']}"
call("invalid", crud, "POST", "/users", {"email": "ada", "name": ""})
call("taken", crud, "POST", "/users", {"email": "Ada@example.com", "name": "Another"})
call("read", crud, "GET", user)
call("second", crud, "POST", "/users", {"email": "grace@example.com", "name": "Grace"})
page = call("first page", crud, "GET", "/users?limit=1")
call("second page", crud, "GET", f"/users?limit=1&cursor={page['next']}")
call("bad cursor", crud, "GET", "/users?cursor=x")
call("updated", crud, "PATCH", user, {"version": 1, "name": "Augusta"})
call("stale", crud, "PATCH", user, {"version": 1, "name": "Ada"})
call("deleted", crud, "DELETE", user)
call("gone", crud, "GET", user)

# What a mistake of the deployment looks like to the caller: nothing of it.
broken = api(function("broken", TABLE_NAME="there-is-no-such-table"))
call("no table", broken, "GET", "/users")

events = aws["logs"].filter_log_events(logGroupName="/aws/lambda/broken")["events"]
answers["log of broken"] = [event["message"] for event in events]
print(json.dumps(answers))
