"""`POST /users` and a queue of orders, with Powertools for AWS Lambda (Python)."""

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, CORSConfig
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_HTTP
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, Field

logger = Logger()
metrics = Metrics(namespace="Shop")
cors = CORSConfig(allow_origin="https://app.example.com")
app = APIGatewayHttpResolver(cors=cors, enable_validation=True)


class NewUser(BaseModel):
    email: str = Field(pattern="@")
    name: str = Field(min_length=1, max_length=100)


@app.post("/users")
def create_user(new: NewUser):
    user = insert(new)
    metrics.add_metric(name="Users", unit=MetricUnit.Count, value=1)
    logger.info("created", extra={"user": user["id"]})
    return user, 201


# Stands for the table.
def insert(new):
    if new.email == "taken@example.com":
        raise ServiceError(409, "the address is taken")
    if new.email == "boom@example.com":
        raise RuntimeError("the table is gone")
    return {"id": 7, "email": new.email, "name": new.name}


@metrics.log_metrics
@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_HTTP)
def handler(event, context):
    return app.resolve(event, context)


# The worker of the queue.
processor = BatchProcessor(event_type=EventType.SQS)


def ship_order(record):
    order = record.json_body
    if order["id"] == 13:
        raise RuntimeError("out of stock")
    logger.info("shipped", extra={"order": order["id"]})


@logger.inject_lambda_context
def ship(event, context):
    return process_partial_response(
        event=event, record_handler=ship_order, processor=processor, context=context
    )
