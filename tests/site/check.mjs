// Opens every page of the site at 1280 and 390 pixels and in the dark theme: no error on the console, no request to another host, no
// sideways scrolling, and no finding of axe beyond those of mdBook's own theme. Then it searches: the right page is among the first three.
import { createServer } from "node:http";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const [site, screenshots, executablePath] = process.argv.slice(2);
mkdirSync(screenshots, { recursive: true });

// Findings of mdBook's theme on a page without content.
const OF_THEME = ["aria-allowed-attr", "aria-prohibited-attr", "region", "scrollable-region-focusable"];
const OF_DARK_THEME = [...OF_THEME, "color-contrast"];
const VIEWS = [
  { name: "wide", width: 1280, height: 800, theme: "light", allowed: OF_THEME },
  { name: "narrow", width: 390, height: 844, theme: "light", allowed: OF_THEME },
  { name: "dark", width: 1280, height: 800, theme: "navy", allowed: OF_DARK_THEME },
];
// What a reader searches, and the page that has the answer.
const SEARCHES = {
  cors: "cors-and-headers",
  "partial batch": "sqs",
  502: "troubleshooting",
  "cold start": "cold-start",
  idempotency: "idempotency",
  "dead-letter queue": "sqs",
  secret: "secrets",
  fifo: "sqs",
  validation: "validation",
  terraform: "deploying",
  middy: "from-middy",
};

const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".json": "application/json" };
const server = createServer((request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
  try {
    const body = readFileSync(join(site, path === "/" ? "index.html" : path));
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? (path === "/" ? "text/html" : "application/octet-stream") });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const findings = [];
const pages = readdirSync(site).filter((file) => file.endsWith(".html") && !["print.html", "404.html", "toc.html"].includes(file));

for (const view of VIEWS) {
  const context = await browser.newContext({ viewport: { width: view.width, height: view.height } });
  await context.addInitScript((theme) => localStorage.setItem("mdbook-theme", theme), view.theme);
  for (const file of pages) {
    const wrong = (what) => findings.push(`${file}, ${view.name}: ${what}`);
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && wrong(`console: ${message.text()}`));
    page.on("pageerror", (error) => wrong(`error: ${error.message}`));
    page.on("request", (request) => request.url().startsWith(origin) || request.url().startsWith("data:") || wrong(`asks ${request.url()}`));
    await page.goto(`${origin}/${file}`, { waitUntil: "load" });
    const [content, window] = await page.evaluate(() => [document.scrollingElement.scrollWidth, innerWidth]);
    if (content > window) wrong(`is ${content} pixels wide`);
    const result = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    for (const violation of result.violations) {
      if (!view.allowed.includes(violation.id)) wrong(`axe: ${violation.id} at ${violation.nodes[0].target}`);
    }
    await page.screenshot({ path: join(screenshots, `${file.replace(".html", "")}-${view.name}.png`) });
    await page.close();
  }
  await context.close();
}

const page = await browser.newPage();
for (const [words, expected] of Object.entries(SEARCHES)) {
  await page.goto(`${origin}/index.html?search=${encodeURIComponent(words)}`);
  await page.waitForSelector("#mdbook-searchresults li a, #searchresults li a");
  const links = await page.$$eval("#mdbook-searchresults li a, #searchresults li a", (all) => all.map((link) => new URL(link.href).pathname.slice(1).replace(".html", "")));
  const first = [...new Set(links)].slice(0, 3);
  if (!first.includes(expected)) findings.push(`search "${words}": ${first.join(", ")} and not ${expected}`);
}
await browser.close();
server.close();
for (const finding of findings) console.error(finding);
console.log(`${pages.length} pages in ${VIEWS.length} views, ${Object.keys(SEARCHES).length} searches, ${findings.length} findings`);
process.exit(findings.length ? 1 : 0);
