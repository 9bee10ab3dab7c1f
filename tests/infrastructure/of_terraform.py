"""The essence of the resources of a root module of Terraform; see `essence.py`."""

import re

from essence import VPC, Essence, listed, name_of, pattern


class Terraform:
    """The essence of the resources of a root module of Terraform (see `terraform.py`)."""

    def __init__(self, resources):
        self.resources, self.essence = resources, Essence()
        self.documents = {self.at(each): each.arguments for each in resources if each.type == "aws_iam_policy_document"}
        for kind in ("functions", "mappings", "apis", "rules", "alarms", "stores"):
            getattr(self, kind)()

    @staticmethod
    def at(resource):
        return f"{resource.module.path}{resource.type}.{resource.name}"

    def of(self, kind):
        """Yields the resources of a type, and their arguments."""
        for resource in self.resources:
            if resource.type == kind:
                yield resource, resource.arguments

    def name(self, resource):
        """Returns the name of a resource: within a module that of its call, or its key."""
        if resource.type == "aws_apigatewayv2_api":
            return "api"
        if resource.type == "aws_lambda_alias":
            return self.text(resource.arguments["function_name"])
        path = resource.module.path
        if path:
            called = path.removeprefix("module.").removesuffix(".")
            return name_of(called.split("[")[1] if "[" in called else called)
        return name_of(resource.name)

    def text(self, value):
        """Returns a value as text, with the names of resources for references."""
        if hasattr(value, "resource"):
            stream = "/stream" if value.attribute == "stream_arn" else ""
            return self.name(value.resource) + stream
        if isinstance(value, str):
            named = {str(self.reference(each)): each for each in self.resources}
            inserted = lambda match: self.inserted(match[0], named)
            return re.sub(r"<[^<>]*>", inserted, value)
        return value

    @staticmethod
    def reference(resource):
        return resource.label

    def inserted(self, text, named):
        label, _, attribute = text[1:-1].rpartition(".")
        return self.name(named[label]) + ("/stream" if attribute == "stream_arn" else "") if label in named else text

    def deep(self, value):
        if isinstance(value, dict):
            return {key: self.deep(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.deep(inner) for inner in value]
        return self.text(value)

    def block(self, arguments, *names):
        """Returns the only block of these names, one in the other."""
        for name in names:
            found = arguments.get(name) or [{}]
            assert len(found) == 1, (name, found)
            arguments = found[0]
        return arguments

    def functions(self):
        add = self.essence.add
        groups = {self.name(group): arguments["retention_in_days"] for group, arguments in self.of("aws_cloudwatch_log_group")}
        for resource, function in self.of("aws_lambda_function"):
            name = self.name(resource)
            at = f"functions/{name}"
            logging = self.block(function, "logging_config")
            reserved = function.get("reserved_concurrent_executions", -1)
            settings = {
                "runtime": function.get("runtime"),
                "architecture": listed(function.get("architectures") or ["x86_64"])[0],
                "handler": function.get("handler"),
                "memory": function.get("memory_size"),
                "timeout": function.get("timeout"),
                "tracing": self.block(function, "tracing_config").get("mode"),
                "log format": logging.get("log_format"),
                "log level": logging.get("application_log_level"),
                "system log level": logging.get("system_log_level"),
                "log retention": groups.get(self.text(logging.get("log_group")), "for ever"),
                "reserved concurrency": None if reserved == -1 else reserved,
            }
            for key, value in settings.items():
                add(f"{at}/{key}", value)
            for variable, value in self.block(function, "environment").get("variables", {}).items():
                add(f"{at}/variables/{variable}", self.text(value))
            if function.get("vpc_config"):
                add(at, VPC)
            self.role(name, resource.module.path)
        for _, config in self.of("aws_lambda_provisioned_concurrency_config"):
            at = f"functions/{self.text(config['function_name'])}/provisioned concurrency"
            add(at, config["provisioned_concurrent_executions"])
        for _, target in self.of("aws_appautoscaling_target"):
            at = f"functions/{self.text(target['resource_id']).split(':')[1]}/provisioned concurrency"
            add(at, [target["min_capacity"], target["max_capacity"]])
            for _, policy in self.of("aws_appautoscaling_policy"):
                tracking = self.block(policy, "target_tracking_scaling_policy_configuration")
                metric = self.block(tracking, "predefined_metric_specification")["predefined_metric_type"]
                add(at, f"{metric} {tracking['target_value']}")
        for _, config in self.of("aws_lambda_function_event_invoke_config"):
            at = f"functions/{self.text(config['function_name'])}/asynchronous"
            add(f"{at}/retries", config.get("maximum_retry_attempts"))
            failure = self.block(config, "destination_config", "on_failure").get("destination")
            add(f"{at}/on failure", failure and self.text(failure))

    def role(self, function, path):
        """Adds the policies of the role in the module of the function."""
        for resource in self.resources:
            if resource.module.path != path:
                continue
            if resource.type == "aws_iam_role_policy_attachment":
                self.essence.managed(function, str(resource.arguments["policy_arn"]), [])
            if resource.type == "aws_iam_role_policy":
                document = resource.arguments["policy"].resource
                for statement in document.arguments["statement"]:
                    resources = [self.text(each) for each in statement["resources"]]
                    self.essence.statement(function, statement["actions"], resources)

    def mappings(self):
        for _, mapping in self.of("aws_lambda_event_source_mapping"):
            failure = self.block(mapping, "destination_config", "on_failure").get("destination_arn")
            at = f"mappings/{self.text(mapping['event_source_arn'])} to {self.text(mapping['function_name'])}"
            settings = {
                "batch": mapping.get("batch_size"),
                "response": mapping.get("function_response_types"),
                "concurrency": self.block(mapping, "scaling_config").get("maximum_concurrency"),
                "bisect": mapping.get("bisect_batch_on_function_error"),
                "retries": mapping.get("maximum_retry_attempts"),
                "start": mapping.get("starting_position"),
                "filter": mapping.get("filter_criteria"),
                "window": mapping.get("maximum_batching_window_in_seconds"),
                "on failure": failure and self.text(failure),
                "enabled": mapping.get("enabled", True),
            }
            for key, value in settings.items():
                self.essence.add(f"{at}/{key}", value)

    def apis(self):
        integrations = {each.label: arguments for each, arguments in self.of("aws_apigatewayv2_integration")}
        for _, route in self.of("aws_apigatewayv2_route"):
            label = re.search(r"<(.*)\.id>", route["target"])[1]
            self.essence.add(f"routes/{route['route_key']}", self.text(integrations[label]["integration_uri"]))
        for _, stage in self.of("aws_apigatewayv2_stage"):
            settings = self.block(stage, "default_route_settings")
            limits = [settings.get("throttling_rate_limit"), settings.get("throttling_burst_limit")]
            self.essence.add("apis/limits", limits)
            self.essence.add("apis/access log", self.block(stage, "access_log_settings").get("format"))

    def rules(self):
        rules = {each.label: arguments for each, arguments in self.of("aws_cloudwatch_event_rule")}
        for _, target in self.of("aws_cloudwatch_event_target"):
            rule = rules[target["rule"].resource.label]
            when = rule.get("schedule_expression") or pattern(self.deep(rule["event_pattern"]))
            at = f"rules/{when} to {self.text(target['arn'])}"
            self.essence.add(at, "enabled" if rule.get("state", "ENABLED") == "ENABLED" else "disabled")
            self.essence.add(f"{at}/input", target.get("input") and pattern(target["input"]))
            dead = self.block(target, "dead_letter_config").get("arn")
            self.essence.add(f"{at}/dead letters", dead and self.text(dead))

    def alarms(self):
        for resource, alarm in self.of("aws_cloudwatch_metric_alarm"):
            dimensions = {key: self.text(value) for key, value in alarm["dimensions"].items()}
            part = (self.stack(alarm["namespace"]), alarm["metric_name"], alarm["statistic"], alarm["period"], dimensions)
            self.essence.alarm(
                [part],
                above=alarm["threshold"],
                periods=alarm["evaluation_periods"],
                comparison=alarm["comparison_operator"],
                missing=alarm["treat_missing_data"],
                notifies=bool(alarm["alarm_actions"]),
            )
        for _, metric_filter in self.of("aws_cloudwatch_log_metric_filter"):
            metric = self.block(metric_filter, "metric_transformation")
            at = f"filters/{metric['name']}"
            self.essence.add(at, metric_filter["pattern"])
            default = metric.get("default_value")
            self.essence.add(f"{at}/default", default and int(default))

    def stack(self, namespace):
        """A namespace of its own is the name of the stack, and in Terraform that of the deployment."""
        return namespace if namespace.startswith("AWS/") else "stack"

    def stores(self):
        add = self.essence.add
        kept = lambda arguments: "is kept" if self.block(arguments, "lifecycle").get("prevent_destroy") else "is deleted"
        for resource, queue in self.of("aws_sqs_queue"):
            at = f"queues/{self.name(resource)}"
            add(at, kept(queue))
            add(f"{at}/kind", "FIFO" if queue.get("fifo_queue") else "standard")
            add(f"{at}/deduplicates by content", bool(queue.get("content_based_deduplication")))
            add(f"{at}/visibility", queue.get("visibility_timeout_seconds"))
            add(f"{at}/retention", queue.get("message_retention_seconds"))
            add(f"{at}/encrypted", queue.get("sqs_managed_sse_enabled"))
            if redrive := queue.get("redrive_policy"):
                add(f"{at}/dead letters", f"{self.text(redrive['deadLetterTargetArn'])} after {redrive['maxReceiveCount']}")
        for resource, table in self.of("aws_dynamodb_table"):
            at = f"tables/{self.name(resource)}"
            add(at, kept(table))
            add(f"{at}/billing", table.get("billing_mode"))
            add(f"{at}/keys", [table["hash_key"], table.get("range_key")])
            add(f"{at}/attributes", sorted(f"{each['name']}: {each['type']}" for each in table["attribute"]))
            add(f"{at}/recovery", bool(self.block(table, "point_in_time_recovery").get("enabled")))
            add(f"{at}/stream", table.get("stream_enabled") and table.get("stream_view_type"))
            add(f"{at}/time to live", self.block(table, "ttl").get("attribute_name"))
            for index in table.get("global_secondary_index") or []:
                keys = [index["hash_key"], index["range_key"], index["projection_type"]]
                add(f"{at}/indexes/{index['name']}", keys)
        for resource, bucket in self.of("aws_s3_bucket"):
            at = f"buckets/{self.name(resource)}"
            add(at, kept(bucket))
            of = lambda kind: [each for _, each in self.of(kind) if each["bucket"].resource.label == resource.label]
            add(f"{at}/events", any(each.get("eventbridge") for each in of("aws_s3_bucket_notification")))
            for block in of("aws_s3_bucket_public_access_block"):
                keys = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
                names = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
                add(f"{at}/blocks public access", sorted([key, block.get(name)] for key, name in zip(keys, names)))
        for resource, _ in self.of("aws_secretsmanager_secret"):
            add(f"secrets/{self.name(resource)}", "exists")


def of_terraform(resources):
    return Terraform(resources).essence
