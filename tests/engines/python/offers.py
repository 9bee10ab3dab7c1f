"""Deploys examples/flags/template.yaml into the engine, requests offers, deploys other flags, requests them again, and prints the responses.

Usage: offers.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from stack import Api, Stack

stack = Stack(*sys.argv[1:4], "shop-flags")
ids, config, lambdas = stack.ids, stack.client("appconfig"), stack.client("lambda")
api = Api(stack, ids["Api"], ids["Offers"])
PATHS = {
    "usual": "umbrella",
    "premium": "umbrella?tier=premium&customer=20",
    "new checkout": "umbrella?customer=119",
    "unknown": "anvil",
}


def ask():
    return {name: api.call("GET", f"/offers/{path}") for name, path in PATHS.items()}


report = {"first": ask()}

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
config.start_deployment(
    **profile, EnvironmentId=ids["Production"], ConfigurationVersion=str(version), DeploymentStrategyId=at_once
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
print(json.dumps(report))
