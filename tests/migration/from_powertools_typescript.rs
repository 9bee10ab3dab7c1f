//! From Powertools for AWS Lambda (TypeScript).

#[rustfmt::skip] // Formatted for the width of the page.
#[path = "powertools-typescript/after.rs"]
mod after;

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use engines::Engine;
use pilaster::idempotency::{Begun, Document, DynamoDbStore, Idempotency, KeyFormat};
use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;
use pilaster::{BoxError, Clients};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::case::Case;
use super::page::Page;
use super::{differences, peer, tables};

#[tokio::test]
async fn the_functions_behave_alike_except_for_the_traps_of_the_page() {
    let page = Page::read("from-powertools-typescript.md");
    let cases = Case::all("powertools-typescript");
    let before = peer::node("powertools-typescript/before.mjs", &cases);
    let mut after = Vec::new();
    for case in &cases {
        let metrics = CapturedMetrics::default();
        after.push(match case.function.as_str() {
            "createUser" => {
                let (logging, layer) = after::observed();
                let function = pilaster::handler(after::create_user).layer(after::api());
                let function = function.outer(logging).outer(layer.writer(metrics.clone()));
                peer::pilaster(Caller::new(function), &metrics, &case.event).await
            }
            "ship" => peer::pilaster(Caller::new(after::queue::ship::function()), &metrics, &case.event).await,
            other => panic!("there is no function {other}"),
        });
    }
    differences::check("powertools-typescript", &[page], &cases, &before, &after);
}

#[test]
fn the_page_shows_the_code_that_runs() {
    let page = Page::read("from-powertools-typescript.md");
    page.has_code_of("js", "powertools-typescript/before.mjs");
    page.has_code_of("rust", "powertools-typescript/after.rs");
}

#[test]
fn each_package_and_variable_has_a_row() {
    tables::have_rows(&[Page::read("powertools-utilities.md")], &tables::listed("powertools-typescript"));
    tables::have_rows(&[Page::read("powertools-utilities.md")], &tables::listed("powertools-typescript-variables"));
    tables::have_rows(&[Page::read("powertools-utilities.md")], &tables::typescript_variables());
}

type Tested = Result<(), BoxError>;

/// A table of records, in an engine that both languages use.
struct Table {
    engine: std::sync::Arc<Engine>,
    name: &'static str,
    key: &'static str,
    rust: Idempotency,
}

impl Table {
    async fn create(name: &'static str, key: &'static str) -> Result<Self, BoxError> {
        let engine = Engine::shared();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(engine.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(Clients::new().get::<aws_sdk_dynamodb::config::SharedHttpClient>().await?);
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?;
        let hash = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?;
        let create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        create.attribute_definitions(id).key_schema(hash).send().await?;
        let rust = Idempotency::from_env(DynamoDbStore::table(name).client(client));
        let rust = rust.prefix("orders").key(key).format(KeyFormat::TypeScript);
        Ok(Self { engine, name, key, rust })
    }

    /// Calls the function of TypeScript with each of these orders.
    fn typescript(&self, orders: &[Value], returns: &Value) -> Vec<Value> {
        let call = |order: &Value| Case {
            name: String::new(),
            function: "charge".to_owned(),
            event: json!({ "table": self.name, "key": self.key, "order": order, "returns": returns }),
        };
        let calls: Vec<_> = orders.iter().map(call).collect();
        let outcomes = peer::node_with("powertools-typescript/shared.mjs", &calls, self.engine.environment());
        outcomes.into_iter().map(|outcome| outcome.result.expect("a result")).collect()
    }

    async fn begin(&self, order: &Value) -> Result<Begun, BoxError> {
        let deadline = SystemTime::now() + Duration::from_secs(60);
        Ok(self.rust.begin(&Document::of(order)?, Some(deadline)).await?)
    }
}

/// Orders whose keys are the same only if every byte of their JSON text is.
fn orders() -> Vec<Value> {
    let nested = [
        json!("Gr\u{fc}\u{df}e \u{1f600} \"quoted\" \\ \n"),
        json!(1.0),
        json!(0.1),
        json!(1e21),
        json!({ "z": [1, { "b": null, "a": [] }], "A": {}, "\u{e9}": "x" }),
        json!(true),
    ];
    nested.into_iter().enumerate().map(|(id, nested)| json!({ "id": id, "nested": nested })).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_typescript_completed_rust_replays_and_the_other_way_round() -> Tested {
    let table = Table::create("typescript", "[id, nested]").await?;
    let answer = json!({ "statusCode": 200, "order": 7, "ok": [null, false, "\u{fc}", 1.5] });
    let orders = orders();
    let (theirs, ours) = orders.split_at(orders.len() / 2);
    for (order, outcome) in theirs.iter().zip(table.typescript(theirs, &answer)) {
        assert_eq!(outcome, json!({ "result": answer, "ran": true }), "{order}");
        match table.begin(order).await? {
            Begun::Replay(replayed) => assert_eq!(serde_json::from_str::<Value>(replayed.get())?, answer, "{order}"),
            other => panic!("{order} should be replayed: {other:?}"),
        }
    }
    for order in ours {
        let Begun::Run(running) = table.begin(order).await? else { panic!("{order} should run") };
        running.complete(&to_raw_value(&answer)?).await?;
    }
    for (order, outcome) in ours.iter().zip(table.typescript(ours, &json!("not this"))) {
        assert_eq!(outcome, json!({ "result": answer, "ran": false }), "{order}");
    }
    Ok(())
}

/// Powertools for TypeScript warns of either, and records both: all calls with an empty text share one record.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_text_is_no_key_and_zero_is_one() -> Tested {
    let table = Table::create("missing", "id").await?;
    let (zero, empty) = (json!({ "id": 0 }), json!({ "id": "" }));
    let ran = |order: &Value| {
        table
            .typescript(&[order.clone(), order.clone()], &json!(1))
            .iter()
            .map(|o| o["ran"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ran(&zero), [true, false]);
    assert!(matches!(table.begin(&zero).await?, Begun::Replay(_)));
    assert_eq!(ran(&empty), [true, false]);
    assert!(matches!(table.begin(&empty).await?, Begun::Unkeyed));
    Ok(())
}
