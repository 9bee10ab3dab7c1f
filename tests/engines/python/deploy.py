"""Deploys examples/crud/template.yaml into the engine, uses it as a caller would, and prints the responses.

Usage: deploy.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES. boto3 is AWS's own client: what it accepts of the engine, it would
accept of AWS. The engine does not make the routes of a SAM template's events; the rest of this page does.
"""

import io
import json
import sys
import time
import urllib.error
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from samtranslator.yaml_helper import yaml_parse

endpoint, example, binaries = sys.argv[1:4]
template = yaml_parse((Path(example) / "template.yaml").read_text())
resources = template["Resources"]
options = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="canary-7f3a-key")
names = ("dynamodb", "secretsmanager", "lambda", "apigateway", "apigatewayv2", "logs")
aws = {name: boto3.client(name, **options) for name in names}


def of_type(kind):
    """Returns the resources of a type: (name, properties, resource)."""
    return [(name, it["Properties"], it) for name, it in resources.items() if it["Type"] == kind]


# The values of `!Ref`, and those that `!Sub` inserts.
refs = {}
for name, table, _ in of_type("AWS::DynamoDB::Table"):
    keys = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    aws["dynamodb"].create_table(TableName=name, **{key: table[key] for key in keys})
    refs[name] = name
for name, secret, _ in of_type("AWS::SecretsManager::Secret"):
    key = secret["GenerateSecretString"]["GenerateStringKey"]
    secret = aws["secretsmanager"].create_secret(Name=name, SecretString=json.dumps({key: "canary-7f3a-open-sesame"}))
    refs[name] = secret["ARN"]
for name, _, _ in of_type("AWS::Serverless::HttpApi"):
    refs[name] = aws["apigatewayv2"].create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    aws["apigatewayv2"].create_stage(ApiId=refs[name], StageName="$default", AutoDeploy=True)


def value(of):
    return refs[of["Ref"]] if isinstance(of, dict) else of


def function(name, binary, **variables):
    """Creates a function with the template's `Globals`, and returns its ARN."""
    common = template["Globals"]["Function"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, (Path(binaries) / binary).read_bytes())
    environment = {name: value(of) for name, of in common["Environment"]["Variables"].items()}
    return aws["lambda"].create_function(
        FunctionName=name,
        Runtime=common["Runtime"],
        Handler=common["Handler"],
        Role="arn:aws:iam::000000000000:role/crud",
        Code={"ZipFile": packed.getvalue()},
        Timeout=common["Timeout"],
        MemorySize=common["MemorySize"],
        Environment={"Variables": {"AWS_ENDPOINT_URL": endpoint, **environment, **variables}},
        LoggingConfig={"LogFormat": common["LoggingConfig"]["LogFormat"]},
    )["FunctionArn"]


def route(api, key, arn):
    """Creates a route of an HTTP API to a function."""
    to = aws["apigatewayv2"].create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    aws["apigatewayv2"].create_route(ApiId=api, RouteKey=key, Target=f"integrations/{to}")


arns = {}
for name, properties, resource in of_type("AWS::Serverless::Function"):
    arns[name] = function(name, resource["Metadata"]["BuildProperties"]["Binary"])
    for event in properties["Events"].values():
        properties = event["Properties"]
        key = f"{properties['Method']} {properties['Path']}" if "Path" in properties else "$default"
        route(value(properties["ApiId"]), key, arns[name])

# The caller must see nothing of a mistake in the deployment.
refs["broken"] = aws["apigatewayv2"].create_api(Name="broken", ProtocolType="HTTP")["ApiId"]
aws["apigatewayv2"].create_stage(ApiId=refs["broken"], StageName="$default", AutoDeploy=True)
arns["broken"] = function("broken", "crud", TABLE_NAME="there-is-no-such-table")
route(refs["broken"], "$default", arns["broken"])

for name in arns:
    aws["lambda"].get_waiter("function_active_v2").wait(FunctionName=name)


class Caller:
    """Calls an API by its host and a path before each path; keeps the responses by name."""

    def __init__(self, host, before=""):
        self.host, self.before, self.answers = host, before, {}

    def call(self, name, method, path, body=None, key="canary-7f3a-open-sesame", **headers):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(endpoint + self.before + path, method=method, data=data)
        request.add_header("Host", self.host)
        if body is not None:
            request.add_header("Content-Type", "application/json")
        if key:
            request.add_header("x-api-key", key)
        for header, text in headers.items():
            request.add_header(header.replace("_", "-"), text)
        try:
            response = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            response = error
        text = response.read().decode()
        headers = {key.lower(): value for key, value in response.headers.items()}
        self.answers[name] = {"status": response.status, "headers": headers, "body": json.loads(text) if text else None}
        return self.answers[name]["body"]

    def life_of_a_user(self):
        """Creates, reads, lists, updates and deletes a user, with mistakes in between."""
        self.call("no key", "GET", "/users", key=None)
        self.call("wrong key", "GET", "/users", key="sesame")
        ada = self.call("created", "POST", "/users", {"email": "ada@example.com", "name": "Ada"})
        user = f"/users/{ada['id']}"
        self.call("invalid", "POST", "/users", {"email": "ada", "name": ""})
        self.call("taken", "POST", "/users", {"email": "Ada@example.com", "name": "Another"})
        self.call("read", "GET", user)
        grace = self.call("second", "POST", "/users", {"email": "grace@example.com", "name": "Grace"})
        page = self.call("first page", "GET", "/users?limit=1")
        self.call("second page", "GET", f"/users?limit=1&cursor={page['next']}")
        self.call("bad cursor", "GET", "/users?cursor=x")
        self.call("updated", "PATCH", user, {"version": 1, "name": "Augusta"})
        self.call("stale", "PATCH", user, {"version": 1, "name": "Ada"})
        self.call("deleted", "DELETE", user)
        self.call("gone", "GET", user)
        self.call("second deleted", "DELETE", f"/users/{grace['id']}")
        return self.answers


def http_api(name):
    return Caller(f"{refs[name]}.execute-api.localhost:4566")


def rest_api(arn):
    """Creates a REST API whose stage leads to the function."""
    gateway = aws["apigateway"]
    api = gateway.create_rest_api(name="rest")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    proxy = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    there = dict(restApiId=api, resourceId=proxy, httpMethod="ANY")
    gateway.put_method(**there, authorizationType="NONE")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**there, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api, stageName="prod")
    return Caller("localhost:4566", f"/restapis/{api}/prod/_user_request_")


def function_url(name):
    url = aws["lambda"].create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    return Caller(urlsplit(url).netloc)


answers = {name: http_api(name).life_of_a_user() for name, _, _ in of_type("AWS::Serverless::HttpApi")}
for name, caller in {"REST API": rest_api(arns["Router"]), "function URL": function_url("Router")}.items():
    answers[name] = caller.life_of_a_user()
    # The engine's HTTP API rejects a preflight with 403; AWS's passes it to the function.
    asks = {"origin": "https://app.example.com", "access_control_request_method": "GET"}
    caller.call("preflight", "OPTIONS", "/users", key=None, **asks)

# Five concurrent requests for one address.
race = http_api("RouterApi")
with ThreadPoolExecutor(5) as callers:
    for at in range(5):
        callers.submit(race.call, f"{at}", "POST", "/users", {"email": "eve@example.com", "name": "Eve"})
answers["race"] = race.answers

# The new key is accepted before the cached secret is too old, which is five minutes, and the previous one until its time. After
# a guess, the function reads the secret again only five seconds later.
previous = {"key": "canary-7f3a-open-sesame", "until": "2999-01-01T00:00:00Z"}
value = json.dumps({"key": "canary-7f3a-two", "previous": previous})
aws["secretsmanager"].put_secret_value(SecretId=refs["ApiKey"], SecretString=value)
rotated = http_api("RouterApi")
patience = time.monotonic() + 30
while True:
    rotated.call("the new key", "GET", "/users", key="canary-7f3a-two")
    if rotated.answers["the new key"]["status"] == 200 or time.monotonic() > patience:
        break
    time.sleep(0.5)
rotated.call("the previous key", "GET", "/users")
rotated.call("another key", "GET", "/users", key="canary-7f3a-three")
answers["rotated"] = rotated.answers

broken = http_api("broken")
broken.call("no table", "GET", "/users", key="canary-7f3a-two")
answers["broken"] = broken.answers

logs = {
    name: [event["message"] for event in aws["logs"].filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
    for name in ("Router", "broken")
}
print(json.dumps({"answers": answers, "logs": logs}))
