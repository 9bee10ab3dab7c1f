// A provider of Terraform with the schema of the AWS provider and nothing else, so that a `terraform` on this machine validates and plans
// the modules without an account, and without the provider, which is in no package registry. Prints its port.
//
//   node plugin.mjs PROVIDER.JSON PLUGIN.PROTO
import { readFileSync } from "node:fs";

import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { decode, encode, ExtData, ExtensionCodec } from "@msgpack/msgpack";

const [schemaFile, protoFile] = process.argv.slice(2);
const extracted = JSON.parse(readFileSync(schemaFile, "utf8"));
const KINDS = ["resource", "data", "ephemeral"];

/** The type of an attribute, as Terraform writes it: `"string"`, `["list","string"]`. */
function typeOf(storage = "string") {
  const [, base, collection] = /^(string|number|boolean)?(List|Set|Map)?/.exec(storage);
  const element = { boolean: "bool", undefined: "dynamic" }[base] ?? base;
  return Buffer.from(JSON.stringify(collection ? [collection.toLowerCase(), element] : element));
}

function block(schema) {
  const attributes = (schema.computed ?? []).map((name) => ({ name, type: typeOf(), computed: true }));
  const block_types = [];
  for (const [name, { type, required, block: nested }] of Object.entries(schema.arguments)) {
    const write_only = name.endsWith("_wo");
    const optional = !required;
    if (nested) block_types.push({ type_name: name, block: block(nested), nesting: { struct: 1, set: 3 }[type] ?? 2 });
    else attributes.push({ name, type: typeOf(type), required, optional, computed: optional && !write_only, write_only });
  }
  return { attributes, block_types };
}

const schemas = { provider: { block: { attributes: [], block_types: [] } } };
for (const kind of KINDS) {
  const known = Object.entries(extracted[kind]).filter(([, schema]) => schema);
  schemas[kind] = Object.fromEntries(known.map(([type, schema]) => [type, { block: block(schema) }]));
}

// Values that are known after the resource exists.
const UNKNOWN = new ExtData(0, new Uint8Array([0]));
const extensionCodec = new ExtensionCodec();
for (const type of [0, 12]) extensionCodec.register({ type, encode: () => null, decode: () => UNKNOWN });
const read = ({ msgpack }) => decode(msgpack, { extensionCodec });
const write = (value) => ({ msgpack: Buffer.from(encode(value)) });

/** The configuration with what the service would add to it. */
function complete(kind, { type_name }, config, added) {
  const { computed, arguments: own } = extracted[kind][type_name];
  const filled = { ...config };
  for (const name of [...computed, ..."id" in own ? ["id"] : []]) filled[name] ??= added;
  for (const name of Object.keys(own)) if (name.endsWith("_wo")) filled[name] = null;
  return write(filled);
}

const none = (_, reply) => reply(null, {});
const methods = {
  GetProviderSchema: (_, reply) => reply(null, schemas),
  ReadDataSource: ({ request }, reply) => reply(null, { state: complete("data", request, read(request.config), "{}") }),
  PlanResourceChange({ request }, reply) {
    const proposed = read(request.proposed_new_state);
    const planned_state = proposed === null ? write(null) : complete("resource", request, proposed, UNKNOWN);
    reply(null, { planned_state, legacy_type_system: true });
  },
  OpenEphemeralResource: ({ request }, reply) =>
    reply(null, { result: complete("ephemeral", request, read(request.config), "secret") }),
};
const { service } = grpc.loadPackageDefinition(loader.loadSync(protoFile, { keepCase: true })).tfplugin6.Provider;
const server = new grpc.Server();
server.addService(service, Object.fromEntries(Object.keys(service).map((name) => [name, methods[name] ?? none])));
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
// It ends with the process that has started it.
process.stdin.resume().on("end", () => process.exit());
