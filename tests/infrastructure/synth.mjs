// Synthesises CDK apps in one process, since loading CDK takes most of the time, and runs their tests. Prints what fails, as JSON.
//
//   node --import tsx synth.mjs FOLDER...     the template is in FOLDER/cdk.out
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const failed = {};
process.setMaxListeners(0);
for (const folder of process.argv.slice(2)) {
  process.env.CDK_OUTDIR = join(folder, "cdk.out");
  try {
    // An app with this variable is synthesised before the process ends.
    require(join(folder, "app.ts"));
    delete process.env.CDK_OUTDIR;
    if (existsSync(join(folder, "stack.test.ts"))) require(join(folder, "stack.test.ts"));
  } catch (error) {
    failed[folder] = String(error);
  }
}
process.on("exit", () => console.log(`\nFAILED ${JSON.stringify(failed)}`));
