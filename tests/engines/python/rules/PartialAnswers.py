"""A rule for cfn-lint: an event source mapping must read the function's partial batch response."""

from cfnlint.rules import CloudFormationLintRule, RuleMatch

FUNCTION = "AWS::Serverless::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
# The SAM events that become mappings with a partial batch response.
EVENTS = ("SQS", "Kinesis", "DynamoDB", "MSK", "SelfManagedKafka")
# Properties of mappings without one: of Amazon MQ, of DocumentDB.
WITHOUT = ("Queues", "DocumentDBEventSourceConfig")


def asks(properties):
    """Returns whether a mapping, or an event that becomes one, reads the response."""
    types = properties.get("FunctionResponseTypes")
    return isinstance(types, list) and "ReportBatchItemFailures" in types


class PartialAnswers(CloudFormationLintRule):
    id = "E9001"
    shortdesc = "A mapping of records without ReportBatchItemFailures"
    description = "Without it, Lambda takes every record for done that a function says it failed at."
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"
    tags = ["resources", "lambda"]

    def __init__(self):
        super().__init__()
        self.resource_property_types = [FUNCTION, MAPPING]

    def match_resource_properties(self, properties, kind, path, cfn):
        wrong = []
        if kind == MAPPING:
            if not asks(properties) and not any(name in properties for name in WITHOUT):
                wrong.append((path, path[1]))
        else:
            for name, event in (properties.get("Events") or {}).items():
                if event.get("Type") in EVENTS and not asks(event.get("Properties") or {}):
                    wrong.append((path + ["Events", name], f"{path[1]}/{name}"))
        need = "needs `FunctionResponseTypes: [ReportBatchItemFailures]`: failed records would be taken for done"
        return [RuleMatch(path, f"{name} {need}") for path, name in wrong]
