// Action groups of Bedrock Agents with function details, with Powertools for AWS Lambda (TypeScript), which has no resolver of OpenAPI schemas.
import { BedrockAgentFunctionResolver, BedrockFunctionResponse } from "@aws-lambda-powertools/event-handler/bedrock-agent";

const app = new BedrockAgentFunctionResolver();
const tool = (name, handler) => app.tool(handler, { name, description: name });

tool("submitVacationRequest", ({ startDate, endDate }) => ({ from: startDate, to: endDate }));
for (const name of ["text", "integer", "unsigned", "number", "boolean", "integers", "words", "items"]) {
  tool(name, ({ value }) => ({ value }));
}
tool("optional", ({ value = null }) => ({ value }));
tool("none", () => ({ ran: true }));
tool("greet", () => "hello");
tool("nothing", () => null);
tool("fails", () => {
  throw new Error("secret db host");
});
tool("refuses", () => {
  throw new Error("no days are left");
});

// A response of one's own has the attributes that it is given alone, and its body as text.
const kept = ({ sessionAttributes, promptSessionAttributes }) => ({ sessionAttributes, promptSessionAttributes });
const answer = (name, response) => tool(name, (_, { event }) => new BedrockFunctionResponse(response(event)));
const ran = JSON.stringify({ ran: true });
answer("fails_for_good", (event) => ({ ...kept(event), body: "no days are left", responseState: "FAILURE" }));
answer("asks", (event) => ({ ...kept(event), body: "which days?", responseState: "REPROMPT" }));
answer("remembers", (event) => ({ ...kept(event), body: ran, sessionAttributes: { ...event.sessionAttributes, last: "vacation" } }));
answer("forgets", () => ({ body: ran }));
answer("looks_up", (event) => ({
  ...kept(event),
  body: ran,
  knowledgeBasesConfiguration: [
    { knowledgeBaseId: "KB1", retrievalConfiguration: { vectorSearchConfiguration: { numberOfResults: 3 } } },
  ],
}));

export const agent = (event, context) => app.resolve(event, context);
