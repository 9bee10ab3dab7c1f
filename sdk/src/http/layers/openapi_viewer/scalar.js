// Without it, zod tries `eval`, which the policy of the page reports.
globalThis.__zod_globalConfig = { jitless: true };
function show(place, content) {
  Scalar.createApiReference(place, {
    content,
    agent: { disabled: true },
    mcp: { disabled: true },
    hideClientButton: true,
    proxyUrl: "",
    showDeveloperTools: "never",
    telemetry: false,
    withDefaultFonts: false,
  });
}
