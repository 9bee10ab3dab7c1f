"""Checks templates by the conventions that cfn-lint does not know, and prints `EXAMPLE: what is wrong; what to do`.

A template is translated as SAM does it, so that its globals, and the resources and names that SAM adds, are checked as
they are deployed.
"""

import copy
import json
import logging
import os
import re
import sys
from pathlib import Path

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

FUNCTION, ALARM, QUEUE = "AWS::Lambda::Function", "AWS::CloudWatch::Alarm", "AWS::SQS::Queue"
TABLE, CLIENT = "AWS::DynamoDB::Table", "AWS::Cognito::UserPoolClient"
API, STAGE, URL = "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage", "AWS::Lambda::Url"
REST, REST_STAGE, METHOD = "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::ApiGateway::Method"
ACTIONS = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
HAS_TOPIC = {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]}
# Their callers have an identity, which decides what they pay or see.
AUTHORIZED = ("payments", "flags", "tenants")
# SAM names an API like its stack, which may have as many characters; two APIs may have one name.
NAMED = (API, REST)
LONGEST = {"AWS::StackName": 128, "AWS::AccountId": 12, "AWS::Region": 14, "AWS::Partition": 10, "AWS::StackId": 200}
FOURTEEN_DAYS = 1209600


class Template:
    def __init__(self, path):
        self.path, self.text = path, path.read_text()
        self.name = path.parent.name if path.name == "template.yaml" else path.stem
        self.source = yaml_parse(self.text)
        self.translated = translated(self.source)
        self.resources = self.translated["Resources"]
        self.findings = []

    def wrong(self, what, fix):
        self.findings.append(f"{self.name}: {what}; {fix}")

    def of(self, *kinds):
        """Yields the resources of these types: the logical id and the properties."""
        for logical, resource in self.resources.items():
            if resource["Type"] in kinds:
                yield logical, resource.get("Properties") or {}

    def referenced(self, value, *kinds):
        """Returns the logical ids of the resources of these types to which a value refers."""
        found = []
        for node in nodes(value):
            logical = node.get("Ref")
            if isinstance(node.get("Fn::GetAtt"), list):
                logical = node["Fn::GetAtt"][0]
            if isinstance(logical, str) and self.resources.get(logical, {}).get("Type") in kinds:
                found.append(logical)
        return found

    def functions_of(self, value):
        """Returns the logical ids of the functions to which a value refers, by themselves or by an alias."""
        names = self.referenced(value, "AWS::Lambda::Alias")
        return self.referenced([value, *(self.resources[name]["Properties"] for name in names)], FUNCTION)

    def keeps(self, value):
        """Returns whether a value refers to log groups with a retention."""
        groups = self.referenced(value, "AWS::Logs::LogGroup")
        return bool(groups) and all((self.resources[group].get("Properties") or {}).get("RetentionInDays") for group in groups)

    def check(self):
        rules = (alarms, apis, rest_stages, dead_letters, queues, tables, functions, names, partitions, aliases, authorizers, clients)
        for rule in rules:
            rule(self)
        return self.findings


def translated(source):
    """Returns the template as CloudFormation gets it from SAM; the locations of the code and of definitions are made up."""
    template = copy.deepcopy(source)
    for resource in template["Resources"].values():
        properties = resource.get("Properties") or {}
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = "s3://code/function.zip"
        if resource["Type"] == "AWS::Serverless::StateMachine" and "DefinitionUri" in properties:
            properties["DefinitionUri"] = "s3://code/definition.json"
    (template.get("Globals") or {}).get("Function", {}).pop("CodeUri", None)
    # The names of AWS's managed policies: IAM knows them, this machine does not.
    policies = type("Policies", (), {"load": lambda self: {}})()
    return transform(template, {}, policies)


def nodes(value):
    """Yields each object in a value."""
    if isinstance(value, dict):
        yield value
        value = value.values()
    if not isinstance(value, str) and hasattr(value, "__iter__"):
        for inner in value:
            yield from nodes(inner)


def metrics(properties):
    """Yields what an alarm watches: the namespace, the name, the dimensions."""
    parts = [properties]
    for query in properties.get("Metrics") or []:
        parts.append((query.get("MetricStat") or {}).get("Metric") or {})
    for part in parts:
        dimensions = {each["Name"]: each["Value"] for each in part.get("Dimensions") or []}
        yield part.get("Namespace"), part.get("MetricName"), dimensions


def watches(template, namespace, metric, dimension, value):
    """Returns whether an alarm watches a metric of one resource."""
    return any(
        found[:2] == (namespace, metric) and found[2].get(dimension) == value
        for _, properties in template.of(ALARM)
        for found in metrics(properties)
    )


def notifies(template, actions):
    """Returns whether the actions of an alarm are any, at least under a condition: a topic of the template, a parameter, an ARN."""
    if isinstance(actions, dict) and "Fn::If" in actions:
        return any(notifies(template, branch) for branch in actions["Fn::If"][1:])
    if isinstance(actions, dict) and actions.get("Ref") == "AWS::NoValue":
        return False
    if isinstance(actions, list):
        return any(notifies(template, action) for action in actions)
    return bool(actions)


def alarms(template):
    parameter = template.source.get("Parameters", {}).get("AlarmTopicArn", {})
    by_parameter = False
    found = list(template.of(ALARM))
    for logical, properties in found:
        actions = properties.get("AlarmActions")
        fix = "add `AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]`"
        if not notifies(template, actions):
            template.wrong(f"the alarm {logical} notifies no topic", fix)
        elif actions == [{"Ref": "AlarmTopicArn"}] and parameter.get("Default") == "":
            template.wrong(f"the alarm {logical} cannot be created without AlarmTopicArn, which is empty by default", fix)
        by_parameter |= any(node.get("Ref") == "AlarmTopicArn" for node in nodes(actions))
    # Alarms with topics of their own need no parameter.
    if found and not by_parameter and all(notifies(template, properties.get("AlarmActions")) for _, properties in found):
        return
    if (parameter.get("Type"), parameter.get("Default")) != ("String", ""):
        template.wrong("no parameter names a topic for the alarms", 'add the parameter `AlarmTopicArn`: a string, "" by default')
    elif template.source.get("Conditions", {}).get("HasAlarmTopic") != HAS_TOPIC:
        fix = 'set the condition `HasAlarmTopic: !Not [!Equals [!Ref AlarmTopicArn, ""]]`'
        template.wrong("alarms do not follow AlarmTopicArn", fix)


def apis(template):
    called = []
    for logical, properties in template.of(API):
        if properties.get("ProtocolType") == "WEBSOCKET":
            continue
        called.append(logical)
        if not watches(template, "AWS/ApiGateway", "5xx", "ApiId", {"Ref": logical}):
            fix = f"add an alarm on `5xx` of `AWS/ApiGateway` with `ApiId: !Ref {logical}`"
            template.wrong(f"nothing watches the server errors of {logical}", fix)
    for logical, properties in template.of(REST):
        called.append(logical)
        # Its metrics have the name of the API, which SAM takes from the stack.
        body = properties.get("Body") or {}
        name = properties.get("Name") or (body.get("info") or {}).get("title") or {"Ref": "AWS::StackName"}
        if not watches(template, "AWS/ApiGateway", "5XXError", "ApiName", name):
            shown = f"!Ref {name['Ref']}" if isinstance(name, dict) and "Ref" in name else "the name of the API"
            fix = f"add an alarm on `5XXError` of `AWS/ApiGateway` with `ApiName: {shown}`"
            template.wrong(f"nothing watches the server errors of {logical}", fix)
    for logical, properties in template.of(URL):
        called.append(logical)
        for function in template.functions_of(properties.get("TargetFunctionArn")):
            if not watches(template, "AWS/Lambda", "Url5xxCount", "FunctionName", {"Ref": function}):
                fix = f"add an alarm on `Url5xxCount` of `AWS/Lambda` with `FunctionName: !Ref {function}`"
                template.wrong(f"nothing watches the server errors of the URL of {function}", fix)
    if called:
        for logical, _ in template.of(FUNCTION):
            if not watches(template, "AWS/Lambda", "Throttles", "FunctionName", {"Ref": logical}):
                fix = f"add an alarm on `Throttles` of `AWS/Lambda` with `FunctionName: !Ref {logical}`"
                template.wrong(f"nothing watches the throttles of {logical}", fix)
    for _, properties in template.of(STAGE):
        api = (properties.get("ApiId") or {}).get("Ref")
        # The access log of a WebSocket API needs a role that is a setting of the account.
        if api in called and not template.keeps((properties.get("AccessLogSettings") or {}).get("DestinationArn")):
            fix = "set `AccessLogSettings` with a log group that has `RetentionInDays`"
            template.wrong(f"the requests that {api} rejects are in no log", fix)
        settings = properties.get("DefaultRouteSettings") or {}
        if "ThrottlingRateLimit" not in settings or "ThrottlingBurstLimit" not in settings:
            fix = "set `ThrottlingRateLimit` and `ThrottlingBurstLimit` in `DefaultRouteSettings`"
            template.wrong(f"nothing limits the requests of {api}", fix)


def rest_stages(template):
    for _, properties in template.of(REST_STAGE):
        api = (properties.get("RestApiId") or {}).get("Ref")
        if not template.keeps((properties.get("AccessLogSetting") or {}).get("DestinationArn")):
            fix = "set `AccessLogSetting` with a log group that has `RetentionInDays`"
            template.wrong(f"the requests that {api} rejects are in no log", fix)
        settings = [each for each in properties.get("MethodSettings") or [] if (each.get("HttpMethod"), each.get("ResourcePath")) == ("*", "/*")]
        if not any("ThrottlingRateLimit" in each and "ThrottlingBurstLimit" in each for each in settings):
            fix = 'set `ThrottlingRateLimit` and `ThrottlingBurstLimit` in `MethodSettings`, for `HttpMethod: "*"` and `ResourcePath: "/*"`'
            template.wrong(f"nothing limits the requests of {api}", fix)


def dead_letter_queues(template):
    """Returns the logical ids of the queues that get what failed elsewhere."""
    found = []
    for _, properties in template.of(*{resource["Type"] for resource in template.resources.values()}):
        for node in nodes(properties):
            for key in ("deadLetterTargetArn", "DeadLetterConfig", "OnFailure"):
                # Without a target of its own, SAM makes a queue.
                found += [queue for queue in template.referenced(node.get(key), QUEUE) if queue not in found]
    return found


def mappings(template):
    """Yields the events by which functions read queues: the logical id, the properties, and the logical id of the queue."""
    for logical, properties in template.of("AWS::Lambda::EventSourceMapping"):
        for queue in template.referenced(properties.get("EventSourceArn"), QUEUE):
            yield logical, properties, queue


def dead_letters(template):
    found, read = dead_letter_queues(template), {queue for _, _, queue in mappings(template)}
    outputs = [output.get("Value") for output in (template.source.get("Outputs") or {}).values()]
    for queue in found:
        dimension = {"Fn::GetAtt": [queue, "QueueName"]}
        watched = watches(template, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", dimension)
        if queue in read and watched:
            # A message that a function has received is not visible, also between its attempts.
            fix = "watch the queue of its own `RedrivePolicy`, which no function reads"
            template.wrong(f"the alarm of the dead-letter queue {queue} misses what a function of the queue cannot process", fix)
        if queue not in read and not watched:
            fix = "add an alarm on `ApproximateNumberOfMessagesVisible` of `AWS/SQS`"
            template.wrong(f"nothing watches the dead-letter queue {queue}", fix)
        if not any(queue in template.referenced(output, QUEUE) for output in outputs):
            template.wrong(f"the dead-letter queue {queue} is not an output", f"add one with `!Ref {queue}`")
        if (template.resources[queue].get("Properties") or {}).get("MessageRetentionPeriod") != FOURTEEN_DAYS:
            fix = f"set `MessageRetentionPeriod: {FOURTEEN_DAYS}`, the maximum"
            template.wrong(f"the dead-letter queue {queue} discards messages before they can be read", fix)


def queues(template):
    """AWS's advice: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    for logical, properties, queue in mappings(template):
        if (properties.get("ScalingConfig") or {}).get("MaximumConcurrency") is None:
            fix = "set `ScalingConfig: { MaximumConcurrency: … }`, or a full queue takes all of the account's concurrency"
            template.wrong(f"nothing limits the concurrency of the event {logical}", fix)
        settings = template.resources[queue].get("Properties") or {}
        for function in template.functions_of(properties.get("FunctionName")):
            timeout = (template.resources[function].get("Properties") or {}).get("Timeout", 3)
            least = 6 * timeout + properties.get("MaximumBatchingWindowInSeconds", 0)
            if settings.get("VisibilityTimeout", 30) < least:
                fix = f"set `VisibilityTimeout: {least}`, six times the timeout of {function}"
                template.wrong(f"a message of {queue} may come again while {function} is retried", fix)
        source(template, queue, settings)


def source(template, queue, settings):
    """Checks a queue that a function reads, also if it is a dead-letter queue."""
    # The count of a message goes on in its dead-letter queue: "the number of times a message has been received across all queues".
    redrives = [other.get("RedrivePolicy") or {} for _, other in template.of(QUEUE)]
    counts = [redrive.get("maxReceiveCount", 0) for redrive in redrives if queue in template.referenced(redrive, QUEUE)]
    least = 5 + max(counts, default=0)
    if (settings.get("RedrivePolicy") or {}).get("maxReceiveCount", 0) < least:
        fix = f"set a `RedrivePolicy` with `maxReceiveCount: {least}` or more"
        template.wrong(f"messages of {queue} are given up too early, or never", fix)
    if settings.get("MessageRetentionPeriod") != FOURTEEN_DAYS:
        fix = f"set `MessageRetentionPeriod: {FOURTEEN_DAYS}`, the maximum, as in its dead-letter queue"
        template.wrong(f"messages of {queue} expire while its function is stopped", fix)
    dimension = {"Fn::GetAtt": [queue, "QueueName"]}
    if not watches(template, "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", dimension):
        fix = "add an alarm on `ApproximateAgeOfOldestMessage` of `AWS/SQS`"
        template.wrong(f"nothing watches how long messages of {queue} wait", fix)


def tables(template):
    for logical, properties in template.of(TABLE):
        resource = template.resources[logical]
        policies = {resource.get(key) for key in ("DeletionPolicy", "UpdateReplacePolicy")}
        if policies == {"Retain"}:
            recovery = properties.get("PointInTimeRecoverySpecification") or {}
            if recovery.get("PointInTimeRecoveryEnabled") is not True:
                fix = "set `PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }`"
                template.wrong(f"a mistake in the table {logical} cannot be undone", fix)
        elif policies != {"Delete"}:
            fix = "set `DeletionPolicy` and `UpdateReplacePolicy` to `Retain`"
            template.wrong(f"the table {logical} is deleted with its data", fix)
        elif not re.search(rf"^  {logical}: #", template.text, re.MULTILINE):
            fix = "set both policies to `Retain`, or add a comment at its name that says why the data is not needed"
            template.wrong(f"the table {logical} is deleted with its data", fix)


def clients(template):
    for logical, properties in template.of(CLIENT):
        if properties.get("PreventUserExistenceErrors") != "ENABLED":
            template.wrong(f"{logical} shows which users exist", "set `PreventUserExistenceErrors: ENABLED`")


def functions(template):
    for logical, properties in template.of(FUNCTION):
        logging = properties.get("LoggingConfig") or {}
        if not template.keeps(logging.get("LogGroup")):
            fix = "set `LogGroup` in `LoggingConfig` to a log group with `RetentionInDays`"
            template.wrong(f"the log of {logical} is kept for ever", fix)
        for key, value in (("LogFormat", "JSON"), ("SystemLogLevel", "INFO")):
            if logging.get(key) != value:
                template.wrong(f"{logical} has another {key}", f"set `{key}: {value}` in `LoggingConfig`")
        variables = (properties.get("Environment") or {}).get("Variables") or {}
        if not variables.get("POWERTOOLS_SERVICE_NAME"):
            fix = "set the variable `POWERTOOLS_SERVICE_NAME`"
            template.wrong(f"log lines, metrics and spans of {logical} have no service name", fix)


def names(template):
    """A name of one's own exists once in a region, or once at all, and is not free again while a retained resource has it."""
    for logical, resource in template.resources.items():
        kind, properties = resource["Type"], resource.get("Properties") or {}
        try:
            schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        except Exception:  # A type of this account, or one that cfn-lint does not know.
            continue
        identifiers = {path.split("/")[-1] for path in schema.get("primaryIdentifier", [])}
        own = identifiers | {"Name", kind.split("::")[-1] + "Name"}
        # A name within a resource of this stack, such as that of a stage, is free in the next stack.
        parents = [properties[key] for key in identifiers & properties.keys() if isinstance(properties[key], dict)]
        if len(identifiers) > 1 and template.referenced(parents, *{other["Type"] for other in template.resources.values()}):
            own -= identifiers
        for key in sorted(own & properties.keys()):
            definition = schema["properties"].get(key, {})
            is_text = "string" in definition.get("type", []) or isinstance(properties[key], str)
            if kind in NAMED or not is_text:
                continue
            if key not in schema.get("required", []):
                fix = "set `OmitName: true`" if kind == "AWS::Scheduler::Schedule" else f"remove `{key}`"
                template.wrong(f"{logical} has a fixed name, so a second stack fails", fix)
            elif definition.get("maxLength", 10_000) < longest(properties[key]):
                fix = f"at most {definition['maxLength']}, also with a stack name of 128 characters"
                template.wrong(f"`{key}` of {logical} can be too long", fix)


def longest(value):
    """Returns the length that a text has in the stack with the longest name."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict) and "Ref" in value:
        return LONGEST.get(value["Ref"], 0)
    if isinstance(value, dict) and "Fn::Sub" in value:
        text = value["Fn::Sub"] if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"][0]
        return len(re.sub(r"\$\{([^}]*)\}", lambda match: "x" * LONGEST.get(match[1], 0), text))
    return 0


def partitions(template):
    texts = [(template.path.name, template.text)]
    if template.path.name == "template.yaml":
        texts += [(file.name, file.read_text()) for file in sorted(template.path.parent.glob("*.asl.json"))]
    for name, text in texts:
        if re.search(r"arn:aws[a-z-]*:", text):
            fix = "write `arn:${AWS::Partition}:…`; a definition gets `Partition: !Ref AWS::Partition` by `DefinitionSubstitutions`"
            template.wrong(f"{name} names a partition", fix)
    for name, output in (template.source.get("Outputs") or {}).items():
        if ".amazonaws.com" in json.dumps(output.get("Value")):
            template.wrong(f"the output {name} names a domain of one partition", "write `${AWS::URLSuffix}`")


def aliases(template):
    for logical, properties in template.of("AWS::StepFunctions::StateMachine"):
        called = [properties.get(key) for key in ("DefinitionSubstitutions", "Definition", "DefinitionString")]
        for function in sorted(set(template.referenced(called, FUNCTION))):
            fix = f"set `AutoPublishAlias: live` on {function} and use `!Ref {function}.Alias`"
            template.wrong(f"{logical} invokes {function} itself, whose code changes during an execution", fix)


METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "x-amazon-apigateway-any-method")
# A sentence that says that something is public, without a word that denies it or depends on something.
PUBLIC = re.compile(r"\b(?:is|are) public\b|^\W*public\W*$", re.IGNORECASE)
DENIES = re.compile(r"\b(?:no|not|none|nothing|never|neither|nor|unless|if|when|until|before|once|that)\b", re.IGNORECASE)


def says_public(text):
    comments = ""
    for line in text.splitlines():
        code, _, comment = line.partition("#")
        # A comment goes on in the next line, unless that has code.
        comments += ("\n. " if code.strip() else " ") + comment.strip()
    for sentence in re.split(r"[.;:!?](?:\s|$)", comments):
        found = PUBLIC.search(sentence)
        if found and not DENIES.search(sentence[: found.end()]):
            return True
    return False


def is_open(route):
    """Returns whether a route of a definition has no authorizer. An API key identifies a plan, not a caller."""
    security = [name for each in route.get("security") or [] for name in each]
    integration = (route.get("x-amazon-apigateway-integration") or {}).get("type")
    # A preflight request has no credentials.
    return integration != "mock" and set(security) <= {"api_key"}


def open_endpoints(template):
    """Yields what can be called without an authorizer."""
    for logical, properties in template.of(URL):
        if properties.get("AuthType") == "NONE":
            yield logical
    for logical, properties in template.of(API, REST):
        body, kinds = properties.get("Body") or {}, (properties.get("EndpointConfiguration") or {}).get("Types") or []
        for path, methods in (body.get("paths") or {}).items():
            for method, route in methods.items():
                if kinds != ["PRIVATE"] and method in METHODS and isinstance(route, dict) and is_open(route):
                    yield f"{method.removeprefix('x-amazon-apigateway-').removesuffix('-method').upper()} {path} of {logical}"
    for _, properties in template.of("AWS::ApiGatewayV2::Route"):
        api = (properties.get("ApiId") or {}).get("Ref")
        of_api = (template.resources.get(api) or {}).get("Properties") or {}
        decides = properties.get("RouteKey") == "$connect" or of_api.get("ProtocolType") == "HTTP"
        if decides and properties.get("AuthorizationType", "NONE") == "NONE":
            yield f"{properties.get('RouteKey')} of {api}"
    for logical, properties in template.of(METHOD):
        if properties.get("AuthorizationType", "NONE") == "NONE" and properties.get("HttpMethod") != "OPTIONS":
            yield logical


def authorizers(template):
    found = list(open_endpoints(template))
    if found and not says_public(template.text):
        names = ", ".join(found)
        template.wrong(f"an endpoint has no authorizer: {names}", "add one, or a comment that says that it is public: `# It is public.`")
    schemes = []
    for _, properties in template.of(API):
        schemes += ((properties.get("Body") or {}).get("components") or {}).get("securitySchemes", {}).values()
    kinds = [(scheme.get("x-amazon-apigateway-authorizer") or {}).get("type") for scheme in schemes]
    variables = [(properties.get("Environment") or {}).get("Variables") or {} for _, properties in template.of(FUNCTION)]
    verifies = any("PILASTER_JWT_ISSUER" in each for each in variables)
    if template.name in AUTHORIZED and "jwt" not in kinds and not verifies:
        fix = "add a JWT authorizer with `JwtConfiguration` to the API, or verify tokens in the function (`PILASTER_JWT_ISSUER`)"
        template.wrong("anybody can say who they are", fix)


def main():
    logging.disable(logging.WARNING)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    findings = [finding for path in sys.argv[1:] for finding in Template(Path(path)).check()]
    print("\n".join(findings))
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
