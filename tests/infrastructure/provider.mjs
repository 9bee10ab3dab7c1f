// Prints the schema of the AWS provider of Terraform, for provider.json (see provider.sh). It is read from the package
// @cdktn/provider-aws, which is generated from the provider: one folder for each type.
//
//   node provider.mjs FOLDER_OF_THE_PACKAGE TYPE...     TYPE: `resource aws_lambda_function` or `data aws_partition`, as one word each
//
// All types are listed. Those that are named have their arguments: which are required, and the arguments of a block.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, ...names] = process.argv.slice(2);
const wanted = new Set(names.map((name) => name.replace(":", " ")));

/** Returns the text between the bracket at a position and its end. */
function inside(text, at) {
  const open = text.indexOf("{", at);
  for (let depth = 0, end = open; end < text.length; end++) {
    depth += { "{": 1, "}": -1 }[text[end]] ?? 0;
    if (depth === 0) return text.slice(open + 1, end);
  }
  throw new Error("a bracket without its end");
}

/** The members of the object `attrs`: their names, the value, whether it is a block. */
function members(text) {
  const body = inside(text, text.indexOf("attrs ="));
  const found = [];
  const member = /([a-z0-9_]+): \{\s*value: ([^\n]*),\n\s*isBlock: (true|false),\s*type: "(\w+)",\s*storageClassType: "(\w+)"/g;
  for (const [, name, value, isBlock, type, storage] of body.matchAll(member)) {
    found.push({ name, value, isBlock: isBlock === "true", type: type === "simple" || isBlock === "false" ? storage : type });
  }
  return found;
}

const camel = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/** The arguments of a resource or of a block; `interfaceName` declares which are required. */
function block(script, types, text, interfaceName) {
  const declared = types.indexOf(`export interface ${interfaceName} `);
  if (declared < 0) throw new Error(`no interface ${interfaceName}`);
  const declaration = inside(types, declared);
  const entries = members(text).map(({ name, value, isBlock, type }) => {
    const optional = new RegExp(`readonly ${camel(name)}(Attribute)?(\\?)?:`, "i").exec(declaration);
    const entry = { type, ...(optional && !optional[2] ? { required: true } : {}) };
    if (isBlock) {
      const mapper = /(\w+)ToHclTerraform/.exec(value)[1];
      const start = script.indexOf(`function ${mapper}ToHclTerraform(`);
      const own = mapper[0].toUpperCase() + mapper.slice(1);
      entry.block = block(script, types, inside(script, start), own);
    }
    return [name, entry];
  });
  return { arguments: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

const found = { resource: {}, data: {}, ephemeral: {} };
let provider;
for (const name of readdirSync(join(folder, "lib")).sort()) {
  let script;
  try {
    script = readFileSync(join(folder, "lib", name, "index.js"), "utf8");
  } catch {
    continue;
  }
  const type = /tfResourceType = ["'](aws_\w+)["']/.exec(script)?.[1];
  if (!type) continue;
  const kind = /^(data|ephemeral)-aws-/.exec(name)?.[1] ?? "resource";
  found[kind][type] = null;
  if (!wanted.has(`${kind} ${type}`)) continue;
  const types = readFileSync(join(folder, "lib", name, "index.d.ts"), "utf8");
  const className = /export declare class (\w+) extends cdkt[fn]\.Terraform(?:Resource|DataSource|EphemeralResource)/.exec(types)[1];
  provider = /providerVersion: ["']([^"']+)/.exec(script)[1];
  const body = script.slice(script.indexOf(`class ${className} `));
  const schema = block(script, types, body.slice(body.indexOf("synthesizeHclAttributes")), `${className}Config`);
  const computed = [...body.matchAll(/get\w+Attribute\(['"]([a-z0-9_]+)['"]\)/g)].map(([, attribute]) => attribute);
  const own = new Set(Object.keys(schema.arguments));
  found[kind][type] = { ...schema, computed: [...new Set(computed)].filter((each) => !own.has(each)).sort() };
}
console.log(JSON.stringify({ provider, ...found }, null, 1));
