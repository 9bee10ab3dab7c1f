//! The function as it is deployed, with documents of flags in memory.

use std::time::{Duration, SystemTime};

use pilaster::config::flags::Flags;
use pilaster::config::parameters::{ParameterId, ParameterSource, ParameterValue};
use pilaster::observe::logging::CapturedLogs;
use pilaster::testing::{Caller, http};
use pilaster::{BoxError, Clients};
use serde_json::{Value, json};

use super::features::{Embedded, Features};
use super::offer;

type Tested = Result<(), BoxError>;

const TEMPLATE: &str = include_str!("../template.yaml");

/// A source with this document.
struct Text(String);

impl ParameterSource for Text {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        if self.0.is_empty() {
            Err("AppConfig is unavailable".into())
        } else {
            Ok(ParameterValue::from_text(id, &*self.0))
        }
    }
}

/// Friday, 2026-11-20, at this hour in Berlin.
fn friday(hour: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_132_800 + (hour - 1) * 3_600)
}

fn morning() -> Flags {
    Flags::new(Embedded, "features").clock(|| friday(9))
}

fn clients(flags: Flags) -> Clients {
    let clients = Clients::new();
    clients.insert(Features(flags));
    clients
}

async fn send(flags: Flags, request: http::Request) -> Result<(u16, Value), BoxError> {
    let response = Caller::new(offer::function()).with_clients(clients(flags)).send(request).await?;
    Ok((response.status(), response.json()?))
}

/// The offer of a product to a customer, whose claims are text, as API Gateway passes them.
async fn get(flags: Flags, sku: &str, tier: &str, customer: &str) -> Result<(u16, Value), BoxError> {
    let claims = json!({ "sub": "7f3a", "custom:tier": tier, "custom:customer": customer });
    send(flags, http::get(format!("/offers/{sku}")).claims(claims)).await
}

fn eur(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

#[tokio::test]
async fn the_terms_depend_on_the_claims_and_the_time() -> Tested {
    let usual = json!({ "sku": "umbrella", "price": eur(2_000), "shipping": eur(490), "checkout": "/checkout" });
    assert_eq!(get(morning(), "umbrella", "standard", "120").await?, (200, usual));
    assert_eq!(get(morning(), "umbrella", "premium", "120").await?.1["price"], eur(1_800));
    assert_eq!(get(morning(), "boots", "premium", "120").await?.1["price"], eur(4_499));
    assert_eq!(get(morning(), "umbrella", "standard", "119").await?.1["checkout"], "/v2/checkout");
    assert_eq!(get(morning(), "anvil", "standard", "119").await?.0, 404);

    let evening = Flags::new(Embedded, "features").clock(|| friday(18));
    assert_eq!(get(evening, "umbrella", "standard", "120").await?.1["shipping"], eur(0));
    Ok(())
}

#[tokio::test]
async fn nothing_but_the_verified_claims_makes_a_caller_premium() -> Tested {
    let path = "/offers/umbrella?tier=premium&custom:tier=premium&customer=119";
    let forged = || {
        let request = http::get(path).header("x-tier", "premium").header("custom-tier", "premium");
        // The claims of this token are {"custom:tier": "premium"}; without a signature, API Gateway does not pass it.
        request.header("authorization", "Bearer eyJhbGciOiJub25lIn0.eyJjdXN0b206dGllciI6InByZW1pdW0ifQ.")
    };
    assert_eq!(send(morning(), forged()).await?.0, 401, "without claims");
    for claims in [json!({ "sub": "7f3a" }), json!({ "sub": "7f3a", "tier": "premium" })] {
        let (status, offer) = send(morning(), forged().claims(claims)).await?;
        assert_eq!((status, &offer["price"], &offer["checkout"]), (200, &eur(2_000), &json!("/checkout")));
    }
    Ok(())
}

#[tokio::test]
async fn without_a_document_the_default_terms_apply() -> Tested {
    let (status, offer) = get(Flags::new(Text(String::new()), "features"), "boots", "premium", "1").await?;
    assert_eq!((status, &offer["price"], &offer["checkout"]), (200, &eur(4_999), &json!("/checkout")));
    Ok(())
}

/// Returns `true` if the template's metric filter counts a line. Each of its terms is `$.field = "text*"`.
fn is_counted(line: &Value) -> bool {
    let pattern = TEMPLATE.split_once("FilterPattern: '{ ").and_then(|(_, rest)| rest.split_once(" }'"));
    pattern.expect("a pattern").0.split(" || ").any(|term| {
        let (field, text) = term.trim_start_matches("$.").split_once(" = ").expect("a comparison");
        let begin = text.trim_matches('"').strip_suffix('*').expect("a text with a wildcard");
        line[field].as_str().is_some_and(|value| value.starts_with(begin))
    })
}

/// Returns the response to a premium customer, and whether the alarm that rolls flags back counts a line of the call.
async fn alarmed(source: impl ParameterSource, request: http::Request) -> Result<(u16, Value, bool), BoxError> {
    let logs = CapturedLogs::default();
    let clients = clients(Flags::new(source, "features").clock(|| friday(9)));
    let caller = Caller::new(offer::function()).with_clients(clients).with_logs(&logs);
    let response = caller.send(request).await?;
    Ok((response.status(), response.json()?, logs.lines().iter().any(is_counted)))
}

#[tokio::test]
async fn the_rollback_alarm_counts_what_a_flag_breaks_and_nothing_else() -> Tested {
    let request = |tier| http::get("/offers/umbrella").claims(json!({ "custom:tier": tier, "custom:customer": "120" }));
    let with = |discount: Value| {
        let mut document = serde_json::from_str::<Value>(include_str!("../flags.json")).expect("JSON");
        document["discount"]["default"] = discount;
        document.to_string()
    };
    for broken in
        [with(json!(101)), with(json!(-10)), with(json!("ten")), with(Value::Null), "[]".into(), String::new()]
    {
        let (status, offer, is_alarmed) = alarmed(Text(broken.clone()), request("standard")).await?;
        assert_eq!((status, &offer["price"], is_alarmed), (200, &eur(2_000), true), "{broken}");
    }

    // A caller cannot roll flags back.
    let (status, offer, is_alarmed) = alarmed(Embedded, request("premium")).await?;
    assert_eq!((status, &offer["price"], is_alarmed), (200, &eur(1_800), false));
    for (rejected, request) in [
        (404, http::get("/offers/anvil").claims(json!({ "sub": "the feature flags" }))),
        (401, http::get("/offers/umbrella")),
        (403, http::get("/offers/umbrella").claims(json!({ "custom:customer": "the feature flags" }))),
    ] {
        let (status, _, is_alarmed) = alarmed(Embedded, request).await?;
        assert_eq!((status, is_alarmed), (rejected, false));
    }
    Ok(())
}

#[tokio::test]
async fn the_flags_are_created_in_the_init_phase() {
    let clients = Clients::new();
    Caller::new(offer::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Features>());
}

#[test]
fn the_template_deploys_the_embedded_document() {
    let (_, rest) = TEMPLATE.split_once("      Content: |\n").expect("the document");
    let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with("        "));
    let document: String = lines.map(|line| line.trim_start_matches("        ").to_owned() + "\n").collect();
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!(read(&document), read(include_str!("../flags.json")));
}
