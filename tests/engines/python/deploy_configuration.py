"""Deploys a configuration into AppConfig, for tests/aws/parameters.rs: application, environment, profile, then the content on stdin."""

import sys

import boto3

application, environment, profile = sys.argv[1:]
client = boto3.client("appconfig")


def found(items, name):
    return next((item["Id"] for item in items if item["Name"] == name), None)


app = found(client.list_applications()["Items"], application) or client.create_application(Name=application)["Id"]
ids = {"ApplicationId": app}
env = found(client.list_environments(**ids)["Items"], environment)
env = env or client.create_environment(**ids, Name=environment)["Id"]
prof = found(client.list_configuration_profiles(**ids)["Items"], profile)
prof = prof or client.create_configuration_profile(**ids, Name=profile, LocationUri="hosted")["Id"]
version = client.create_hosted_configuration_version(
    **ids, ConfigurationProfileId=prof, Content=sys.stdin.buffer.read(), ContentType="application/json"
)["VersionNumber"]
# AWS's own strategies bake for ten minutes, and block the next deployment until then.
strategy = found(client.list_deployment_strategies()["Items"], "now") or client.create_deployment_strategy(
    Name="now", DeploymentDurationInMinutes=0, FinalBakeTimeInMinutes=0, GrowthFactor=100, ReplicateTo="NONE"
)["Id"]
client.start_deployment(
    **ids,
    EnvironmentId=env,
    ConfigurationProfileId=prof,
    ConfigurationVersion=str(version),
    DeploymentStrategyId=strategy,
)
