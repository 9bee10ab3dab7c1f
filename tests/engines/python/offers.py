"""Deploys examples/flags/template.yaml into the engine, requests offers, deploys other flags, requests them again, and prints the responses.

Usage: offers.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from stack import Api, Stack
from users import Users, bearer, forged

stack = Stack(*sys.argv[1:4], "shop-flags")
ids, config, lambdas = stack.ids, stack.client("appconfig"), stack.client("lambda")
api = Api(stack, ids["Api"], ids["Offers"])
users = Users(stack, ids["Customers"], ids["App"])
users.protect(ids["Api"])
tokens = {
    "usual": users.tokens("ada", tier="standard", customer="20")["IdToken"],
    "premium": users.tokens("grace", tier="premium", customer="20")["IdToken"],
    "new checkout": users.tokens("eve", tier="standard", customer="119")["IdToken"],
}


def ask():
    answers = {who: api.call("GET", "/offers/umbrella", **bearer(token)) for who, token in tokens.items()}
    answers["unknown"] = api.call("GET", "/offers/anvil", **bearer(tokens["usual"]))
    return answers


report = {"first": ask()}
wishes = "/offers/umbrella?tier=premium&custom:tier=premium"
report["wishes"] = {
    "premium by query and header": api.call("GET", wishes, **bearer(tokens["usual"]), **{"x-tier": "premium"}),
    "no token": api.call("GET", wishes),
    "forged token": api.call("GET", wishes, **bearer(forged(tokens["premium"]))),
}

# Another document, which is deployed at once.
document = json.loads((stack.example / "flags.json").read_text())
document["discount"]["default"] = 50
profile = {"ApplicationId": ids["Shop"], "ConfigurationProfileId": ids["Features"]}
version = config.create_hosted_configuration_version(
    **profile, Content=json.dumps(document).encode(), ContentType="application/json"
)["VersionNumber"]
at_once = config.create_deployment_strategy(
    Name="at-once", DeploymentDurationInMinutes=0, FinalBakeTimeInMinutes=0, GrowthFactor=100, ReplicateTo="NONE"
)["Id"]
environment = next(
    found["Id"]
    for found in config.list_environments(ApplicationId=ids["Shop"])["Items"]
    if found["Name"] == "production"
)
config.start_deployment(
    **profile, EnvironmentId=environment, ConfigurationVersion=str(version), DeploymentStrategyId=at_once
)
# A new sandbox does not wait for the next poll.
variables = lambdas.get_function_configuration(FunctionName=ids["Offers"])["Environment"]["Variables"]
lambdas.update_function_configuration(
    FunctionName=ids["Offers"], Environment={"Variables": {**variables, "GENERATION": "2"}}
)
lambdas.get_waiter("function_updated_v2").wait(FunctionName=ids["Offers"])
report["second"] = ask()

# AppConfig has no profile for this function any more: the shop still works.
lambdas.update_function_configuration(
    FunctionName=ids["Offers"], Environment={"Variables": {**variables, "FLAGS_PROFILE": "nowhere"}}
)
lambdas.get_waiter("function_updated_v2").wait(FunctionName=ids["Offers"])
report["without"] = ask()
report["log"] = stack.log()
report["monitors"] = config.get_environment(ApplicationId=ids["Shop"], EnvironmentId=environment)["Monitors"]
alarms = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
report["alarms"] = {alarm["AlarmArn"]: alarm["MetricName"] for alarm in alarms}
print(json.dumps(report))
