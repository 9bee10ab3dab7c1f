// Opens a page of an OpenAPI viewer in headless Chromium, as a person does: it opens each operation, and sends a request. It prints what it
// saw as JSON: the operations, violations of the page's policy, lines of the console, requests by host, and what was sent to the API.
//
//   node viewer.mjs CHROMIUM PAGE HEADERS BUCKET_PORT PLANT
//
// Files of the viewers come from node_modules: by a server, which is a bucket of one's own, and for the CDN without leaving this machine.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [executablePath, url, headers, port, plant] = process.argv.slice(2);
const folder = new URL(process.env.MODULES);
const FILES = {
  "swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
  "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
  "standalone.js": "@scalar/api-reference/dist/browser/standalone.js",
};
const version = (name) => JSON.parse(readFileSync(new URL(`${name}/package.json`, folder))).version;
const CDN = {
  [`https://cdn.jsdelivr.net/npm/swagger-ui-dist@${version("swagger-ui-dist")}/`]: "swagger-ui-dist/",
  [`https://cdn.jsdelivr.net/npm/@scalar/api-reference@${version("@scalar/api-reference")}/`]: "@scalar/api-reference/",
};
const type = (file) => (file.endsWith(".css") ? "text/css" : "text/javascript");
const read = (file) => {
  const text = readFileSync(new URL(file, folder));
  return plant === "changed-file" ? Buffer.concat([text, Buffer.from("\n")]) : text;
};

const bucket = createServer((request, response) => {
  const file = FILES[request.url.split("/").pop()];
  if (!file) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": type(file), "access-control-allow-origin": "*" }).end(read(file));
});
await new Promise((resolve) => bucket.listen(Number(port), "127.0.0.1", resolve));

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 2000 }, extraHTTPHeaders: JSON.parse(headers) });
const seen = { status: 0, text: "", operations: [], violations: [], console: [], hosts: [], sent: [], planted: false };
await context.exposeFunction("violated", (violation) => seen.violations.push(violation));
await context.addInitScript(() => {
  addEventListener("securitypolicyviolation", (event) => violated(`${event.effectiveDirective}: ${event.blockedURI} (${event.disposition})`), true);
});
await context.route(/^https:/, async (route) => {
  const [from, to] = Object.entries(CDN).find(([from]) => route.request().url().startsWith(from)) ?? [];
  if (!from) return route.abort();
  const file = to + route.request().url().slice(from.length);
  await route.fulfill({ body: read(file), headers: { "content-type": type(file), "access-control-allow-origin": "*" } });
});
const page = await context.newPage();
page.on("console", (message) => message.type() === "error" && seen.console.push(message.text()));
page.on("pageerror", (error) => seen.console.push(`error: ${error.message}`));
page.on("request", (request) => {
  const { protocol, host, pathname } = new URL(request.url());
  if (["data:", "blob:"].includes(protocol)) return;
  if (!seen.hosts.includes(host)) seen.hosts.push(host);
  if (request.url().startsWith(new URL(url).origin)) seen.sent.push(`${request.method()} ${pathname}`);
});
seen.status = (await page.goto(url, { waitUntil: "load" })).status();

const isSwagger = () => page.locator(".opblock").first();
const isScalar = () => page.locator("section[id*='/GET/']").first();
const isFailed = () => page.getByText("The API cannot be shown");
if (seen.status === 200) await isSwagger().or(isScalar()).or(isFailed()).first().waitFor({ timeout: 60_000 });
if (await isSwagger().count()) {
  for (const operation of await page.locator(".opblock").all()) {
    await operation.locator(".opblock-summary-control").click();
    await operation.locator(".responses-table").first().waitFor();
    const text = async (name) => (await operation.locator(name).first().innerText()).replace(/[\s\u200b]/g, "");
    seen.operations.push(`${await text(".opblock-summary-method")} ${await text(".opblock-summary-path")}`);
  }
  const list = page.locator(".opblock-get").first();
  await list.locator(".try-out__btn").click();
  const response = page.waitForResponse((response) => new URL(response.url()).pathname.endsWith("/users"));
  await list.locator(".execute").click();
  await response;
}
if (await isScalar().count()) {
  const sections = () => page.locator("[id*='/tag/users/']").evaluateAll((all) => all.map((one) => one.id.match(/\/(GET|POST|PUT|PATCH|DELETE)(\/[^.]*)$/)).filter(Boolean).map(([, method, path]) => `${method} ${path}`));
  seen.operations = [...new Set(await sections())];
  // What is out of sight is rendered when it is scrolled to.
  for (const operation of seen.operations) {
    const [method, path] = operation.split(" ");
    const section = page.locator(`[id$='/${method}${path}']`).first();
    await section.scrollIntoViewIfNeeded();
    await page.locator(`section[id$='/${method}${path}'] [id*='.responses.']`).first().waitFor();
  }
  await page.getByRole("button", { name: /Test Request/ }).first().click();
  const response = page.waitForResponse((response) => new URL(response.url()).pathname.endsWith("/users"));
  await page.getByRole("button", { name: /Send/ }).first().click();
  await response;
}
if (plant === "script") {
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.planted = true";
    document.body.append(script);
  });
}
if (plant === "host") await page.evaluate(() => fetch("https://foreign.example.com/").catch(() => {}));
// Violations are reported by tasks of their own.
await page.waitForTimeout(500);
seen.planted = await page.evaluate(() => globalThis.planted === true);
seen.text = (await page.locator("body").innerText()).slice(0, 300);
await browser.close();
bucket.close();
bucket.closeAllConnections();
console.log(JSON.stringify(seen));
