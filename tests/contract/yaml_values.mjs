// Compares a document in JSON with that in YAML, by the npm package yaml, a parser of YAML 1.2. It fails with the values that differ.
//
//   node yaml_values.mjs JSON YAML
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";

const [expected, found] = [JSON.parse, (text) => parse(text, { version: "1.2" })].map((read, at) => read(readFileSync(process.argv[at + 2], "utf8")));
const [values, others] = [expected, found].map((document) => document.info["x-values"] ?? []);
delete expected.info["x-values"];
delete found.info["x-values"];
const pairs = [[expected, found], ...values.map((value, at) => [value, others[at]])];
const wrong = pairs.filter(([one, other]) => !isDeepStrictEqual(one, other));
for (const pair of wrong.slice(0, 5)) console.log(pair.map((value) => JSON.stringify(value)).join("\n  "));
console.log(`${pairs.length} values, ${wrong.length} differ`);
process.exit(wrong.length || values.length !== others.length ? 1 : 0);
