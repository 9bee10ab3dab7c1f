"""Action groups of Bedrock Agents, with Powertools for AWS Lambda (Python)."""

from aws_lambda_powertools.event_handler import BedrockAgentFunctionResolver, BedrockAgentResolver, BedrockFunctionResponse
from aws_lambda_powertools.event_handler.api_gateway import BedrockResponse
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from pydantic import BaseModel

app, routes = BedrockAgentFunctionResolver(), BedrockAgentResolver(enable_validation=True)


@app.tool(name="submitVacationRequest")
def submit_vacation_request(startDate, endDate):
    return {"from": startDate, "to": endDate}


def value_of(value):
    return {"value": value}


for name in ["text", "integer", "unsigned", "number", "boolean", "integers", "words", "items"]:
    app.tool(name=name)(value_of)


@app.tool()
def optional(value=None):
    return {"value": value}


@app.tool()
def none():
    return {"ran": True}


@app.tool()
def greet():
    return "hello"


@app.tool()
def nothing():
    return None


@app.tool()
def fails():
    raise RuntimeError("secret db host")


@app.tool()
def refuses():
    raise ValueError("no days are left")


@app.tool()
def fails_for_good():
    return BedrockFunctionResponse("no days are left", response_state="FAILURE")


@app.tool()
def asks():
    return BedrockFunctionResponse("which days?", response_state="REPROMPT")


@app.tool()
def remembers():
    attributes = {**app.current_event.session_attributes, "last": "vacation"}
    return BedrockFunctionResponse({"ran": True}, session_attributes=attributes)


@app.tool()
def forgets():
    return BedrockFunctionResponse({"ran": True}, session_attributes={}, prompt_session_attributes={})


@app.tool()
def looks_up():
    bases = [{"knowledgeBaseId": "KB1", "retrievalConfiguration": {"vectorSearchConfiguration": {"numberOfResults": 3}}}]
    return BedrockFunctionResponse({"ran": True}, knowledge_bases=bases)


class Reminder(BaseModel):
    claimId: str
    pendingDocuments: str


@routes.get("/claims", description="Lists the claims.")
def claims() -> list[str]:
    return ["1", "2"]


@routes.get("/claims/<claim_id>", description="Returns a claim.")
def claim(claim_id: str) -> dict:
    if claim_id == "nope":
        raise NotFoundError("there is no such claim")
    if claim_id == "boom":
        raise RuntimeError("secret db host")
    return {"id": claim_id}


@routes.post("/send-reminders", description="Sends reminders.")
def send_reminders(reminder: Reminder) -> dict:
    return {"claim": reminder.claimId, "documents": reminder.pendingDocuments}


@routes.get("/search", description="Searches claims.")
def search(text: str, limit: int = 10) -> dict:
    return {"text": text, "limit": limit}


@routes.post("/session", description="Keeps the session.")
def session() -> dict:
    attributes = {**routes.current_event.session_attributes, "last": "claim"}
    return BedrockResponse(body={"ran": True}, session_attributes=attributes)


def agent(event, context):
    return app.resolve(event, context)


def api(event, context):
    return routes.resolve(event, context)
