#!/usr/bin/env python3
"""A stand-in for DynamoDB and Secrets Manager, over HTTPS with a certificate of its own authority: `mock.py FOLDER`.

It prints a line of JSON with its address and the file of certificates, those of the system and its own: a client that reads them does
as much as on Lambda. It ends when its standard input is closed.
"""
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import threading

SYSTEM = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
NAMES = """subjectAltName=DNS:localhost
basicConstraints=CA:FALSE
keyUsage=digitalSignature
extendedKeyUsage=serverAuth
"""


def certificates(folder):
    """Makes an authority and a certificate for localhost, with keys of RSA as AWS has them."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "bundle.pem").exists():
        return
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=bench", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "leaf.key", "-out", "leaf.csr")
    (folder / "names").write_text(NAMES)
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "3650",
            "-extfile", "names", "-out", "leaf.pem")
    (folder / "bundle.pem").write_text(SYSTEM.read_text() + (folder / "ca.pem").read_text())


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("x-amz-target", "").startswith("DynamoDB"):
            kind, body = "application/x-amz-json-1.0", {"Item": {"id": {"S": "1"}}}
        else:
            kind = "application/x-amz-json-1.1"
            body = {"ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:database", "Name": "database",
                    "VersionId": "1", "SecretString": '{"password":"swordfish"}'}
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        self.send_header("x-amzn-requestid", "0123456789")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


folder = pathlib.Path(sys.argv[1]).absolute()
certificates(folder)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(json.dumps({"url": f"https://localhost:{server.server_port}", "certificates": str(folder / "bundle.pem")}), flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
