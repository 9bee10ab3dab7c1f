"""Makes two user pools in the engine, signs in, and prints what is issued: tokens by name, and where the keys are.

A user pool signs no token that is expired or misshapen. Those are of a key of this script, which the second key set adds to those of the
pool: their claims are the ones of a token of the pool, with the change that their name says.
"""

import base64
import json
import sys
import time
import urllib.parse
import urllib.request

import boto3
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

endpoint = sys.argv[1]
cognito = boto3.client("cognito-idp")
PASSWORD = "Correct-horse-7"


def pool(name):
    id = cognito.create_user_pool(PoolName=name)["UserPool"]["Id"]
    cognito.admin_create_user(UserPoolId=id, Username="ada", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=id, Username="ada", Password=PASSWORD, Permanent=True)
    cognito.create_group(UserPoolId=id, GroupName="staff")
    cognito.admin_add_user_to_group(UserPoolId=id, Username="ada", GroupName="staff")
    return id


def client(pool_id, name):
    made = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName=name, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )
    return made["UserPoolClient"]["ClientId"]


def sign_in(client_id):
    parameters = {"USERNAME": "ada", "PASSWORD": PASSWORD}
    result = cognito.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)
    return result["AuthenticationResult"]


def service_token(pool_id):
    scopes = [{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")]
    cognito.create_resource_server(UserPoolId=pool_id, Identifier="orders", Name="orders", Scopes=scopes)
    made = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="service",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["orders/read", "orders/write"],
        AllowedOAuthFlowsUserPoolClient=True,
    )["UserPoolClient"]
    form = {"grant_type": "client_credentials", "client_id": made["ClientId"], "scope": "orders/read"}
    credentials = base64.b64encode(f"{made['ClientId']}:{made['ClientSecret']}".encode()).decode()
    request = urllib.request.Request(
        f"{endpoint}/oauth2/token", urllib.parse.urlencode(form).encode(), {"Authorization": f"Basic {credentials}"}
    )
    with urllib.request.urlopen(request) as response:
        return made["ClientId"], json.load(response)["access_token"]


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def claims_of(token):
    return json.loads(decoded(token.split(".")[1]))


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def own_key():
    numbers = KEY.public_key().public_numbers()
    number = lambda value: encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
    return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "own", "n": number(numbers.n), "e": number(numbers.e)}


def sign(claims, header=None, hash=hashes.SHA256()):
    """A token of the script's key. A claim or a member of the header that is None is left out."""
    left = lambda members: json.dumps({name: value for name, value in members.items() if value is not None})
    header = {"alg": "RS256", "kid": "own", **(header or {})}
    text = f"{encoded(left(header).encode())}.{encoded(left(claims).encode())}"
    if header["alg"] == "none":
        return f"{text}."
    if header["alg"] == "HS256":
        pem = KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        mac = hmac.HMAC(pem, hashes.SHA256())
        mac.update(text.encode())
        return f"{text}.{encoded(mac.finalize())}"
    return f"{text}.{encoded(KEY.sign(text.encode(), padding.PKCS1v15(), hash))}"


def tampered(token, change):
    header, payload, signature = token.split(".")
    claims = json.loads(decoded(payload))
    claims.update(change)
    return f"{header}.{encoded(json.dumps(claims).encode())}.{signature}"


pool_id = pool("users")
app, other_app = client(pool_id, "app"), client(pool_id, "other")
user, other_user = sign_in(app), sign_in(other_app)
access, id_token = user["AccessToken"], user["IdToken"]
service, service_access = service_token(pool_id)
other_pool = pool("others")

claims, id_claims, now = claims_of(access), claims_of(id_token), int(time.time())
tokens = {
    "access": access,
    "ID": id_token,
    "access of another client": other_user["AccessToken"],
    "ID of another client": other_user["IdToken"],
    "access of another pool": sign_in(client(other_pool, "app"))["AccessToken"],
    "access of a service": service_access,
    "access, signature of the ID token": access.rsplit(".", 1)[0] + "." + id_token.rsplit(".", 1)[1],
    "access, another user": tampered(access, {"username": "eve"}),
    "access, later expiry": tampered(access, {"exp": claims["exp"] + 1}),
    "access, without signature": access.rsplit(".", 1)[0] + ".",
    "refresh": user["RefreshToken"],
    "empty": "",
    "own": sign(claims),
    "own, expired an hour ago": sign({**claims, "exp": now - 3600}),
    "own, expired 30 s ago": sign({**claims, "exp": now - 30}),
    "own, without expiry": sign({**claims, "exp": None}),
    "own, expiry as text": sign({**claims, "exp": str(claims["exp"])}),
    "own, not before an hour from now": sign({**claims, "nbf": now + 3600}),
    "own, issued an hour from now": sign({**claims, "iat": now + 3600}),
    "own, without use": sign({**claims, "token_use": None}),
    "own, unknown use": sign({**claims, "token_use": "refresh"}),
    "own, without client": sign({**claims, "client_id": None}),
    "own, client as audience": sign({**claims, "client_id": None, "aud": app}),
    "own, updated issuer": sign({**claims, "iss": claims["iss"].replace("cognito-idp", "issuer-cognito-idp")}),
    "own, issuer with a slash": sign({**claims, "iss": claims["iss"] + "/"}),
    "own, without issuer": sign({**claims, "iss": None}),
    "own, without key id": sign(claims, {"kid": None}),
    "own, unknown key id": sign(claims, {"kid": "another"}),
    "own, key id of the pool": sign(claims, {"kid": json.loads(decoded(access.split(".")[0]))["kid"]}),
    "own, RS384": sign(claims, {"alg": "RS384"}, hashes.SHA384()),
    "own, RS256 signed as RS384": sign(claims, hash=hashes.SHA384()),
    "own, HS256 with the public key": sign(claims, {"alg": "HS256"}),
    "own, none": sign(claims, {"alg": "none"}),
    "own, critical extension": sign(claims, {"crit": ["exp"]}),
    "own, two scopes": sign({**claims, "scope": "orders/read orders/write"}),
    "own, scope as a list": sign({**claims, "scope": ["orders/read"]}),
    "own, group as text": sign({**claims, "cognito:groups": "staff"}),
    "own, 12 KiB": sign({**claims, "custom": "x" * 9000}),
    "own ID": sign(id_claims),
    "own ID, several audiences": sign({**id_claims, "aud": [app, "another"]}),
    "own ID, without audience": sign({**id_claims, "aud": None}),
}

keys = f"{endpoint}/{pool_id}/.well-known/jwks.json"
with urllib.request.urlopen(keys) as response:
    pool_keys = json.load(response)["keys"]
both = {"keys": [*pool_keys, own_key()]}
storage = boto3.client("s3")
storage.create_bucket(Bucket="keys")
storage.put_object(Bucket="keys", Key="jwks.json", Body=json.dumps(both))
print(json.dumps({
    "pool": pool_id,
    "clients": {"app": app, "other": other_app, "service": service},
    "tokens": tokens,
    "pool keys": {"url": keys, "jwks": {"keys": pool_keys}},
    "both keys": {"url": f"{endpoint}/keys/jwks.json", "jwks": both},
}))
