"""Deploys examples/stream/template.yaml into the engine, calls its function URL, and prints the responses.

Usage: stream.py ENDPOINT FOLDER_OF_THE_EXAMPLE FOLDER_OF_BINARIES. The engine sends a streamed response as a whole.
"""

import json
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from stack import Stack

stack = Stack(*sys.argv[1:4], "stream")
[config] = stack.client("lambda").list_function_url_configs(FunctionName=stack.ids["Events"])["FunctionUrlConfigs"]
host = urlsplit(config["FunctionUrl"]).netloc


def call(body=None, is_signed=True, **headers):
    """Returns the status and the text of a response."""
    data = None if body is None else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()} | {"host": host}
    if data:
        headers["content-type"] = "application/json"
    request = AWSRequest("POST" if data else "GET", f"{config['FunctionUrl']}?order=o-1", headers=headers, data=data)
    if is_signed:
        SigV4Auth(Credentials("test", "test"), "lambda", "us-east-1").add_auth(request)
    url = f"{stack.endpoint}/?order=o-1"
    request = urllib.request.Request(url, method=request.method, data=data, headers=dict(request.headers.items()))
    try:
        response = urllib.request.urlopen(request, timeout=90)
    except urllib.error.HTTPError as error:
        response = error
    return {"status": response.status, "type": response.headers.get("content-type"), "text": response.read().decode()}


report = {"mode": config["InvokeMode"], "unsigned": call(is_signed=False), "unknown": call()}
report["appended"] = [call({"status": status})["status"] for status in ("placed", "paid")]
with ThreadPoolExecutor() as pool:
    following = pool.submit(call)
    # The response is open while these are appended.
    for status in ("shipped", "delivered"):
        report["appended"].append(call({"status": status})["status"])
    report["followed"] = following.result()
report["continued"] = call(last_event_id="2")
report["at the end"] = call(last_event_id="4")
report["log"] = stack.log()
print(json.dumps(report))
