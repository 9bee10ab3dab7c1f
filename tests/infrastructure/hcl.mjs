// Prints the Terraform modules of folders as JSON: for each folder, its subfolders with what their files declare.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { parse } from "@cdktn/hcl2json";

/** The files of a folder are one module; a declaration in a later file is added to those of the others. */
function merge(into, from) {
  for (const [key, value] of Object.entries(from)) {
    if (Array.isArray(value)) into[key] = [...(into[key] ?? []), ...value];
    else if (value && typeof value === "object") merge((into[key] ??= {}), value);
    else into[key] = value;
  }
}

async function modules(folder, path, found) {
  const declared = {};
  for (const name of readdirSync(folder).sort()) {
    const file = join(folder, name);
    if (statSync(file).isDirectory() && !name.startsWith(".")) await modules(file, `${path}/${name}`, found);
    else if (name.endsWith(".tf")) merge(declared, await parse(file, readFileSync(file, "utf8")));
  }
  found[path] = declared;
  return found;
}

const all = {};
for (const folder of process.argv.slice(2)) all[folder] = await modules(folder, "", {});
console.log(JSON.stringify(all));
