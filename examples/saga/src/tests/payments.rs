//! A charge whose outcome is unknown, after the provider has forgotten its key; and the card token.

use pilaster::Clients;
use pilaster::table::Table;
use serde_json::{Value, json};

use super::machine::{Failure, execute};
use super::{input, order, payment, shop, step, units};
use crate::order::StepError;
use crate::provider::KEY_LIFETIME;
use crate::shop::Shop;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// Makes the intent of an order older by this many seconds.
async fn age(table: &Table, id: &str, seconds: u64) -> TestResult {
    let mut entry = table.get::<Value>(format!("order#{id}")).await?.ok_or("there is no order")?;
    let at = entry["progress"]["intended_at"].as_u64().ok_or("there is no intent")?;
    entry["progress"]["intended_at"] = json!(at - seconds);
    Ok(table.put(format!("order#{id}"), &entry).await?)
}

#[tokio::test]
async fn a_charge_is_repeated_only_while_the_provider_knows_its_key() -> TestResult {
    let lifetime = KEY_LIFETIME;
    for (seconds, is_repeated) in [(0, true), (lifetime - 60, true), (lifetime + 1, false), (90 * 86_400, false)] {
        let (shop, table) = shop().await;
        let lost = order(json!({ "card": "tok_lost" }));
        shop.reserve(&lost).await?;
        assert!(matches!(shop.charge(&lost).await, Err(StepError::ProviderUnavailable)));
        age(&table, "o-1", seconds).await?;
        if !is_repeated {
            // The provider has forgotten the key, so it would charge a second time.
            table.delete("payment#local/o-1").await?;
        }
        let again = shop.charge(&lost).await;
        assert_eq!(matches!(again, Err(StepError::ProviderUnavailable)), is_repeated, "after {seconds} s");
        assert_eq!(matches!(again, Err(StepError::ChargeUnknown)), !is_repeated, "after {seconds} s");
        assert_eq!(payment(&table, "o-1").await[0].is_null(), !is_repeated, "after {seconds} s");
    }
    Ok(())
}

/// An intent that an earlier version of the function wrote.
#[tokio::test]
async fn an_intent_without_a_time_is_too_old() -> TestResult {
    let (shop, table) = shop().await;
    let order = order(json!({}));
    let progress =
        json!({ "stage": "ChargeRequested", "reserved": 2, "released": 0, "refunded": null, "tracking": null });
    table.put("order#o-1", &json!({ "order": order, "progress": progress })).await?;
    assert!(matches!(shop.charge(&order).await, Err(StepError::ChargeUnknown)));
    assert_eq!(payment(&table, "o-1").await, json!([null, null]));
    Ok(())
}

/// For example after a redrive, or in a second execution after the first one was aborted.
#[tokio::test]
async fn an_order_with_an_old_intent_is_refunded_and_released() -> TestResult {
    let (shop, table) = shop().await;
    let order = order(json!({ "card": "tok_lost" }));
    shop.reserve(&order).await?;
    assert!(shop.charge(&order).await.is_err());
    age(&table, "o-1", KEY_LIFETIME + 1).await?;
    let call = async |name: String, input: Value| step(&shop, &name, &input).await;
    let execution = execute("o-1", input(json!({ "card": "tok_lost" })), call).await;
    assert_eq!(execution.end(), "OrderCancelled");
    assert_eq!(execution.notified[0]["failure"]["Error"], "ChargeUnknown");
    assert_eq!((units(&table).await, payment(&table, "o-1").await), (100, json!([1800, true])));
    Ok(())
}

#[tokio::test]
async fn the_operator_gets_what_was_done_but_not_the_card_token() {
    for failing in ["Charge", "Ship", "Refund", "Release"] {
        let (shop, _) = shop().await;
        let call = async |name: String, input: Value| match name.as_str() {
            name if name == failing => Err(Failure::new("Lambda.Unknown", "the process ended")),
            // A failed refund or release follows one of another step.
            "Ship" => Err(Failure::new("StepMissing", "an earlier step of the order is not done")),
            name => step(&shop, name, &input).await,
        };
        let execution = execute("o-1", input(json!({ "card": "tok_canary" })), call).await;
        let [message] = &execution.notified[..] else { panic!("{failing}: {:?}", execution.notified) };
        assert!(!message.to_string().contains("tok_"), "{message}");
        let names: Vec<_> = message.as_object().expect("an object").keys().map(String::as_str).collect();
        let expected = ["execution", "failure", "outcome", "refund", "refund_failure", "release", "release_failure"];
        assert_eq!((names, &message["execution"]), (expected.to_vec(), &json!("o-1")));
        assert_eq!(message["refund"]["stage"] == "Cancelled", failing != "Refund", "{message}");
        assert_eq!(message["release"]["released"] == 2, failing != "Release", "{message}");
    }
}

/// Two stacks, such as a test and production, have one account at the provider, and a ledger each.
#[tokio::test]
async fn an_order_of_another_deployment_has_another_payment() -> TestResult {
    let provider = Table::in_memory();
    let order = order(json!({}));
    let mut shops = Vec::new();
    for deployment in ["pilaster-saga", "pilaster-saga-test"] {
        provider.delete(format!("order#{}", order.id)).await?;
        provider.put("stock#tea", &json!({ "units": 100 })).await?;
        let clients = Clients::new().with_variable("DEPLOYMENT", deployment);
        let shop = Shop { table: provider.clone(), ..clients.get().await? };
        shop.reserve(&order).await?;
        shop.charge(&order).await?;
        shops.push(shop);
    }
    assert!(shops[1].refund(&order).await?.refunded.is_some());
    for (deployment, is_cancelled) in [("pilaster-saga", false), ("pilaster-saga-test", true)] {
        let payment = provider.get::<Value>(format!("payment#{deployment}/o-1")).await?.ok_or("a charge of its own")?;
        assert_eq!((&payment["charged"]["amount"], &payment["cancelled"]), (&json!(1800), &json!(is_cancelled)));
    }
    assert!(include_str!("../../template.yaml").contains("DEPLOYMENT: !Ref AWS::StackName"));
    Ok(())
}
