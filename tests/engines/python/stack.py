"""Deploys an example by its template into the engine. The engine deploys as CloudFormation does, SAM's transform included; only
where the code is has been put in."""

import io
import json
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from samtranslator.yaml_helper import yaml_parse


class Stack:
    """The stack of this name, from the example in this folder and its binaries in that one."""

    def __init__(self, endpoint, example, binaries, name):
        self.example, self.name = Path(example), name
        self.endpoint = endpoint
        self.options = dict(
            endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="canary-7f3a-key"
        )
        self.s3 = self.client("s3", config=Config(s3={"addressing_style": "path"}))
        self.bucket = f"{name}-code"
        self.s3.create_bucket(Bucket=self.bucket)
        template = yaml_parse((self.example / "template.yaml").read_text())
        functions = []
        for logical, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::Serverless::Function":
                binary = resource["Metadata"]["BuildProperties"]["Binary"]
                properties["CodeUri"] = self.put(f"{binary}.zip", packed(Path(binaries) / binary))
                functions.append(logical)
            elif resource["Type"] == "AWS::Serverless::StateMachine":
                definition = properties["DefinitionUri"]
                properties["DefinitionUri"] = self.put(definition, (self.example / definition).read_bytes())
        self.made = self.create(json.dumps(template))
        lambdas = self.client("lambda")
        for logical in functions:
            lambdas.get_waiter("function_active_v2").wait(FunctionName=self.made[logical])

    def client(self, service, **more):
        return boto3.client(service, **self.options, **more)

    def put(self, key, body):
        """The address of an object with this content."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def create(self, template):
        """The physical ids of the resources, by their logical ones."""
        cloudformation = self.client("cloudformation")
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        cloudformation.create_stack(StackName=self.name, TemplateBody=template, Capabilities=capabilities)
        try:
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        except Exception:
            for event in cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]:
                print(
                    event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason"), file=sys.stderr
                )
            raise
        resources = cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}

    def log(self):
        """What all functions of the stack logged."""
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=self.made["Logs"])
        return [event["message"] for page in pages for event in page["events"]]

    def until(self, ask, what, patience=100):
        """What `ask` answers, once it is something. `patience` is as long as a slow machine may take; nothing waits for its end."""
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            if (answer := ask()) is not None:
                return answer
            time.sleep(0.2)
        sys.exit(f"{what} did not come. The log:\n" + "\n".join(self.log()))


class Api:
    """An HTTP API of the stack, all of which leads to the function: the engine makes no routes of the events of a template."""

    def __init__(self, stack, api, function):
        self.stack, self.api = stack, api
        gateway, lambdas = stack.client("apigatewayv2"), stack.client("lambda")
        arn = lambdas.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
        to = gateway.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
        )["IntegrationId"]
        for key in routes(stack.example, function, stack.made):
            gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{to}")

    def call(self, method, path, body=None, **headers):
        """What the API answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.stack.endpoint + path, method=method, data=data)
        request.add_header("Host", f"{self.api}.execute-api.localhost:4566")
        if body is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name, value)
        try:
            response = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            response = error
        text = response.read().decode()
        headers = {key.lower(): value for key, value in response.headers.items()}
        return {"status": response.status, "headers": headers, "body": json.loads(text) if text else None}


def routes(example, function, made):
    """The keys of the routes of a function, as its template has them."""
    resources = yaml_parse((example / "template.yaml").read_text())["Resources"]
    for logical, physical in made.items():
        if physical != function or logical not in resources:
            continue
        for event in resources[logical]["Properties"]["Events"].values():
            asked = event["Properties"]
            yield f"{asked['Method']} {asked['Path']}" if "Path" in asked else "$default"


def packed(binary):
    """A function's zip file, not compressed."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        file.writestr(entry, binary.read_bytes())
    return archive.getvalue()
