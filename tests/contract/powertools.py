"""Prints the OpenAPI document that Powertools makes of the routes of crud."""

from datetime import datetime
from typing import Annotated, Optional
from uuid import UUID

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, ConfigDict, Field

Email = Annotated[str, Field(max_length=254, json_schema_extra={"format": "email"})]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Version = Annotated[int, Field(ge=0)]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewUser(Input):
    email: Email
    name: Name


class UserPatch(Input):
    version: Version
    email: Optional[Email] = None
    name: Optional[Name] = None


class User(BaseModel):
    id: UUID
    email: str
    name: str
    version: Version
    created_at: datetime


class UserPage(BaseModel):
    users: list[User]
    next: Optional[UUID] = None


app = APIGatewayHttpResolver(enable_validation=True)
Id = Annotated[UUID, Path()]


@app.post("/users", status_code=201, tags=["users"])
def create_user(new: NewUser) -> User: ...


@app.get("/users", tags=["users"])
def list_users(
    limit: Annotated[Optional[int], Query(ge=1, le=100)] = None, cursor: Annotated[Optional[UUID], Query()] = None
) -> UserPage: ...


@app.get("/users/<id>", tags=["users"])
def get_user(id: Id) -> User: ...


@app.patch("/users/<id>", tags=["users"])
def update_user(id: Id, patch: UserPatch) -> User: ...


@app.delete("/users/<id>", status_code=204, tags=["users"])
def delete_user(id: Id) -> None: ...


print(app.get_openapi_json_schema(title="crud", version="0.0.0"))
