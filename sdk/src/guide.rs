//! The guide: pages with programs that rustdoc compiles and runs. `sdk/guide` is also the source of a book.
//!
//! [`introduction`] is the first page.

macro_rules! pages {
    ($($page:ident: $file:literal,)*) => {
        $(
            // First, since of two definitions of a link the first counts. Not in doc tests, whose failures would name this file.
            #[cfg_attr(not(doctest), doc = include_str!("../guide/links.md"))]
            #[doc = include_str!(concat!("../guide/src/", $file))]
            pub mod $page {}
        )*
    };
}

pages! {
    introduction: "introduction.md",
    five_minutes: "five-minutes.md",
    invocation: "invocation.md",
    http_api: "http-api.md",
    errors: "errors.md",
    cors_and_headers: "cors-and-headers.md",
    caching: "caching.md",
    content_negotiation: "content-negotiation.md",
    base_paths: "base-paths.md",
    validation: "validation.md",
    openapi: "openapi.md",
    json_schema: "json-schema.md",
    files_and_streaming: "files-and-streaming.md",
    websockets: "websockets.md",
    authorizers: "authorizers.md",
    tokens: "tokens.md",
    sqs: "sqs.md",
    fifo: "fifo.md",
    s3: "s3.md",
    dynamodb_streams: "dynamodb-streams.md",
    kinesis_and_kafka: "kinesis-and-kafka.md",
    sns_and_eventbridge: "sns-and-eventbridge.md",
    schedules: "schedules.md",
    step_functions: "step-functions.md",
    custom_resources: "custom-resources.md",
    tools: "tools.md",
    bedrock_agents: "bedrock-agents.md",
    agentcore: "agentcore.md",
    mcp: "mcp.md",
    idempotency: "idempotency.md",
    rate_limits: "rate-limits.md",
    secrets: "secrets.md",
    parameters_and_flags: "parameters-and-flags.md",
    clients_and_tables: "clients-and-tables.md",
    logs: "logs.md",
    metrics: "metrics.md",
    traces: "traces.md",
    testing: "testing.md",
    your_own_layer: "your-own-layer.md",
    layer_responses: "layer-responses.md",
    your_own_source: "your-own-source.md",
    checklist: "checklist.md",
    cold_start: "cold-start.md",
    deploying: "deploying.md",
    managed_concurrency: "managed-concurrency.md",
    security: "security.md",
    troubleshooting: "troubleshooting.md",
    troubleshooting_compile: "troubleshooting-compile.md",
    troubleshooting_start: "troubleshooting-start.md",
    troubleshooting_clients: "troubleshooting-clients.md",
    troubleshooting_openapi: "troubleshooting-openapi.md",
    troubleshooting_tools: "troubleshooting-tools.md",
    troubleshooting_mcp: "troubleshooting-mcp.md",
    upgrading: "upgrading.md",
    environment_variables: "environment-variables.md",
    powertools_variables: "powertools-variables.md",
    log_keys: "log-keys.md",
    features: "features.md",
    event_sources: "event-sources.md",
    iam: "iam.md",
    limits: "limits.md",
    glossary: "glossary.md",
    from_middy: "from-middy.md",
    middy_packages: "middy-packages.md",
    middy_traps: "middy-traps.md",
    from_powertools_python: "from-powertools-python.md",
    from_powertools_typescript: "from-powertools-typescript.md",
    powertools_utilities: "powertools-utilities.md",
    from_lambda_http: "from-lambda-http.md",
    from_axum: "from-axum.md",
    from_web_adapter: "from-web-adapter.md",
    compare: "compare.md",
}
