use std::time::Duration;

use payments::Payment;
use payments::money::{Currency, Money};
use payments::provider::{DECLINED, FAILS, HANGS, Outcome};
use pilaster::testing::mapping::{Mapping, Report};
use pilaster::testing::sqs::{SqsMessageBuilder, message};
use pilaster::testing::{Caller, sqs};
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), pilaster::BoxError>;

/// The function as it is deployed, and its ledger in memory.
async fn deployed() -> (Caller<impl RawService>, Payments) {
    let clients = Clients::new();
    let payments = clients.get::<Payments>().await.expect("a ledger in memory");
    (Caller::new(pay::function()).with_clients(clients), payments)
}

fn order(id: &str, order: u64, amount: i64) -> SqsMessageBuilder {
    let order = json!({ "order_id": order, "total": { "amount": amount, "currency": "EUR" } });
    message(json!({ "customer": "ada", "order": order })).id(id)
}

/// Delivers messages until the queue is empty, five times at most.
async fn deliver(caller: &Caller<impl RawService>, messages: impl IntoIterator<Item = SqsMessageBuilder>) -> Report {
    Mapping::sqs(sqs(messages)).run(caller).await
}

async fn charges(payments: &Payments) -> usize {
    payments.0.query::<Value>("provider").send().await.expect("the charges").len()
}

async fn entry(payments: &Payments, order: u64) -> Option<Payment> {
    payments.0.get(("customer#ada", format!("order#{order}"))).await.expect("the entry")
}

#[tokio::test]
async fn an_order_is_charged_once_for_repeated_and_for_duplicate_messages() -> TestResult {
    let (caller, payments) = deployed().await;
    let event: Value = serde_json::from_str(include_str!("../../../events/queue.json"))?;
    for _ in 0..2 {
        assert_eq!(caller.call(event.clone()).await?, json!({ "batchItemFailures": [] }));
    }
    assert_eq!(charges(&payments).await, 2);
    for id in [1, 2] {
        assert_eq!(entry(&payments, id).await.and_then(|payment| payment.outcome), Some(Outcome::Charged));
    }
    Ok(())
}

#[tokio::test]
async fn an_order_with_another_total_ends_in_the_dead_letter_queue() {
    let (caller, payments) = deployed().await;
    let report = deliver(&caller, [order("first", 1, 1000), order("other", 1, 2000), order("same", 1, 1000)]).await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["first", "same"], vec!["other"]));
    assert_eq!(charges(&payments).await, 1);
    assert_eq!(entry(&payments, 1).await.map(|payment| payment.total.amount), Some(1000));
}

#[tokio::test]
async fn what_is_never_charged_ends_in_the_dead_letter_queue() {
    let (caller, payments) = deployed().await;
    let malformed = [message("{").id("text"), message(json!({ "customer": "ada" })).id("no order")];
    let orders = [("zero", 0), ("negative", -1), ("too large", 1_000_001)];
    let orders = orders.into_iter().zip(1..).map(|((id, amount), number)| order(id, number, amount));
    let report = deliver(&caller, orders.chain(malformed)).await;
    assert_eq!(report.completed(), [""; 0]);
    assert_eq!(report.dead_lettered(), ["zero", "negative", "too large", "text", "no order"]);
    assert_eq!(charges(&payments).await, 0);
}

#[tokio::test]
async fn a_charge_whose_answer_is_lost_is_made_once() {
    let (caller, payments) = deployed().await;
    let report = deliver(&caller, [order("m", 1, FAILS)]).await;
    assert_eq!((report.completed(), report.deliveries("m")), (vec!["m"], 2));
    assert_eq!(charges(&payments).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_reaches_its_deadline_while_it_charges_is_charged_once() {
    let (caller, payments) = deployed().await;
    let caller = caller.with_time_left(Duration::from_secs(10));
    let report = deliver(&caller, [order("slow", 1, HANGS), order("other", 2, 1000)]).await;
    assert_eq!(report.completed(), ["other", "slow"]);
    assert_eq!(charges(&payments).await, 2);
}

#[tokio::test(start_paused = true)]
async fn duplicates_in_one_batch_charge_once() {
    let (caller, payments) = deployed().await;
    let caller = caller.with_time_left(Duration::from_secs(10));
    let report = deliver(&caller, [order("one", 1, HANGS), order("two", 1, HANGS)]).await;
    let mut completed = report.completed();
    completed.sort_unstable();
    assert_eq!(completed, ["one", "two"], "one continues while the one that came first waits");
    assert_eq!(charges(&payments).await, 1);
}

#[tokio::test]
async fn a_charge_over_http_is_seen_even_if_it_was_interrupted() -> TestResult {
    let (caller, payments) = deployed().await;
    let over_http = async |order_id, amount| {
        let order = Order { order_id, total: Money::new(amount, Currency::Eur) };
        payments.pay("ada", order, &format!("key-{order_id}")).await
    };
    over_http(1, 1000).await?;
    assert!(over_http(2, FAILS).await.is_err());
    let open = entry(&payments, 2).await.expect("an intent").charge_id;
    let report = deliver(&caller, [order("1", 1, 1000), order("2", 2, FAILS), order("other", 1, 999)]).await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["1", "2"], vec!["other"]));
    assert_eq!(charges(&payments).await, 2);
    assert_eq!(entry(&payments, 2).await.map(|payment| payment.charge_id), Some(open));
    Ok(())
}

#[tokio::test]
async fn a_declined_order_is_declined_whenever_its_message_comes_again_until_it_is_paid() -> TestResult {
    let (caller, payments) = deployed().await;
    let report = deliver(&caller, [order("m", 1, DECLINED)]).await;
    assert_eq!(report.dead_lettered(), ["m"]);
    assert_eq!(charges(&payments).await, 1);

    // The provider forgets the charge. The message is redriven, and sent again.
    let charge = payments.0.query::<Value>("provider").send().await?.remove(0);
    payments.0.delete(charge.key).await?;
    let report = deliver(&caller, [order("redriven", 1, DECLINED), order("sent again", 1, DECLINED)]).await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec![], vec!["redriven", "sent again"]));
    assert_eq!(charges(&payments).await, 0, "no call");

    // A new key over HTTP is a new attempt. Then the message has nothing to do.
    let order_of = |amount| Order { order_id: 1, total: Money::new(amount, Currency::Eur) };
    assert!(payments.pay("ada", order_of(DECLINED), "key-1").await.is_err());
    assert_eq!(charges(&payments).await, 1, "a call");
    assert_eq!(deliver(&caller, [order("m", 1, DECLINED)]).await.dead_lettered(), ["m"]);
    payments.pay("ada", order_of(1000), "key-2").await?;
    assert_eq!(deliver(&caller, [order("m", 1, 1000)]).await.completed(), ["m"]);
    assert_eq!(charges(&payments).await, 2);
    Ok(())
}

#[tokio::test]
async fn an_intent_that_the_provider_may_have_forgotten_ends_in_the_dead_letter_queue() -> TestResult {
    let (caller, payments) = deployed().await;
    let key = ("customer#ada", "order#1");
    assert_eq!(deliver(&caller, [order("new", 1, FAILS)]).await.completed(), ["new"]);
    let paid = entry(&payments, 1).await.expect("a payment");
    let old = Payment { intended_at: paid.intended_at - 24 * 3600, outcome: None, ..paid };
    payments.0.delete(("provider", old.charge_id.as_str())).await?;
    payments.0.put(key, &old).await?;
    assert_eq!(deliver(&caller, [order("old", 1, FAILS)]).await.dead_lettered(), ["old"]);
    assert_eq!((charges(&payments).await, entry(&payments, 1).await.as_ref()), (0, Some(&old)), "no call");

    // A person has asked the provider for the charge, and redrives the message.
    payments.0.put(key, &Payment { outcome: Some(Outcome::Charged), ..old }).await?;
    assert_eq!(deliver(&caller, [order("old", 1, FAILS)]).await.completed(), ["old"]);
    assert_eq!(charges(&payments).await, 0);
    Ok(())
}

/// The template says how many calls the provider gets at the same time.
#[tokio::test(start_paused = true)]
async fn all_messages_of_a_batch_call_the_provider_at_the_same_time_in_each_function() {
    let setting = |name: &str| {
        let value = include_str!("../../../template.yaml").split(name).nth(1).expect("the setting");
        value.split_whitespace().next().and_then(|value| value.parse::<usize>().ok()).expect("a number")
    };
    let (caller, payments) = deployed().await;
    let caller = caller.with_time_left(Duration::from_secs(10));
    let messages = (1..=30).map(|number| order(&format!("m{number}"), number, HANGS));
    let queue = Mapping::sqs(sqs(messages)).batch_size(setting("BatchSize:"));
    let calls = tokio::select! {
        report = queue.run(&caller) => panic!("{report:?}"),
        () = tokio::time::sleep(Duration::from_secs(1)) => charges(&payments).await,
    };
    assert_eq!(calls * setting("MaximumConcurrency:"), setting("the provider gets at most "));
}

#[tokio::test]
async fn the_ledger_is_opened_before_the_first_message() {
    let clients = Clients::new();
    Caller::new(pay::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Payments>());
}
