use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::testing::{Caller, firehose};
use serde_json::{Value, json};

use super::*;

async fn results(sales: Vec<Value>) -> Result<Vec<Value>, BoxError> {
    let response = Caller::new(transform::function()).call(firehose(sales)).await?;
    Ok(response["records"].as_array().cloned().unwrap_or_default())
}

fn text(result: &Value) -> String {
    let data = STANDARD.decode(result["data"].as_str().expect("data")).expect("base64");
    String::from_utf8(data).expect("text")
}

fn sale(card: &str) -> Value {
    json!({ "id": "s-1", "money": { "amount": 1999, "currency": "EUR" }, "card": card })
}

#[tokio::test]
async fn the_number_of_a_card_is_masked_in_a_line_of_its_own_and_the_currency_is_the_partition() -> Result<(), BoxError>
{
    let mut unknown = sale("4111 1111 1111 1234");
    unknown["cvc"] = json!("987");
    let results = results(vec![unknown]).await?;
    assert_eq!(
        text(&results[0]),
        "{\"id\":\"s-1\",\"money\":{\"amount\":1999,\"currency\":\"EUR\"},\"card\":\"*1234\"}\n"
    );
    assert_eq!(results[0]["metadata"]["partitionKeys"], json!({ "currency": "EUR" }));
    Ok(())
}

#[tokio::test]
async fn a_text_that_is_no_number_of_a_card_is_masked_as_a_whole() -> Result<(), BoxError> {
    let cards = ["", "1234", "12345678901", "٤١١١١١١١١١١١١٢٣٤", "no digits at all"];
    for result in results(cards.map(sale).to_vec()).await? {
        assert!(text(&result).contains("\"card\":\"*\"}"), "{}", text(&result));
    }
    Ok(())
}

#[test]
fn the_number_of_a_card_is_not_printed() -> Result<(), BoxError> {
    let mut random = 1_u64;
    for length in 0..40 {
        let digits = (0..length).map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'2' + (random >> 61) as u8)
        });
        let card: String = digits.collect();
        let sale: Sale = serde_json::from_value(sale(&card))?;
        // The amount of the sale is 1999.
        let printed = format!("{sale:?} {sale:#?}").replace("1999", "");
        assert!(!printed.contains(|digit| matches!(digit, '2'..='9')), "{printed}");
    }
    Ok(())
}

#[tokio::test]
async fn a_test_sale_is_dropped_and_an_invalid_record_fails_alone_with_its_data_unchanged() -> Result<(), BoxError> {
    let mut test = sale("4111 1111 1111 1234");
    test["is_test"] = json!(true);
    let results = results(vec![test, json!({ "id": 7 }), sale("4111 1111 1111 1234")]).await?;
    let outcomes: Vec<_> = results.iter().map(|result| result["result"].as_str()).collect();
    assert_eq!(outcomes, [Some("Dropped"), Some("ProcessingFailed"), Some("Ok")]);
    assert_eq!(text(&results[1]), "{\"id\":7}");
    Ok(())
}

#[tokio::test]
async fn the_sample_event_has_a_result_for_each_record() -> Result<(), BoxError> {
    let response = Caller::new(transform::function()).call_text(include_str!("../../../events/firehose.json")).await?;
    assert_eq!(response["records"][0]["result"], "Ok");
    assert_eq!(response["records"][1]["result"], "Dropped");
    Ok(())
}
