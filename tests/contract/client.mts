// Calls crud by the types of its document. The lines below `@ts-expect-error` have to be errors, or the compiler reports them.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./crud.d.ts";

const client = createClient<paths>({ baseUrl: process.argv[2]!, headers: { "x-api-key": process.argv[3]! } });

const created = await client.POST("/users", { body: { email: "ada@example.com", name: "Ada" } });
assert.equal(created.response.status, 201);
const user: components["schemas"]["User"] = created.data!;
assert.equal(user.version, 1);

const taken = await client.POST("/users", { body: { email: "ada@example.com", name: "Ada" } });
assert.equal(taken.response.status, 409);
assert.equal(taken.error!.detail, "the e-mail address is already in use");

const patched = await client.PATCH("/users/{id}", { params: { path: { id: user.id } }, body: { version: 1, name: "Ada L." } });
assert.equal(patched.data!.name, "Ada L.");

const page = await client.GET("/users", { params: { query: { limit: 1 } } });
assert.equal(page.data!.users[0]!.id, user.id);

assert.equal((await client.DELETE("/users/{id}", { params: { path: { id: user.id } } })).response.status, 204);
assert.equal((await client.GET("/users/{id}", { params: { path: { id: user.id } } })).response.status, 404);

// @ts-expect-error the name is missing
const incomplete: components["schemas"]["NewUser"] = { email: "ada@example.com" };
// @ts-expect-error there is no such member
void user.nickname;
// @ts-expect-error a limit is a number
const limit = () => client.GET("/users", { params: { query: { limit: "1" } } });
void [incomplete, limit];
console.log("ok");
