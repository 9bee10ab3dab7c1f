// Calls the functions that a module exports, each with an event, and writes their outcomes with the text that each call has written.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const write = process.stdout.write.bind(process.stdout);
let written = "";
process.stdout.write = process.stderr.write = (chunk) => {
  written += chunk;
  return true;
};

const { calls, request_id, function_arn } = JSON.parse(readFileSync(0, "utf8"));
const functions = await import(pathToFileURL(process.argv[2]));
const context = {
  functionName: "users",
  functionVersion: "$LATEST",
  memoryLimitInMB: "128",
  invokedFunctionArn: function_arn,
  awsRequestId: request_id,
  getRemainingTimeInMillis: () => 30_000,
};
const outcomes = [];
for (const call of calls) {
  written = "";
  let outcome;
  try {
    outcome = { response: (await functions[call.function](call.event, { ...context })) ?? null };
  } catch (error) {
    outcome = { error: { name: error?.name, message: String(error?.message ?? error) } };
  }
  outcomes.push({ ...outcome, written });
}
write(JSON.stringify(outcomes));
