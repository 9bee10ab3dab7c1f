// Fields of AppSync, with Powertools for AWS Lambda (TypeScript), which has no type of an identity and nothing for authorizers.
import { AppSyncGraphQLResolver } from "@aws-lambda-powertools/event-handler/appsync-graphql";

const app = new AppSyncGraphQLResolver();
const field = (typeName, fieldName, handler) => app.resolver(handler, { typeName, fieldName });
const batch = (typeName, fieldName, handler, options) => app.batchResolver(handler, { typeName, fieldName, ...options });

class Failure extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

field("Mutation", "createSomething", ({ id }, { event }) => ({ id, user: event.identity.username }));
batch("Mutation", "createSomething", ({ user_id }, { event }) => ({ id: user_id, user: event.identity.username }), { aggregate: false });
field("Merchant", "locations", ({ page, size, name }, { event }) => [{ name, page, size, of: event.source.name }]);
field("Query", "echo", (args) => args);
field("Query", "post", ({ id, title = null }) => ({ id, title }));
field("Query", "first", ({ first = 10 }) => first);
field("Query", "value", ({ json }) => json);
field("Query", "user", (_, { event }) => event.identity?.username ?? null);
field("Query", "pipeline", (_, { event }) => ({
  selected: event.info.selectionSetList,
  stash: event.stash,
  prev: event.prev?.result ?? null,
}));
field("Query", "fails", () => {
  throw new Error("secret db host");
});
field("Query", "refuses", () => {
  throw new Failure("NotFound", "there is no such post");
});
field("Query", "denies", () => {
  throw new Failure("UnauthorizedException", "the client is not authorized to make this call");
});

const authorOf = ({ source }) => {
  if (source.author === "boom") throw new Error("secret db host");
  if (source.author === "nobody") throw new Failure("NotFound", "there is no author");
  return source.author;
};
field("Post", "author", (_, { event }) => authorOf(event));
batch("Post", "author", (_, { event }) => authorOf(event), { aggregate: false });
batch("Post", "strictAuthor", (_, { event }) => authorOf(event), { aggregate: false, throwOnError: true });
batch("Post", "relatedPosts", (events) => events.map(({ source }) => ({ of: source.id, in: events.length })));
batch("Post", "lost", () => {
  throw new Error("secret db host");
});

export const resolve = (event, context) => app.resolve(event, context);
