"""Counts the instructions of a function from its start to its first request for an event, by callgrind: `start.py BINARY`.

It answers nothing, and ends the function once the request is there.
"""

import os
import re
import signal
import socket
import subprocess
import sys

with socket.create_server(("127.0.0.1", 0)) as api:
    api.settimeout(120)
    function = subprocess.Popen(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.argv[1]],
        env={
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % api.getsockname()[1],
            "AWS_LAMBDA_FUNCTION_NAME": "start",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/start",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
            "AWS_REGION": "eu-central-1",
            "POWERTOOLS_SERVICE_NAME": "start",
            "PATH": os.environ["PATH"],
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        connection, _ = api.accept()
        with connection:
            connection.settimeout(120)
            request = connection.recv(65536)
            if not request.startswith(b"GET /2018-06-01/runtime/invocation/next "):
                sys.exit("the first request is not one for an event")
            function.send_signal(signal.SIGTERM)
            printed = function.stderr.read()
    finally:
        function.kill()
        function.wait()

print(re.search(r"Collected : (\d+)", printed).group(1))
