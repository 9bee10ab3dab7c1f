"""Fields of AppSync and an authorizer, with Powertools for AWS Lambda (Python)."""

from aws_lambda_powertools.event_handler import AppSyncResolver
from aws_lambda_powertools.utilities.data_classes.appsync_authorizer_event import (
    AppSyncAuthorizerEvent,
    AppSyncAuthorizerResponse,
)

app = AppSyncResolver()


class NotFound(Exception):
    pass


class UnauthorizedException(Exception):
    pass


@app.resolver(type_name="Mutation", field_name="createSomething")
def create_something(id):
    return {"id": id, "user": app.current_event.identity.username}


@app.batch_resolver(type_name="Mutation", field_name="createSomething", aggregate=False)
def create_each(event, user_id):
    return {"id": user_id, "user": event.identity.username}


@app.resolver(type_name="Merchant", field_name="locations")
def locations(page, size, name):
    return [{"name": name, "page": page, "size": size, "of": app.current_event.source["name"]}]


@app.resolver(type_name="Query", field_name="echo")
def echo(**arguments):
    return arguments


@app.resolver(type_name="Query", field_name="post")
def post(id, title=None):
    return {"id": id, "title": title}


@app.resolver(type_name="Query", field_name="first")
def first(first=10):
    return first


@app.resolver(type_name="Query", field_name="value")
def value(json):
    return json


@app.resolver(type_name="Query", field_name="kind")
def kind():
    kinds = {"NoneType": "ApiKey", "AppSyncIdentityCognito": "Cognito", "AppSyncIdentityIAM": "Iam"}
    return kinds[type(app.current_event.identity).__name__]


@app.resolver(type_name="Query", field_name="user")
def user():
    identity = app.current_event.identity
    return identity.username if identity else None


@app.resolver(type_name="Query", field_name="pipeline")
def pipeline():
    event = app.current_event
    return {"selected": event.info.selection_set_list, "stash": event.stash, "prev": event.prev_result}


@app.resolver(type_name="Query", field_name="fails")
def fails():
    raise RuntimeError("secret db host")


@app.resolver(type_name="Query", field_name="refuses")
def refuses():
    raise NotFound("there is no such post")


@app.resolver(type_name="Query", field_name="denies")
def denies():
    raise UnauthorizedException("the client is not authorized to make this call")


def author_of(event):
    if event.source["author"] == "boom":
        raise RuntimeError("secret db host")
    if event.source["author"] == "nobody":
        raise NotFound("there is no author")
    return event.source["author"]


@app.resolver(type_name="Post", field_name="author")
def author():
    return author_of(app.current_event)


@app.batch_resolver(type_name="Post", field_name="author", aggregate=False)
def author_of_each(event):
    return author_of(event)


@app.batch_resolver(type_name="Post", field_name="strictAuthor", aggregate=False, raise_on_error=True)
def strict_author(event):
    return author_of(event)


@app.batch_resolver(type_name="Post", field_name="relatedPosts")
def related_posts(event):
    return [{"of": one.source["id"], "in": len(event)} for one in event]


@app.batch_resolver(type_name="Post", field_name="lost")
def lost(event):
    raise RuntimeError("secret db host")


def resolve(event, context):
    return app.resolve(event, context)


def authorize(event, context):
    if AppSyncAuthorizerEvent(event).authorization_token.startswith("BE9DC5E3"):
        context = {"name": "Foo Man", "balance": "100"}
        return AppSyncAuthorizerResponse(True, 15, context, ["Mutation.createEvent"]).asdict()
    return AppSyncAuthorizerResponse(False, 0).asdict()
