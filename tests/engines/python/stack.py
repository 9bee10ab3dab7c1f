"""Deploys an example by its template into the engine. The engine deploys as CloudFormation does, with SAM's transform; only
the locations of the code are inserted, and alarms by metric math left out, which the engine does not know."""

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
    """A stack of this name, from the folder of the example and the folder of its binaries. `without` are the resources that the engine does not
    know, `parameters` the values of parameters."""

    def __init__(self, endpoint, example, binaries, name, without=(), parameters={}):
        self.example, self.name = Path(example), name
        self.endpoint = endpoint
        self.options = dict(
            endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="canary-7f3a-key"
        )
        self.s3 = self.client("s3", config=Config(s3={"addressing_style": "path"}))
        self.bucket = f"{name}-code"
        self.s3.create_bucket(Bucket=self.bucket)
        template = yaml_parse((self.example / "template.yaml").read_text())
        for parameter, value in parameters.items():
            template["Parameters"][parameter]["Default"] = value
        for logical in without:
            del template["Resources"][logical]
        if without:
            # They are about these resources.
            template.pop("Outputs", None)
        functions = []
        for logical in [name for name, resource in template["Resources"].items() if "Metrics" in resource.get("Properties", {})]:
            del template["Resources"][logical]
        for logical, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::Serverless::Function":
                binary = resource["Metadata"]["BuildProperties"]["Binary"]
                properties["CodeUri"] = self.put(f"{binary}.zip", packed(Path(binaries) / binary))
                functions.append(logical)
            elif resource["Type"] == "AWS::Serverless::StateMachine":
                definition = properties["DefinitionUri"]
                properties["DefinitionUri"] = self.put(definition, (self.example / definition).read_bytes())
            elif resource["Type"] == "AWS::AppSync::GraphQLSchema":
                # The engine reads no schema from S3.
                properties["Definition"] = (self.example / properties.pop("DefinitionS3Location")).read_text()
        self.ids = self.create(json.dumps(template))
        lambdas = self.client("lambda")
        for logical in functions:
            lambdas.get_waiter("function_active_v2").wait(FunctionName=self.ids[logical])

    def client(self, service, **more):
        return boto3.client(service, **self.options, **more)

    def set_variable(self, function, name, value):
        """Sets one more environment variable of a function."""
        lambdas = self.client("lambda")
        variables = lambdas.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        lambdas.update_function_configuration(FunctionName=function, Environment={"Variables": {**variables, name: value}})
        lambdas.get_waiter("function_updated_v2").wait(FunctionName=function)

    def put(self, key, body):
        """Uploads an object with this content, and returns its address."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def create(self, template):
        """Creates the stack, and returns the physical ids of its resources by their logical ids."""
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
        """Returns the log lines of all functions of the stack."""
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=self.ids["Logs"])
        return [event["message"] for page in pages for event in page["events"]]

    def until(self, ask, what, patience=100):
        """Polls `ask` until it returns a value. `patience` is longer than a slow machine takes."""
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            if (answer := ask()) is not None:
                return answer
            time.sleep(0.2)
        sys.exit(f"{what} did not come. The log:\n" + "\n".join(self.log()))


class Api:
    """An HTTP API of the stack, with the routes of the function: the engine creates none for the events of a template."""

    def __init__(self, stack, api, function):
        self.stack, self.api = stack, api
        gateway, lambdas = stack.client("apigatewayv2"), stack.client("lambda")
        arn = lambdas.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
        to = gateway.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
        )["IntegrationId"]
        for key in routes(stack.example, function, stack.ids):
            gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{to}")

    def call(self, method, path, body=None, **headers):
        """Returns the response of the API."""
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


def routes(example, function, ids):
    """Yields the keys of the routes of a function in its template."""
    resources = yaml_parse((example / "template.yaml").read_text())["Resources"]
    for logical, physical in ids.items():
        if physical != function or logical not in resources:
            continue
        for event in resources[logical]["Properties"]["Events"].values():
            properties = event["Properties"]
            yield f"{properties['Method']} {properties['Path']}" if "Path" in properties else "$default"


def packed(binary):
    """Returns a function's zip file, not compressed."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        file.writestr(entry, binary.read_bytes())
    return archive.getvalue()
