// `POST /users` and a queue of orders, with Powertools for AWS Lambda (TypeScript).
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";

import { Router } from "@aws-lambda-powertools/event-handler/http";
import { cors } from "@aws-lambda-powertools/event-handler/http/middleware";
import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { z } from "zod";

const logger = new Logger();
const metrics = new Metrics({ namespace: "Shop" });
const app = new Router({ logger });
app.use(cors({
  origin: "https://app.example.com",
  allowMethods: ["POST"],
  allowHeaders: ["content-type"],
}));

const body = z.object({
  email: z.string().regex(/@/),
  name: z.string().min(1).max(100),
});

app.post("/users", async ({ valid }) => {
  const user = await insert(valid.req.body);
  metrics.addMetric("Users", MetricUnit.Count, 1);
  logger.info("created", { user: user.id });
  return { statusCode: 201, body: JSON.stringify(user) };
}, { validation: { req: { body } } });

class EmailTaken extends Error {}
app.errorHandler(EmailTaken, async ({ message }) => ({ statusCode: 409, message }));

// Stands for the table.
async function insert({ email, name }) {
  if (email === "taken@example.com") throw new EmailTaken("the address is taken");
  if (email === "boom@example.com") throw new Error("the table is gone");
  return { id: 7, email, name };
}

export const createUser = async (event, context) => {
  logger.addContext(context);
  logger.setCorrelationId(event.requestContext.requestId);
  try {
    return await app.resolve(event, context);
  } finally {
    metrics.publishStoredMetrics();
  }
};

// The worker of the queue.
const processor = new BatchProcessor(EventType.SQS);

async function shipOrder(record) {
  const order = JSON.parse(record.body);
  if (typeof order.id !== "number") throw new Error("an order has an id");
  if (order.id === 13) throw new Error("out of stock");
  logger.info("shipped", { order: order.id });
}

export const ship = async (event, context) => {
  logger.resetKeys();
  logger.addContext(context);
  return processPartialResponse(event, shipOrder, processor, { context });
};
