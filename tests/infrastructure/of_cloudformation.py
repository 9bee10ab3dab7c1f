"""The essence of templates of CloudFormation; see `essence.py`."""

import json
import re

from essence import SUM, VPC, Essence, listed, name_of, pattern

KEPT = ("Retain", "RetainExceptOnCreate")


class CloudFormation:
    """The essence of a template of CloudFormation: of SAM after its transform, of CDK, of osls."""

    def __init__(self, template, tool):
        self.resources, self.tool, self.essence = template["Resources"], tool, Essence()
        self.sources = {}
        for kind in ("mappings", "functions", "apis", "rules", "alarms", "stores"):
            getattr(self, kind)()

    def of(self, kind):
        for logical, resource in self.resources.items():
            if resource["Type"] == kind:
                yield logical, resource.get("Properties") or {}

    def name(self, logical):
        """Returns the name of a resource without what a tool adds: a hash, the kind of the resource."""
        kind = self.resources.get(logical, {}).get("Type", "")
        if kind in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
            return self.name(self.reference(self.resources[logical]["Properties"]["FunctionName"]))
        if kind in ("AWS::ApiGatewayV2::Api",):
            return "api"
        if self.tool == "cdk":
            logical = re.sub(r"[0-9A-F]{8}$", "", logical)
        if self.tool == "osls":
            logical = logical.removesuffix("LambdaFunction")
        return name_of(logical)

    @staticmethod
    def reference(value):
        """Returns the logical id to which a value refers."""
        if isinstance(value, dict):
            if "Ref" in value:
                return value["Ref"]
            if "Fn::GetAtt" in value:
                return listed(value["Fn::GetAtt"])[0].split(".")[0]
        return None

    def text(self, value):
        """Returns a value as text, with the names of resources for references."""
        if isinstance(value, dict) and len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                known = {"AWS::StackName": "stack", "AWS::Partition": "aws", "AWS::Region": "here", "AWS::AccountId": "us"}
                return known.get(argument) or (self.name(argument) if argument in self.resources else argument)
            if function == "Fn::GetAtt":
                logical, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
                return self.name(logical) + ("/stream" if attribute == "StreamArn" else "")
            if function == "Fn::Join":
                return argument[0].join(self.text(part) for part in argument[1])
            if function == "Fn::Select":
                # CDK takes the name of a function from the ARN of its alias.
                (reference,) = [node for node in nodes(argument) if "Ref" in node]
                return self.text(reference)
            if function == "Fn::Sub":
                text, more = argument if isinstance(argument, list) else (argument, {})
                inserted = lambda match: self.text(
                    more.get(match[1]) or ({"Fn::GetAtt": match[1]} if "." in match[1] else {"Ref": match[1]})
                )
                return re.sub(r"\$\{([^}]*)\}", inserted, text)
        return value

    def deep(self, value):
        """Returns a value whose references are names."""
        if isinstance(value, dict):
            text = self.text(value)
            return {key: self.deep(inner) for key, inner in value.items()} if text is value else text
        return [self.deep(inner) for inner in value] if isinstance(value, list) else value

    def functions(self):
        add = self.essence.add
        for logical, function in self.of("AWS::Lambda::Function"):
            name = self.name(logical)
            at = f"functions/{name}"
            logging = function.get("LoggingConfig") or {}
            settings = {
                "runtime": function.get("Runtime"),
                "architecture": listed(function.get("Architectures") or ["x86_64"])[0],
                "handler": function.get("Handler"),
                "memory": function.get("MemorySize"),
                "timeout": function.get("Timeout"),
                "tracing": (function.get("TracingConfig") or {}).get("Mode"),
                "log format": logging.get("LogFormat"),
                "log level": logging.get("ApplicationLogLevel"),
                "system log level": logging.get("SystemLogLevel"),
                "log retention": self.retention(function, logging),
                "reserved concurrency": function.get("ReservedConcurrentExecutions"),
            }
            for key, value in settings.items():
                add(f"{at}/{key}", value)
            for variable, value in (function.get("Environment") or {}).get("Variables", {}).items():
                add(f"{at}/variables/{variable}", self.text(value))
            if function.get("VpcConfig"):
                add(at, VPC)
            self.role(name, self.reference(function["Role"]))
        for _, alias in self.of("AWS::Lambda::Alias"):
            provisioned = (alias.get("ProvisionedConcurrencyConfig") or {}).get("ProvisionedConcurrentExecutions")
            add(f"functions/{self.text(alias['FunctionName'])}/provisioned concurrency", provisioned)
        for _, target in self.of("AWS::ApplicationAutoScaling::ScalableTarget"):
            function = self.text(target["ResourceId"]).split(":")[1]
            add(f"functions/{function}/provisioned concurrency", [target["MinCapacity"], target["MaxCapacity"]])
            for _, policy in self.of("AWS::ApplicationAutoScaling::ScalingPolicy"):
                tracking = policy["TargetTrackingScalingPolicyConfiguration"]
                metric = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
                add(f"functions/{function}/provisioned concurrency", f"{metric} {tracking['TargetValue']}")
        for _, config in self.of("AWS::Lambda::EventInvokeConfig"):
            failure = ((config.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
            at = f"functions/{self.text(config['FunctionName'])}/asynchronous"
            add(f"{at}/retries", config.get("MaximumRetryAttempts"))
            add(f"{at}/on failure", failure and self.text(failure))

    def retention(self, function, logging):
        """Returns the days for which the log is kept: of the group that is named, or of that which Lambda would create."""
        group = self.reference(logging.get("LogGroup"))
        if group:
            return self.resources[group]["Properties"].get("RetentionInDays")
        for _, group in self.of("AWS::Logs::LogGroup"):
            if function.get("FunctionName") and group.get("LogGroupName") == f"/aws/lambda/{function['FunctionName']}":
                return group.get("RetentionInDays")
        return "for ever"

    def role(self, function, logical):
        role = self.resources[logical].get("Properties") or {}
        for policy in role.get("ManagedPolicyArns") or []:
            self.essence.managed(function, self.text(policy), self.sources.get(function, []))
        documents = [policy["PolicyDocument"] for policy in role.get("Policies") or []]
        for _, policy in self.of("AWS::IAM::Policy"):
            if logical in map(self.reference, policy.get("Roles") or []):
                documents.append(policy["PolicyDocument"])
        for document in documents:
            for statement in listed(document["Statement"]):
                assert statement["Effect"] == "Allow", statement
                resources = [self.text(resource) for resource in listed(statement["Resource"])]
                self.essence.statement(function, statement["Action"], resources)

    def mappings(self):
        for _, mapping in self.of("AWS::Lambda::EventSourceMapping"):
            function, source = self.text(mapping["FunctionName"]), self.text(mapping["EventSourceArn"])
            self.sources.setdefault(function, []).append(source)
            failure = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
            settings = {
                "batch": mapping.get("BatchSize"),
                "response": mapping.get("FunctionResponseTypes"),
                "concurrency": (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency"),
                "bisect": mapping.get("BisectBatchOnFunctionError"),
                "retries": mapping.get("MaximumRetryAttempts"),
                "start": mapping.get("StartingPosition"),
                "filter": mapping.get("FilterCriteria"),
                "window": mapping.get("MaximumBatchingWindowInSeconds"),
                "on failure": failure and self.text(failure),
                "enabled": mapping.get("Enabled", True),
            }
            for key, value in settings.items():
                self.essence.add(f"mappings/{source} to {function}/{key}", value)

    def apis(self):
        add = self.essence.add
        for _, api in self.of("AWS::ApiGatewayV2::Api"):
            for path, methods in ((api.get("Body") or {}).get("paths") or {}).items():
                for method, operation in methods.items():
                    uri = self.text(operation["x-amazon-apigateway-integration"]["uri"])
                    key = path[1:] if path == "/$default" else f"{method.upper()} {path}"
                    add(f"routes/{key}", re.search(r"functions/(\w+)/", uri)[1])
        for _, route in self.of("AWS::ApiGatewayV2::Route"):
            # The target is integrations/ID; its text is that of the integration's logical id.
            (integration,) = [node["Ref"] for node in nodes(route["Target"]) if "Ref" in node]
            (function,) = self.lambdas(self.resources[integration]["Properties"]["IntegrationUri"])
            add(f"routes/{'$default' if route['RouteKey'] == '*' else route['RouteKey']}", function)
        for _, stage in self.of("AWS::ApiGatewayV2::Stage"):
            settings = stage.get("DefaultRouteSettings") or {}
            limits = [settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit")]
            log = json.loads((stage.get("AccessLogSettings") or {}).get("Format") or "null")
            add("apis/limits", limits)
            add("apis/access log", log)

    def lambdas(self, value):
        """Yields the functions to which a value refers, also by an alias."""
        for node in nodes(value):
            logical = self.reference(node)
            if logical and self.resources.get(logical, {}).get("Type") in ("AWS::Lambda::Function", "AWS::Lambda::Alias"):
                yield self.name(logical)

    def rules(self):
        for _, rule in self.of("AWS::Events::Rule"):
            when = rule.get("ScheduleExpression") or pattern(self.deep(rule["EventPattern"]))
            for target in rule["Targets"]:
                dead = (target.get("DeadLetterConfig") or {}).get("Arn")
                at = f"rules/{when} to {self.text(target['Arn'])}"
                self.essence.add(at, "enabled" if rule.get("State", "ENABLED") == "ENABLED" else "disabled")
                self.essence.add(f"{at}/input", target.get("Input") and pattern(target["Input"]))
                self.essence.add(f"{at}/dead letters", dead and self.text(dead))

    def alarms(self):
        for _, alarm in self.of("AWS::CloudWatch::Alarm"):
            metrics = [metric["MetricStat"] for metric in alarm.get("Metrics") or [] if "MetricStat" in metric]
            if metrics:
                (sum,) = [metric["Expression"] for metric in alarm["Metrics"] if "Expression" in metric]
                assert sum == SUM and alarm["Threshold"] == 0, alarm
            found = [({**metric["Metric"], **metric}) for metric in metrics] or [alarm]
            parts = []
            for part in found:
                dimensions = {each["Name"]: self.text(each["Value"]) for each in part.get("Dimensions") or []}
                statistic = part.get("Stat") or part["Statistic"]
                parts.append((self.text(part["Namespace"]), part["MetricName"], statistic, part["Period"], dimensions))
            self.essence.alarm(
                parts,
                above=alarm["Threshold"],
                periods=alarm["EvaluationPeriods"],
                comparison=alarm["ComparisonOperator"],
                missing=alarm["TreatMissingData"],
                notifies=bool(alarm.get("AlarmActions")),
            )
        for _, group in self.of("AWS::Logs::MetricFilter"):
            (metric,) = group["MetricTransformations"]
            at = f"filters/{metric['MetricName']}"
            self.essence.add(at, group["FilterPattern"])
            self.essence.add(f"{at}/default", metric.get("DefaultValue"))

    def stores(self):
        add = self.essence.add
        kept = lambda logical: "is kept" if self.resources[logical].get("DeletionPolicy") in KEPT else "is deleted"
        for logical, queue in self.of("AWS::SQS::Queue"):
            at = f"queues/{self.name(logical)}"
            redrive = queue.get("RedrivePolicy") or {}
            add(at, kept(logical))
            add(f"{at}/kind", "FIFO" if queue.get("FifoQueue") else "standard")
            add(f"{at}/deduplicates by content", bool(queue.get("ContentBasedDeduplication")))
            add(f"{at}/visibility", queue.get("VisibilityTimeout"))
            add(f"{at}/retention", queue.get("MessageRetentionPeriod"))
            add(f"{at}/encrypted", queue.get("SqsManagedSseEnabled"))
            if redrive:
                add(f"{at}/dead letters", f"{self.text(redrive['deadLetterTargetArn'])} after {redrive['maxReceiveCount']}")
        for logical, table in self.of("AWS::DynamoDB::Table"):
            at = f"tables/{self.name(logical)}"
            add(at, kept(logical))
            add(f"{at}/billing", table.get("BillingMode"))
            add(f"{at}/keys", [key["AttributeName"] for key in table["KeySchema"]])
            add(f"{at}/attributes", sorted(f"{each['AttributeName']}: {each['AttributeType']}" for each in table["AttributeDefinitions"]))
            recovery = (table.get("PointInTimeRecoverySpecification") or {}).get("PointInTimeRecoveryEnabled")
            add(f"{at}/recovery", bool(recovery))
            add(f"{at}/stream", (table.get("StreamSpecification") or {}).get("StreamViewType"))
            add(f"{at}/time to live", (table.get("TimeToLiveSpecification") or {}).get("AttributeName"))
            for index in table.get("GlobalSecondaryIndexes") or []:
                keys = [key["AttributeName"] for key in index["KeySchema"]]
                add(f"{at}/indexes/{index['IndexName']}", [*keys, index["Projection"]["ProjectionType"]])
        for logical, bucket in self.of("AWS::S3::Bucket"):
            if logical == "ServerlessDeploymentBucket":
                continue
            at = f"buckets/{self.name(logical)}"
            add(at, kept(logical))
            events = (bucket.get("NotificationConfiguration") or {}).get("EventBridgeConfiguration")
            add(f"{at}/events", bool(events))
            add(f"{at}/blocks public access", sorted((bucket.get("PublicAccessBlockConfiguration") or {}).items()))
        for logical, _ in self.of("AWS::SecretsManager::Secret"):
            add(f"secrets/{self.name(logical)}", "exists")


def nodes(value):
    """Yields each object in a value."""
    if isinstance(value, dict):
        yield value
        value = value.values()
    if isinstance(value, (list, type({}.values()))):
        for inner in value:
            yield from nodes(inner)


def of_template(template, tool):
    return CloudFormation(template, tool).essence
