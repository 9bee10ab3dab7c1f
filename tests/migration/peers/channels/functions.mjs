// Channels of AppSync Events, with Powertools for AWS Lambda (TypeScript).
import { AppSyncEventsResolver, UnauthorizedException } from "@aws-lambda-powertools/event-handler/appsync-events";

const app = new AppSyncEventsResolver();
const specific = new AppSyncEventsResolver();

class Refused extends Error {
  name = "Refused";
}

function act(word) {
  if (word === "fail") throw new Error("secret db host");
  if (word === "refuse") throw new Refused("the text is too long");
  if (word === "deny") throw new UnauthorizedException("the client is not authorized to make this call");
}

for (const path of ["/default/*", "/request/channel"]) {
  app.onPublish(path, (payload, event) => {
    act(payload?.do);
    return payload?.do === "drop" ? null : { seen: payload, on: event.info.channel.path };
  });
  app.onSubscribe(path, (event) => act(event.info.channel.segments.at(-1)));
}

app.onPublish("/metrics/*", (published) => {
  const events = [];
  for (const [n, { id, payload }] of published.entries()) {
    const word = payload?.do;
    act(word);
    if (word === "reject") events.push({ id, error: "not a reading" });
    else if (word !== "drop") {
      const event = { id: word === "invent" ? "invented" : id, payload: { n } };
      events.push(...(word === "repeat" ? [event, event] : [event]));
    }
  }
  return events;
}, { aggregate: true });

for (const path of ["/*", "/a/*", "/a/b/c", "/a/b/*"]) specific.onPublish(path, () => path);

export const handle = (event, context) => app.resolve(event, context);
// Pilaster's passes channels without a handler on, as Powertools does.
export const passing = handle;
export const find = (event, context) => specific.resolve(event, context);
