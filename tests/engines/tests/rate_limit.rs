//! Rate limits in a table of a real DynamoDB engine: many processes, a second implementation, faults.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use engines::Engine;
use pilaster::observe::logging::{CapturedLogs, Logs};
use pilaster::rate_limit::{DynamoDbStore, MemoryStore, Quota, RateLimit};
use pilaster::{BoxError, Clients};
use serde_json::json;

type Tested = Result<(), BoxError>;

/// Far longer than any response takes.
const PATIENCE: Duration = Duration::from_secs(120);
const PROCESSES: usize = 50;
const CALLS: usize = 20;
/// Names the endpoint to a process that this test starts.
const WORKER: &str = "RATE_LIMIT_WORKER";

async fn client(endpoint: &str) -> Result<Client, BoxError> {
    Ok(client_over(endpoint, Clients::new().get().await?))
}

fn client_over(endpoint: &str, http: SharedHttpClient) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(5)))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(http);
    Client::from_conf(config.build())
}

async fn table(client: &Client, name: &str) -> Tested {
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?;
    let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?;
    let create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    create.key_schema(key).attribute_definitions(id).send().await?;
    Ok(())
}

fn contended() -> Quota {
    Quota::per_second(10).burst(5)
}

/// Returns the times at which requests were admitted, in nanoseconds since 1970.
async fn takes(endpoint: &str) -> Result<Vec<u128>, BoxError> {
    let store = DynamoDbStore::table("contended").client(client(endpoint).await?);
    let limit = RateLimit::new(store, contended()).fail_closed().timeout(PATIENCE);
    let takes = (0..CALLS).map(|_| {
        let now = SystemTime::now();
        let limit = limit.clone().clock(move || now);
        async move { Ok::<_, BoxError>((now, limit.take("the caller").await?.is_allowed())) }
    });
    let taken = futures_util::future::try_join_all(takes).await?;
    let admitted = taken.into_iter().filter(|(_, is_allowed)| *is_allowed);
    admitted.map(|(now, _)| Ok(now.duration_since(UNIX_EPOCH)?.as_nanos())).collect()
}

/// Not a test of its own: what each of the processes does.
#[tokio::test]
#[ignore = "a process of the test below"]
async fn worker() -> Tested {
    let endpoint = std::env::var(WORKER)?;
    for _ in 0..3 {
        for time in takes(&endpoint).await? {
            println!("admitted {time}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_processes_over_one_table_never_admit_more_than_the_limit() -> Tested {
    let engine = Engine::shared();
    table(&client(&engine.endpoint()).await?, "contended").await?;
    let began = Instant::now();
    let workers = (0..PROCESSES).map(|_| {
        let mut worker = Command::new(std::env::current_exe()?);
        worker.args(["--exact", "worker", "--ignored", "--nocapture"]).env(WORKER, engine.endpoint());
        worker.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    });
    let workers = workers.collect::<Result<Vec<Child>, _>>()?;
    let mut admitted = Vec::new();
    for worker in workers {
        let output = worker.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let times = text.lines().filter_map(|line| line.split_once("admitted ")?.1.trim().parse::<u128>().ok());
        admitted.extend(times);
    }
    let elapsed = began.elapsed();
    admitted.sort_unstable();
    assert!(admitted.len() >= 5, "a burst at least: {}", admitted.len());
    assert!((admitted.len() as f64) <= 5.0 + 10.0 * elapsed.as_secs_f64(), "{} in {elapsed:?}", admitted.len());
    // The same within any time, not only in all.
    let interval = contended().interval().as_nanos();
    for (first, from) in admitted.iter().enumerate() {
        for (last, until) in admitted.iter().enumerate().skip(first) {
            let most = 5 + (until - from) / interval;
            assert!((last - first + 1) as u128 <= most, "{} in {} ns", last - first + 1, until - from);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sandboxes_over_one_table_decide_as_one_in_memory() -> Tested {
    let engine = Engine::shared();
    let shared = client(&engine.endpoint()).await?;
    table(&shared, "compared").await?;
    let mut state = 7_u64;
    let mut below = |end: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    for (name, quota) in [
        ("third", Quota::per_second(3).burst(2)),
        ("even", Quota::per_minute(7).burst(1)),
        ("fast", Quota::per_second(7_000)),
    ] {
        let memory = RateLimit::new(MemoryStore::new(), quota).name(name);
        let sandboxes: Vec<_> = (0..3)
            .map(|_| RateLimit::new(DynamoDbStore::table("compared").client(shared.clone()), quota).name(name))
            .map(|limit| limit.fail_closed().timeout(PATIENCE))
            .collect();
        let mut now = SystemTime::now();
        let interval = u64::try_from(quota.interval().as_nanos())?;
        let mut refused = 0;
        for _ in 0..120 {
            now += Duration::from_nanos(below(2 * interval));
            let expected = memory.clone().clock(move || now).take("k").await?;
            let sandbox = sandboxes[usize::try_from(below(3))?].clone().clock(move || now);
            assert_eq!(sandbox.take("k").await?, expected, "{name}");
            refused += u32::from(!expected.is_allowed());
        }
        assert!(refused > 5 || name == "fast", "{name}: {refused}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_has_a_hash_of_the_key_a_time_and_when_it_expires() -> Tested {
    let engine = Engine::shared();
    let client = client(&engine.endpoint()).await?;
    table(&client, "items").await?;
    let store = DynamoDbStore::table("items").client(client.clone());
    let now = UNIX_EPOCH + Duration::from_millis(1_704_164_645_750);
    let limit = RateLimit::new(store, Quota::per_minute(6).burst(2)).fail_closed().timeout(PATIENCE).clock(move || now);
    for tat in [10_u64, 20] {
        assert!(limit.take("ada@example.com").await?.is_allowed());
        let items = client.scan().table_name("items").consistent_read(true).send().await?.items.unwrap_or_default();
        let [item] = &items[..] else { return Err(format!("{items:?}").into()) };
        let mut names: Vec<_> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["expiration", "id", "tat"]);
        let AttributeValue::S(id) = &item["id"] else { return Err("no text".into()) };
        let hash = id.strip_prefix("rate-limit#caller#").ok_or("no prefix")?;
        assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        let expected = (1_704_164_645_750 + tat * 1_000) * 1_000_000;
        assert_eq!(item["tat"], AttributeValue::N(expected.to_string()));
        // 20 s until the burst is there again, and a minute for clocks that are apart.
        assert_eq!(item["expiration"], AttributeValue::N((1_704_164_645 + 20 + 60).to_string()));
    }
    assert!(!limit.take("ada@example.com").await?.is_allowed());
    // Another store in the item's place is an error, and not a quota.
    let update = client.update_item().table_name("items").update_expression("SET tat = :text");
    let id = client.scan().table_name("items").send().await?.items.unwrap_or_default()[0]["id"].clone();
    update.key("id", id).expression_attribute_values(":text", AttributeValue::S("x".into())).send().await?;
    let fresh = RateLimit::new(DynamoDbStore::table("items").client(client), Quota::per_minute(6).burst(2));
    let error = fresh.fail_closed().timeout(PATIENCE).clock(move || now).take("ada@example.com").await.unwrap_err();
    assert!(error.is_store_error(), "{error}");
    Ok(())
}

/// Every request is throttled.
#[derive(Clone, Debug)]
struct Throttled;

impl HttpConnector for Throttled {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let body = json!({ "__type": "ProvisionedThroughputExceededException", "message": "slow down" }).to_string();
        let response = HttpResponse::new(400.try_into().expect("a status"), SdkBody::from(body));
        HttpConnectorFuture::ready(Ok(response))
    }
}

#[tokio::test]
async fn a_table_that_throttles_or_is_missing_lets_requests_pass_with_one_warning() -> Tested {
    let engine = Engine::shared();
    let throttled = http_client_fn(|_, _| SharedHttpConnector::new(Throttled));
    for (client, reason) in [
        (client(&engine.endpoint()).await?, "ResourceNotFoundException"),
        (client_over(&engine.endpoint(), throttled), "slow down"),
        (client(&format!("http://{}", engines::Unreachable::bind().address())).await?, "dispatch failure"),
    ] {
        let captured = CapturedLogs::default();
        let _logs = tracing::subscriber::set_default(Logs::new().writer(captured.clone()).build());
        let limit = RateLimit::new(DynamoDbStore::table("missing").client(client), Quota::per_second(1));
        let limit = Arc::new(limit.timeout(PATIENCE));
        for _ in 0..4 {
            let decision = limit.take("a").await?;
            assert!(decision.is_allowed() && !decision.is_checked());
        }
        let lines: Vec<_> = captured.lines().into_iter().filter(|line| line["level"] == "WARN").collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let why = lines[0]["reason"].as_str().unwrap_or_default();
        assert!(why.contains(reason) || reason == "ResourceNotFoundException" && why.contains("missing"), "{why}");
        let error = (*limit).clone().fail_closed().take("a").await.unwrap_err();
        assert_eq!(pilaster::http::HttpError::from(error).status().as_u16(), 503);
    }
    Ok(())
}
