"""Deploys examples/flags/template.yaml into the engine, asks for offers, deploys other flags, asks again, and prints the answers.

Usage: offers.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys

from stack import Api, Stack

stack = Stack(*sys.argv[1:4], "shop-flags")
made, config, lambdas = stack.made, stack.client("appconfig"), stack.client("lambda")
api = Api(stack, made["Api"], made["Offers"])
asked = {
    "usual": "umbrella",
    "premium": "umbrella?tier=premium&customer=20",
    "new checkout": "umbrella?customer=119",
    "unknown": "anvil",
}


def ask():
    return {name: api.call("GET", f"/offers/{path}") for name, path in asked.items()}


told = {"first": ask()}

# Another document, which everybody gets at once.
document = json.loads((stack.example / "flags.json").read_text())
document["discount"]["default"] = 50
profile = {"ApplicationId": made["Shop"], "ConfigurationProfileId": made["Features"]}
version = config.create_hosted_configuration_version(
    **profile, Content=json.dumps(document).encode(), ContentType="application/json"
)["VersionNumber"]
at_once = config.create_deployment_strategy(
    Name="at-once", DeploymentDurationInMinutes=0, FinalBakeTimeInMinutes=0, GrowthFactor=100, ReplicateTo="NONE"
)["Id"]
config.start_deployment(
    **profile, EnvironmentId=made["Production"], ConfigurationVersion=str(version), DeploymentStrategyId=at_once
)
# A new sandbox does not wait until it is time to poll.
variables = lambdas.get_function_configuration(FunctionName=made["Offers"])["Environment"]["Variables"]
lambdas.update_function_configuration(
    FunctionName=made["Offers"], Environment={"Variables": {**variables, "GENERATION": "2"}}
)
lambdas.get_waiter("function_updated_v2").wait(FunctionName=made["Offers"])
told["second"] = ask()

# AppConfig has nothing for this function any more: the shop goes on.
lambdas.update_function_configuration(
    FunctionName=made["Offers"], Environment={"Variables": {**variables, "FLAGS_PROFILE": "nowhere"}}
)
lambdas.get_waiter("function_updated_v2").wait(FunctionName=made["Offers"])
told["without"] = ask()
told["log"] = stack.log()
print(json.dumps(told))
