"""Deploys examples/rotation/template.yaml into the engine, rotates its secret as Secrets Manager does, and deletes the stack.

Usage: rotation.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES

The engine has no rotation schedule, and its RotateSecret calls no function. So this page calls the function for each step, with a
pending version that has a value: the engine knows no version without one. Its RotateSecret makes a copy of the current version the
current one, and notes that the rotation is enabled.
"""

import hashlib
import json
import sys
import uuid

from stack import Stack


class WithoutSchedule(Stack):
    def create(self, template):
        template = json.loads(template)
        del template["Resources"]["Schedule"]
        return super().create(json.dumps(template))


stack = WithoutSchedule(*sys.argv[1:4], "rotation")
ids, lambdas, dynamodb = stack.ids, stack.client("lambda"), stack.client("dynamodb")
secrets = stack.client("secretsmanager")


def key(stage="AWSCURRENT"):
    return json.loads(secrets.get_secret_value(SecretId=ids["ApiKey"], VersionStage=stage)["SecretString"])["key"]


def digest(of):
    return hashlib.sha256(of.encode()).hexdigest()


def accepted():
    """Returns the digests of the keys of the account; `None` if there is no account."""
    pk = {"pk": {"S": "rotation"}, "sk": {"S": "-"}}
    item = dynamodb.get_item(TableName=ids["Accounts"], Key=pk, ConsistentRead=True).get("Item")
    return item and sorted(item["keys"]["M"])


def call(step, token):
    event = {"Step": step, "SecretId": ids["ApiKey"], "ClientRequestToken": token}
    answer = lambdas.invoke(FunctionName=ids["Rotate"], Payload=json.dumps(event))
    return answer.get("FunctionError") and json.loads(answer["Payload"].read())["errorMessage"]


first = key()
report = {"account": ids["Account"], "created": accepted() == [digest(first)]}

token, pending = str(uuid.uuid4()), "canary-7f3a-pending"
value = json.dumps({"account": "rotation", "key": pending, "endpoint": "https://partner.example.com"})
secrets.put_secret_value(SecretId=ids["ApiKey"], ClientRequestToken=token, SecretString=value, VersionStages=["AWSPENDING"])
report["disabled"] = call("createSecret", token)
secrets.rotate_secret(SecretId=ids["ApiKey"], RotationLambdaARN=ids["Rotate"], RotationRules={"AutomaticallyAfterDays": 30})
report["too early"] = [call(step, token) for step in ("testSecret", "finishSecret")]
steps = ["createSecret", "setSecret", "testSecret", "finishSecret"]
# Each step twice, and all of them again at the end.
report["errors"] = [call(step, token) for step in [each for step in steps for each in (step, step)] + steps]
report["rotated"] = key() == pending
report["previous"] = key("AWSPREVIOUS") == first
report["both keys"] = accepted() == sorted([digest(pending), digest(first)])
report["unknown version"] = call("setSecret", str(uuid.uuid4()))

cloudformation = stack.client("cloudformation")
cloudformation.delete_stack(StackName="rotation")
cloudformation.get_waiter("stack_delete_complete").wait(StackName="rotation", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
report["deleted"] = accepted() is None
print(json.dumps(report))
