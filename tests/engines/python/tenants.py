"""Deploys examples/tenants/template.yaml into the engine, uses it as the users of two tenants, and prints the responses.

Usage: tenants.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from stack import Api, Stack
from users import Users, bearer, forged

stack = Stack(*sys.argv[1:4], "tenants")
ids = stack.ids
api = Api(stack, ids["Api"], ids["Notes"])
users = Users(stack, ids["Users"], ids["App"])
# The engine issues tokens in the name of AWS, and serves the keys itself.
stack.set_variable(ids["Notes"], "PILASTER_JWT_JWKS_URI", f"{stack.endpoint}/{ids['Users']}/.well-known/jwks.json")
acme = users.tokens("ada", tenant="acme")
globex = users.tokens("grace", tenant="globex")
foreign = users.of_another_pool().tokens("grace", tenant="globex")


def call(token, method, path, body=None, **headers):
    return api.call(method, path, body, **bearer(token), **headers)


report = {
    "acme writes": call(acme["IdToken"], "PUT", "/notes/plan", {"text": "of acme"}),
    "globex writes": call(globex["IdToken"], "PUT", "/notes/plan", {"text": "of globex"}),
    "acme reads": call(acme["IdToken"], "GET", "/notes/plan", **{"x-tenant": "globex"}),
    "globex reads": call(globex["IdToken"], "GET", "/notes/plan"),
    "acme names globex in the path": call(acme["IdToken"], "GET", "/notes/tenant%23globex"),
    "acme names globex in the cursor": call(acme["IdToken"], "GET", "/notes?after=..%2Ftenant%23globex%2Fnote%23"),
    "acme names globex in the body": call(acme["IdToken"], "PUT", "/notes/plan", {"text": "x", "tenant": "globex"}),
    "acme deletes": call(acme["IdToken"], "DELETE", "/notes/plan"),
    "globex still reads": call(globex["IdToken"], "GET", "/notes/plan"),
    "no token": api.call("GET", "/notes/plan"),
    "forged token": call(forged(globex["IdToken"]), "GET", "/notes/plan"),
    "foreign issuer": call(foreign["IdToken"], "GET", "/notes/plan"),
    "access token": call(globex["AccessToken"], "GET", "/notes/plan"),
}
# Two tenants at once: one of them sends more than its limit, in a burst.
with ThreadPoolExecutor(17) as callers:
    others = callers.submit(lambda: [call(globex["IdToken"], "GET", "/notes") for _ in range(10)])
    many = list(callers.map(lambda _: call(acme["IdToken"], "GET", "/notes"), range(130)))
    report["globex meanwhile"] = [answer["status"] for answer in others.result()]
report["many"] = [answer["status"] for answer in many]
report["refused"] = [answer for answer in many if answer["status"] == 429]
report["globex at last"] = call(globex["IdToken"], "GET", "/notes")
items = stack.client("dynamodb").scan(TableName=ids["Tenants"])["Items"]
report["items"] = sorted([item["pk"]["S"], item["sk"]["S"]] for item in items)
report["counts"] = [
    [item["id"]["S"], "expiration" in item] for item in stack.client("dynamodb").scan(TableName=ids["Limits"])["Items"]
]
report["log"] = stack.log()
print(json.dumps(report))
