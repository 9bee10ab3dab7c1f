"""Channels of AppSync Events, with Powertools for AWS Lambda (Python)."""

from aws_lambda_powertools.event_handler import AppSyncEventsResolver
from aws_lambda_powertools.event_handler.events_appsync.exceptions import UnauthorizedException

app, specific = AppSyncEventsResolver(), AppSyncEventsResolver()


class Refused(Exception):
    pass


def act(word):
    if word == "fail":
        raise RuntimeError("secret db host")
    if word == "refuse":
        raise Refused("the text is too long")
    if word == "deny":
        raise UnauthorizedException("the client is not authorized to make this call")


@app.on_publish("/default/*")
@app.on_publish("/request/channel")
def moderate(payload):
    word = payload.get("do") if isinstance(payload, dict) else None
    act(word)
    return None if word == "drop" else {"seen": payload, "on": app.current_event.info.channel_path}


@app.on_publish("/metrics/*", aggregate=True)
def ingest(payload):
    events = []
    for number, event in enumerate(payload):
        word = event["payload"].get("do") if isinstance(event["payload"], dict) else None
        act(word)
        if word == "reject":
            events.append({"id": event["id"], "error": "not a reading"})
        elif word != "drop":
            id = "invented" if word == "invent" else event["id"]
            events.extend([{"id": id, "payload": {"n": number}}] * (2 if word == "repeat" else 1))
    return events


@app.on_subscribe("/default/*")
@app.on_subscribe("/request/channel")
def admit():
    act(app.current_event.info.channel_segments[-1])


@specific.on_publish("/*")
def all_channels(payload):
    return "/*"


@specific.on_publish("/a/*")
def below_a(payload):
    return "/a/*"


@specific.on_publish("/a/b/c")
def exactly(payload):
    return "/a/b/c"


@specific.on_publish("/a/b/*")
def below_b(payload):
    return "/a/b/*"


def handle(event, context):
    return app.resolve(event, context)


# Pilaster's passes channels without a handler on, as Powertools does.
passing = handle


def find(event, context):
    return specific.resolve(event, context)
