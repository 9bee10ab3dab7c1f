use std::time::{SystemTime, UNIX_EPOCH};

use payments::money::{Currency, Money};
use payments::provider::{self, DECLINED, FAILS, HANGS, Outcome};
use pilaster::observe::logging::CapturedLogs;
use pilaster::table::{Found, Table};
use pilaster::testing::http::Request;
use pilaster::testing::{Caller, http as request};
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), pilaster::BoxError>;

const TEMPLATE: &str = include_str!("../template.yaml");

/// The function as it is deployed, and its ledger in memory.
async fn deployed() -> (Caller<impl RawService>, Table) {
    deployed_as("here").await
}

async fn deployed_as(deployment: &str) -> (Caller<impl RawService>, Table) {
    let clients = Clients::new().with_variable("DEPLOYMENT", deployment);
    let payments = clients.get::<Payments>().await.expect("a ledger in memory");
    (Caller::new(pay::function()).with_clients(clients), payments.0)
}

fn request_of(customer: &str, key: &str, order: u64, amount: i64) -> Request {
    let body = json!({ "order_id": order, "total": { "amount": amount, "currency": "EUR" } });
    let claims = json!({ "sub": customer, "iss": "https://issuer.example.com" });
    request::post("/payments").header("idempotency-key", format!("\"{key}\"")).claims(claims).json(body)
}

fn request(key: &str, order: u64, amount: i64) -> Request {
    request_of("ada", key, order, amount)
}

/// Sends a request, again while the lock of an interrupted one is being released.
async fn send(caller: &Caller<impl RawService>, key: &str, order: u64, amount: i64) -> request::TestResponse {
    loop {
        let response = caller.send(request(key, order, amount)).await.expect("a response");
        if response.status() != 409 || response.header("retry-after").is_none() {
            return response;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The charges at the provider.
async fn charges(ledger: &Table) -> Vec<Found<Value>> {
    ledger.query("provider").send().await.expect("the charges")
}

async fn entry(ledger: &Table, order: u64) -> Option<Payment> {
    ledger.get(("customer#ada", format!("order#{order}"))).await.expect("the entry")
}

/// An intent of order 1, some hours old.
fn intent(charge_id: &str, hours: u64) -> Payment {
    let (total, charge_id) = (Money::new(1000, Currency::Eur), charge_id.to_owned());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let attempts = vec![charge_id.clone()];
    Payment { order_id: 1, total, charge_id, intended_at: now - hours * 3600, outcome: None, attempts }
}

/// The provider removes its keys, with the charges that they have.
async fn forget(ledger: &Table) {
    for charge in charges(ledger).await {
        ledger.delete(charge.key).await.expect("deleted");
    }
}

#[tokio::test]
async fn a_repeated_request_has_the_same_response_and_the_cors_headers_of_its_caller() -> TestResult {
    let (caller, ledger) = deployed().await;
    let first = caller.send(request("a", 1, 1000).header("origin", "https://shop.example.com")).await?;
    assert_eq!(first.status(), 201, "{first:?}");
    let payment = first.json::<Payment>()?;
    assert_eq!((payment.total, payment.outcome), (Money::new(1000, Currency::Eur), Some(Outcome::Charged)));
    assert_eq!(entry(&ledger, 1).await, Some(payment));

    let again = caller.send(request("a", 1, 1000).header("origin", "https://app.example.com")).await?;
    assert_eq!((again.status(), again.text()), (201, first.text()));
    for (response, origin) in [(&first, "https://shop.example.com"), (&again, "https://app.example.com")] {
        assert_eq!(response.header("access-control-allow-origin"), Some(origin));
        assert_eq!(response.header("location"), None, "there is no route that returns a payment");
    }
    assert_eq!(charges(&ledger).await.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_charge_whose_answer_is_lost_is_made_once() -> TestResult {
    for second_key in ["a", "b"] {
        let (caller, ledger) = deployed().await;
        let first = caller.send(request("a", 1, FAILS)).await?;
        assert_eq!(first.status(), 503, "{first:?}");
        assert!(!first.text().contains("connection"), "the cause is not shown");
        assert_eq!(entry(&ledger, 1).await.and_then(|payment| payment.outcome), None, "only the intent");

        let second = send(&caller, second_key, 1, FAILS).await;
        assert_eq!(second.status(), 201, "{second:?}");
        assert_eq!(charges(&ledger).await.len(), 1, "with the key {second_key}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_leaves_half_of_the_time_and_is_charged_once() -> TestResult {
    // In a request that starts late, the deadline comes first.
    for (seconds, status) in [(10, 503), (4, 504)] {
        let (caller, ledger) = deployed().await;
        let caller = caller.with_time_left(Duration::from_secs(seconds));
        let start = tokio::time::Instant::now();
        assert_eq!(caller.send(request("a", 1, HANGS)).await?.status(), status);
        assert!(start.elapsed() <= Duration::from_secs(5), "{:?} of {seconds} s", start.elapsed());
        assert_eq!(send(&caller, "a", 1, HANGS).await.status(), 201);
        assert_eq!(charges(&ledger).await.len(), 1);
    }
    assert!(TEMPLATE.contains("\n    Timeout: 10 "), "the time of which the call of the provider may take half");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_at_once_charge_once() -> TestResult {
    let (caller, ledger) = deployed().await;
    let caller = caller.with_time_left(Duration::from_secs(10));
    // The one that comes first waits for the provider, which has charged.
    let (first, second, third) = tokio::join!(
        caller.send(request("a", 1, HANGS)),
        caller.send(request("a", 1, HANGS)),
        caller.send(request("b", 1, HANGS)),
    );
    let mut statuses = [first?.status(), third?.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 503], "another key continues with the same charge, whichever comes first");
    let second = second?;
    assert_eq!((second.status(), second.header("retry-after")), (409, Some("1")), "the same key");
    assert_eq!(charges(&ledger).await.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_process_may_end_after_each_step() -> TestResult {
    let interrupted = |outcome| Payment { outcome, ..intent("interrupted", 1) };
    for (is_charged, stored) in [(false, None), (true, None), (true, Some(Outcome::Charged))] {
        let (caller, ledger) = deployed().await;
        let before = interrupted(stored);
        ledger.put(("customer#ada", "order#1"), &before).await?;
        if is_charged {
            provider::charge(&ledger, "interrupted", before.total).await?;
        }
        let response = caller.send(request("a", 1, 1000)).await?;
        assert_eq!(response.status(), 201, "{response:?}");
        let paid = response.json::<Payment>()?;
        assert_eq!((paid.outcome, &paid.charge_id), (Some(Outcome::Charged), &before.charge_id));
        let charges = charges(&ledger).await;
        assert_eq!(charges.iter().map(|charge| charge.key.sort()).collect::<Vec<_>>(), ["interrupted"]);
    }
    Ok(())
}

#[tokio::test]
async fn an_order_has_one_total() -> TestResult {
    for amount in [1000, FAILS] {
        let (caller, ledger) = deployed().await;
        caller.send(request("a", 1, amount)).await?;
        let other = caller.send(request("b", 1, 2000)).await?;
        assert_eq!(other.status(), 409, "{other:?}");
        assert!(other.text().contains("another total"), "{}", other.text());
        assert_eq!(entry(&ledger, 1).await.map(|payment| payment.total.amount), Some(amount));
        assert_eq!(charges(&ledger).await.len(), 1);
    }
    let (caller, _) = deployed().await;
    assert_eq!(caller.send(request("a", 1, 1000)).await?.status(), 201);
    assert_eq!(caller.send(request("a", 1, 2000)).await?.status(), 422, "the key has another body");
    Ok(())
}

#[tokio::test]
async fn a_declined_order_is_charged_by_a_new_attempt_only() -> TestResult {
    let (caller, ledger) = deployed().await;
    for _ in 0..2 {
        assert_eq!(caller.send(request("a", 1, DECLINED)).await?.status(), 402);
        assert_eq!(charges(&ledger).await.len(), 1, "the key is that of the first attempt");
    }
    assert_eq!(caller.send(request("b", 1, DECLINED)).await?.status(), 402);
    assert_eq!(charges(&ledger).await.len(), 2);
    assert_eq!(caller.send(request("c", 1, 1000)).await?.status(), 201);
    assert_eq!(caller.send(request("b", 1, DECLINED)).await?.status(), 409, "it is paid");
    assert_eq!(charges(&ledger).await.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_declined_key_has_the_same_answer_also_when_the_provider_has_forgotten_it() -> TestResult {
    let (caller, ledger) = deployed().await;
    for key in ["a", "b"] {
        assert_eq!(caller.send(request(key, 1, DECLINED)).await?.status(), 402);
    }
    let before = entry(&ledger, 1).await;
    forget(&ledger).await;
    for key in ["a", "b", "a"] {
        assert_eq!(caller.send(request(key, 1, DECLINED)).await?.status(), 402, "{key}");
        assert_eq!((charges(&ledger).await.len(), entry(&ledger, 1).await), (0, before.clone()), "no call with {key}");
    }
    // What is paid is paid, also for the keys of the attempts before.
    assert_eq!(caller.send(request("c", 1, 1000)).await?.status(), 201);
    forget(&ledger).await;
    assert_eq!(caller.send(request("b", 1, 1000)).await?.status(), 201);
    assert_eq!(charges(&ledger).await.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_key_that_continued_a_declined_attempt_of_another_key_has_the_same_answer_again() -> TestResult {
    let (caller, ledger) = deployed().await;
    let open = Payment { total: Money::new(DECLINED, Currency::Eur), ..intent("interrupted", 0) };
    ledger.put(("customer#ada", "order#1"), &open).await?;
    assert_eq!(caller.send(request("a", 1, DECLINED)).await?.status(), 402);
    forget(&ledger).await;
    assert_eq!(caller.send(request("a", 1, DECLINED)).await?.status(), 402);
    assert_eq!(charges(&ledger).await.len(), 0, "no call");
    Ok(())
}

#[tokio::test]
async fn an_intent_is_not_charged_when_the_provider_may_have_forgotten_its_key() -> TestResult {
    for (hours, status) in [(22, 201), (24, 409), (24 * 365, 409)] {
        let (caller, ledger) = deployed().await;
        let before = intent("old", hours);
        ledger.put(("customer#ada", "order#1"), &before).await?;
        for key in ["a", "a", "b"] {
            let response = caller.send(request(key, 1, 1000)).await?;
            assert_eq!(response.status(), status, "after {hours} hours: {response:?}");
            if status == 409 {
                assert!(response.text().contains("a person has reconciled it"), "{}", response.text());
                assert_eq!(response.header("retry-after"), None);
                let found = entry(&ledger, 1).await.expect("the intent");
                assert_eq!((found.outcome, found.charge_id.as_str(), charges(&ledger).await.len()), (None, "old", 0));
            }
        }
        // A person has asked the provider for the charge.
        ledger.put(("customer#ada", "order#1"), &Payment { outcome: Some(Outcome::Charged), ..before }).await?;
        assert_eq!(caller.send(request("a", 1, 1000)).await?.status(), 201);
        assert_eq!(charges(&ledger).await.len(), usize::from(status == 201));
    }
    Ok(())
}

#[tokio::test]
async fn an_intent_of_the_future_is_not_charged_since_it_would_never_be_old() -> TestResult {
    let now = intent("now", 0).intended_at;
    for intended_at in [now + 30 * 86_400, now * 1000, u64::MAX >> 1] {
        let (caller, ledger) = deployed().await;
        ledger.put(("customer#ada", "order#1"), &Payment { intended_at, ..intent("old", 0) }).await?;
        assert_eq!(caller.send(request("a", 1, 1000)).await?.status(), 409, "{intended_at}");
        assert_eq!(charges(&ledger).await.len(), 0, "{intended_at}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_failure_and_a_time_out_of_the_provider_are_logged_with_the_ids_of_the_open_charge() -> TestResult {
    for amount in [FAILS, HANGS] {
        let (caller, ledger) = deployed().await;
        let logs = CapturedLogs::default();
        let caller = caller.with_time_left(Duration::from_secs(10)).with_logs(&logs);
        assert_eq!(caller.send(request("a", 7, amount)).await?.status(), 503);
        let lines = logs.lines();
        let of_the_charge = |line: &&Value| line["charge_id"].is_string();
        let [line] = lines.iter().filter(of_the_charge).collect::<Vec<_>>()[..] else { panic!("{lines:#?}") };
        let open = entry(&ledger, 7).await.expect("an intent");
        assert_eq!((&line["order_id"], &line["charge_id"]), (&json!(7), &json!(open.charge_id)));
        assert_eq!((&line["level"], open.outcome), (&json!("ERROR"), None));
        let pattern = format!("FilterPattern: '{{ $.message = {} }}'", line["message"]);
        assert!(TEMPLATE.contains(&pattern), "an alarm counts it: {pattern}");
        assert!(!line.to_string().contains("amount"), "{line}");
    }
    Ok(())
}

#[tokio::test]
async fn an_order_has_twenty_attempts_and_those_that_it_had_keep_their_answer() -> TestResult {
    let (caller, ledger) = deployed().await;
    for attempt in 0..50 {
        let response = caller.send(request(&format!("{attempt}"), 1, DECLINED)).await?;
        assert_eq!(response.status(), 402, "{attempt}");
        assert!(response.text().contains("an order has 20"), "{}", response.text());
        assert_eq!(charges(&ledger).await.len(), 20.min(attempt + 1));
    }
    // Neither a total that is accepted nor a key that was declined is another attempt.
    let full = entry(&ledger, 1).await;
    for key in ["0", "19", "20", "new"] {
        assert_eq!(caller.send(request(key, 1, 1000)).await?.status(), 402, "{key}");
    }
    assert_eq!((charges(&ledger).await.len(), entry(&ledger, 1).await), (20, full));
    assert_eq!(send(&caller, "new", 2, 1000).await.status(), 201, "another order");
    Ok(())
}

#[tokio::test]
async fn any_key_continues_an_open_attempt_also_after_many_and_the_entry_stays_small() -> TestResult {
    let (caller, ledger) = deployed().await;
    let attempts = (0..20).map(|attempt| format!("{attempt:064}")).collect::<Vec<_>>();
    let open = Payment { attempts: attempts.clone(), ..intent("open", 1) };
    ledger.put(("customer#ada", "order#1"), &open).await?;
    for key in ["new", "newer"] {
        let paid = caller.send(request(key, 1, 1000)).await?.json::<Payment>()?;
        assert_eq!((paid.charge_id.as_str(), &paid.attempts), ("open", &attempts));
    }
    assert_eq!(charges(&ledger).await.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_declined_key_continues_the_open_attempt_of_another_key() -> TestResult {
    let (caller, ledger) = deployed().await;
    assert_eq!(caller.send(request("a", 1, DECLINED)).await?.status(), 402);
    let declined = entry(&ledger, 1).await.expect("an entry").attempts;
    let open = Payment { attempts: [declined, vec!["open".to_owned()]].concat(), ..intent("open", 1) };
    ledger.put(("customer#ada", "order#1"), &open).await?;
    let paid = caller.send(request("a", 1, 1000)).await?.json::<Payment>()?;
    assert_eq!((paid.outcome, paid.charge_id.as_str()), (Some(Outcome::Charged), "open"));
    assert_eq!(charges(&ledger).await.len(), 2, "the declined one and this one");
    Ok(())
}

#[tokio::test]
async fn two_deployments_with_one_account_at_the_provider_share_no_id() -> TestResult {
    let mut ids = Vec::new();
    for deployment in ["1/eu-central-1/payments", "1/us-east-1/payments", "2/us-east-1/payments"] {
        let (caller, ledger) = deployed_as(deployment).await;
        ids.push(caller.send(request("a", 1, 1000)).await?.json::<Payment>()?.charge_id);
        // A message has the customer and the order as its id.
        let order = Order { order_id: 2, total: Money::new(1000, Currency::Eur) };
        ids.push(Payments(ledger, deployment.to_owned()).pay("ada", order, "ada/2").await?.charge_id);
    }
    for id in &ids {
        assert!(id.len() == 64 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id} names no account");
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6, "{ids:?}");
    assert!(TEMPLATE.contains("DEPLOYMENT: !Sub ${AWS::AccountId}/${AWS::Region}/${AWS::StackName}"));
    Ok(())
}

#[tokio::test]
async fn customers_share_neither_keys_nor_orders() -> TestResult {
    let (caller, ledger) = deployed().await;
    let mut ids = Vec::new();
    for customer in ["ada", "bob"] {
        let response = caller.send(request_of(customer, "a", 1, 1000)).await?;
        assert_eq!(response.status(), 201, "{response:?}");
        ids.push(response.json::<Payment>()?.charge_id);
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(charges(&ledger).await.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_key_that_comes_with_another_order_after_a_failure_is_another_charge() -> TestResult {
    let (caller, ledger) = deployed().await;
    assert_eq!(caller.send(request("a", 1, FAILS)).await?.status(), 503);
    assert_eq!(send(&caller, "a", 2, 1000).await.status(), 201);
    assert_eq!(send(&caller, "b", 1, FAILS).await.status(), 201);
    let [one, two] = [entry(&ledger, 1).await, entry(&ledger, 2).await].map(|entry| entry.expect("a payment"));
    assert_ne!(one.charge_id, two.charge_id);
    assert_eq!(charges(&ledger).await.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_refused_order_leaves_nothing_and_its_key_may_be_used_again() -> TestResult {
    let (caller, ledger) = deployed().await;
    for amount in [0, -1, i64::MIN, 1_000_001, i64::MAX] {
        let response = caller.send(request("a", 1, amount)).await?;
        assert_eq!(response.status(), 422, "{amount}: {response:?}");
    }
    for total in [
        json!(10),
        json!({ "amount": 10 }),
        json!({ "amount": 10, "currency": "JPY" }),
        json!({ "amount": 1.5, "currency": "EUR" }),
    ] {
        let request = request("a", 1, 1).json(json!({ "order_id": 1, "total": total }));
        assert_eq!(caller.send(request).await?.status(), 422, "{total}");
    }
    assert_eq!((entry(&ledger, 1).await, charges(&ledger).await.len()), (None, 0));
    assert_eq!(caller.send(request("a", 1, 1_000_000)).await?.status(), 201);
    Ok(())
}

#[tokio::test]
async fn a_body_with_two_meanings_or_an_unknown_field_is_refused_and_charges_nothing() -> TestResult {
    let (caller, ledger) = deployed().await;
    for order in ["1,\"order_id\":2", "1,\"customer\":\"bob\"", "-1", "1e3", "18446744073709551616", "\"1\"", "null"] {
        let body = format!("{{\"order_id\":{order},\"total\":{{\"amount\":1,\"currency\":\"EUR\"}}}}");
        let request = request("a", 1, 1).json(serde_json::value::RawValue::from_string(body)?);
        assert_eq!(caller.send(request).await?.status(), 422, "{order}");
    }
    for total in ["1,\"amount\":2", "1,\"currency\":\"USD\""] {
        let body = format!("{{\"order_id\":1,\"total\":{{\"amount\":{total},\"currency\":\"EUR\"}}}}");
        let request = request("a", 1, 1).json(serde_json::value::RawValue::from_string(body)?);
        assert_eq!(caller.send(request).await?.status(), 422, "{total}");
    }
    assert_eq!((entry(&ledger, 1).await, charges(&ledger).await.len()), (None, 0));
    Ok(())
}

#[tokio::test]
async fn a_request_needs_a_token_and_a_key() -> TestResult {
    let (caller, _) = deployed().await;
    let body = json!({ "order_id": 1, "total": { "amount": 1, "currency": "EUR" } });
    let without_token = request::post("/payments").header("idempotency-key", "a").json(&body);
    assert_eq!(caller.send(without_token).await?.status(), 401);
    let without_key = caller.send(request::post("/payments").claims(json!({ "sub": "ada" })).json(&body)).await?;
    assert_eq!(without_key.status(), 400);
    assert!(without_key.text().contains("`idempotency-key` header is required"), "{}", without_key.text());
    Ok(())
}

#[tokio::test]
async fn a_web_page_may_send_the_key_and_the_token_and_read_when_to_retry() -> TestResult {
    let (caller, _) = deployed().await;
    let preflight = request::request("OPTIONS", "/payments")
        .header("origin", "https://shop.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,idempotency-key");
    let preflight = caller.send(preflight).await?;
    let allowed = preflight.header("access-control-allow-headers").unwrap_or_default();
    for header in ["authorization", "content-type", "idempotency-key"] {
        assert!(allowed.split(',').any(|name| name == header), "{header}: {allowed}");
    }
    let response = caller.send(request("a", 1, 1000).header("origin", "https://shop.example.com")).await?;
    assert_eq!(response.header("access-control-expose-headers"), Some("location,retry-after"));

    // A preflight has no token, so its route has no authorizer.
    let route = TEMPLATE.split("Method: OPTIONS").nth(1).expect("the route of preflights");
    let route = route.lines().take(4).collect::<Vec<_>>().join("\n");
    assert!(route.contains("Path: /payments") && route.contains("Authorizer: NONE"), "{route}");
    Ok(())
}

#[test]
fn a_payment_is_known_longer_than_a_message_may_come_late() {
    let seconds = |name: &str| {
        let values = TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix(name));
        values.filter_map(|value| value.split_whitespace().next()?.parse::<u64>().ok()).sum::<u64>()
    };
    let in_queues = seconds("MessageRetentionPeriod:");
    assert_eq!(in_queues, (14 + 14) * 86_400, "the queue and its dead-letter queue");
    assert!(RETENTION.as_secs() > in_queues, "records");
    let ledger = TEMPLATE.split("\n  Ledger:").nth(1).and_then(|text| text.split("\n\n").next()).expect("the ledger");
    assert!(!ledger.contains("TimeToLive"), "the entries of the ledger stay");
}

#[test]
fn an_alarm_counts_the_line_of_an_unknown_outcome() {
    let message = "the outcome of an old charge is unknown";
    assert!(
        include_str!("lib.rs")
            .contains(&format!("tracing::error!(order_id, charge_id = payment.charge_id, \"{message}\")"))
    );
    assert!(TEMPLATE.contains(&format!("FilterPattern: '{{ $.message = \"{message}\" }}'")));
}

#[tokio::test]
async fn the_ledger_is_opened_before_the_first_request() {
    let clients = Clients::new();
    Caller::new(pay::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Payments>());
}
