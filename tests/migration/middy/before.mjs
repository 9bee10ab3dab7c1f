// `POST /users` and a queue of orders, with middy.
import eventNormalizer from "@middy/event-normalizer";
import sqsPartialBatchFailure from "@middy/sqs-partial-batch-failure";

import middy from "@middy/core";
import cors from "@middy/http-cors";
import errorHandler from "@middy/http-error-handler";
import jsonBodyParser from "@middy/http-json-body-parser";
import securityHeaders from "@middy/http-security-headers";
import { createError } from "@middy/util";
import validator from "@middy/validator";
import { transpileSchema } from "@middy/validator/transpile";

const email = { type: "string", pattern: "@" };
const name = { type: "string", minLength: 1, maxLength: 100 };
const fields = ["email", "name"];
const body = { type: "object", required: fields, properties: { email, name } };
const eventSchema = { type: "object", required: ["body"], properties: { body } };

export const createUser = middy()
  .use(cors({
    disableBeforePreflightResponse: false,
    origins: ["https://app.example.com"],
    methods: "POST",
    headers: "content-type",
  }))
  .use(securityHeaders())
  .use(errorHandler({ fallbackMessage: "Internal Server Error" }))
  .use(jsonBodyParser())
  .use(validator({ eventSchema: transpileSchema(eventSchema) }))
  .handler(async (event) => {
    const user = await insert(event.body);
    return {
      statusCode: 201,
      headers: {
        "content-type": "application/json",
        location: `/users/${user.id}`,
      },
      body: JSON.stringify(user),
    };
  });

// Stands for the table.
async function insert({ email, name }) {
  if (email === "taken@example.com") throw createError(409, "the address is taken");
  if (email === "boom@example.com") throw new Error("the table is gone");
  if (email === "busy@example.com") throw createError(503, "the table is busy");
  return { id: 7, email, name };
}

const age = { type: "integer" };
const changes = { type: "object", properties: { age, nick: { type: "string" }, initials: { type: "string", minLength: 2 } } };

export const changeUser = middy()
  .use(errorHandler({ fallbackMessage: "Internal Server Error" }))
  .use(jsonBodyParser())
  .use(validator({ eventSchema: transpileSchema({ type: "object", properties: { body: changes } }) }))
  .use({
    onError: (request) => {
      if (request.error.statusCode === 409) request.response = { statusCode: 200, body: "replaced" };
    },
  })
  .handler(async ({ body: { age, nick, initials } }) => {
    if (nick === "taken") throw createError(409, "the nick is taken");
    return {
      statusCode: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ age, nick, initials }),
    };
  });

export const ship = middy()
  .use(eventNormalizer())
  .use(sqsPartialBatchFailure())
  .handler((event) => Promise.allSettled(event.Records.map(({ body }) => shipOrder(body))));

async function shipOrder(order) {
  if (typeof order.id !== "number") throw new Error("an order has an id");
  if (order.id === 13) throw new Error("out of stock");
}
