//! The observability example as a built binary, with a real DynamoDB engine and a collector: the trace of one request. The trace in
//! the example's README is what this prints.

use std::fmt::Write as _;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use engines::Engine;
use engines::binary::{self, Guarded};
use engines::collector::{Collector, attribute, hex};
use lambda_simulator::{InvocationBuilder, InvocationStatus, Simulator};
use opentelemetry_proto::tonic::trace::v1::Span;
use pilaster::{BoxError, Clients};
use serde_json::{Value, json};

type Tested = Result<(), BoxError>;

/// Far longer than any response takes.
const PATIENCE: Duration = Duration::from_secs(60);

const TRACE: &str = "6920a3f12b4c6d8e0a1b2c3d4e5f6071";

const README: &str = include_str!("../../../examples/observability/README.md");

async fn catalogue(engine: &Engine) -> Tested {
    let http: SharedHttpClient = Clients::new().get().await?;
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(engine.endpoint())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(http);
    let client = aws_sdk_dynamodb::Client::from_conf(config.build());
    let mut create = client.create_table().table_name("catalogue").billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        create = create.attribute_definitions(attribute.build()?);
        create = create.key_schema(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?);
    }
    create.send().await?;
    // As the README puts it.
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let price = [("amount", AttributeValue::N("1990".to_owned())), ("currency", text("EUR"))];
    let price = AttributeValue::M(price.map(|(name, value)| (name.to_owned(), value)).into());
    let put = client.put_item().table_name("catalogue").item("pk", text("item#umbrella")).item("sk", text("-"));
    put.item("price", price).send().await?;
    Ok(())
}

/// Formats the spans as a tree, each with its attributes.
fn render(spans: &[Span], below: &[u8], depth: usize, text: &mut String) {
    let mut children: Vec<_> = spans.iter().filter(|span| span.parent_span_id == below).collect();
    children.sort_by_key(|span| span.start_time_unix_nano);
    for span in children {
        let name = format!("{}{}", "   ".repeat(depth), span.name);
        let took = Duration::from_nanos(span.end_time_unix_nano - span.start_time_unix_nano).as_secs_f64() * 1_000.0;
        let report = ["http.response.status_code", "faas.coldstart", "item", "quantity", "rpc.system"];
        let report = report.iter().filter_map(|key| Some(format!("{key}={}", attribute(&span.attributes, key)?)));
        let report = report.collect::<Vec<_>>().join(" ");
        let kind = span.kind().as_str_name().trim_start_matches("SPAN_KIND_").to_lowercase();
        let _ = writeln!(text, "{name:<28}{kind:<10}{took:>8.2} ms   {report}");
        render(spans, &span.span_id, depth + 1, text);
    }
}

/// Without times, and in single spaces.
fn timeless(text: &str) -> Vec<String> {
    let is_other = |word: &&str| word.parse::<f64>().is_err() && *word != "ms";
    let words = |line: &str| line.split_whitespace().filter(is_other).collect::<Vec<_>>().join(" ");
    text.lines().map(words).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_is_found_by_one_trace_in_metrics_spans_and_lines() -> Tested {
    let engine = Engine::shared();
    catalogue(&engine).await?;
    let collector = Collector::start().await;
    let built = binary::build(&["--package", "observability", "--bins"]);
    let simulator = Simulator::builder().function_name("quotes").build().await?;
    let mut child = Command::new(&built["observability"])
        .env_clear()
        .envs(simulator.lambda_env_vars())
        .envs(engine.environment())
        .envs([("CATALOGUE_TABLE", "catalogue"), ("POWERTOOLS_SERVICE_NAME", "quotes")])
        .envs([("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address()), ("AWS_LAMBDA_LOG_FORMAT", "JSON")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map(Guarded)?;
    let mut pipe = child.0.stdout.take().ok_or("no pipe")?;

    let event: Value = serde_json::from_str(include_str!("../../../examples/observability/events/quote.json"))?;
    let mut invocation = InvocationBuilder::new().payload(event).build()?;
    let (time, rest) = TRACE.split_at(8);
    invocation.trace_id = format!("Root=1-{time}-{rest};Parent=53995c3f42cd8ad8;Sampled=1");
    let id = simulator.enqueue(invocation).await;
    let state = simulator.wait_for_invocation_complete(&id, PATIENCE).await?;
    assert_eq!(state.status, InvocationStatus::Success, "{:?}", state.error);
    let answer = state.response.ok_or("no response")?.payload;
    let body = r#"{"item":"umbrella","total":{"amount":17910,"currency":"EUR"}}"#;
    assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!(body)));
    drop(child);
    let mut printed = String::new();
    pipe.read_to_string(&mut printed)?;
    let lines = printed.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;

    let spans = collector.spans();
    assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE), "one trace");
    let root = spans.iter().find(|span| span.name == "POST /quotes").ok_or("no span of the request")?;
    let mut rendered = String::new();
    render(&spans, &root.parent_span_id, 0, &mut rendered);
    println!("{rendered}");

    let quoted = lines.iter().find(|line| line["message"] == "quoted").ok_or("no line")?;
    println!("{quoted}");
    assert_eq!((&quoted["trace_id"], &quoted["span_id"]), (&json!(TRACE), &json!(hex(&root.span_id))));
    assert_eq!((&quoted["service"], &quoted["item"]), (&json!("quotes"), &json!("umbrella")));
    let with = |name: &str| lines.iter().find(|line| line.get(name).is_some()).ok_or_else(|| format!("no {name}"));
    let (counts, amounts) = (with("Quotes")?, with("QuotedAmount")?);
    println!("{counts}\n{amounts}");
    assert_eq!((&counts["Quotes"], &counts["service"]), (&json!([1.0]), &json!("quotes")));
    assert_eq!((&amounts["QuotedAmount"], &amounts["currency"]), (&json!([17910.0]), &json!("EUR")));

    let shown = README.split("<!-- trace -->\n```text\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(timeless(shown.ok_or("the README shows no trace")?), timeless(&rendered), "the README's trace");
    Ok(())
}
