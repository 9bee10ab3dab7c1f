//! The function as it is deployed, and the arithmetic of its prices.

use pilaster::testing::{Caller, http};
use pilaster::{BoxError, Clients};
use serde_json::{Value, json};

use super::catalogue::{Catalogue, discounted};
use super::money::{Currency, Money};
use super::quote;

type Tested = Result<(), BoxError>;

#[test]
fn the_discount_loses_no_cent() {
    let eur = |amount| Money::new(amount, Currency::Eur);
    for (price, quantity, total) in [
        (1_990, 9, 17_910),
        (1_990, 10, 17_910),
        (1_999, 11, 19_790), // 219.89 less 10 % is 197.901
        (5, 11, 50),         // 0.55 less 10 % is 0.495
        (9, 10, 81),
        (1, 15, 14), // 0.15 less 10 % is 0.135
    ] {
        assert_eq!(discounted(eur(price), quantity), Some(eur(total)), "{quantity} for {price} each");
    }
    assert_eq!(discounted(eur(i64::MAX), 2), None);
}

#[tokio::test]
async fn a_quote_has_the_price_of_the_catalogue() -> Tested {
    let caller = Caller::new(quote::function()).with_clients(Clients::new());
    let send = async |item: &str, quantity: u64| -> Result<(u16, Value), BoxError> {
        let response = caller.send(http::post("/quotes").json(json!({ "item": item, "quantity": quantity }))).await?;
        Ok((response.status(), response.json()?))
    };
    let total = json!({ "amount": 19_701, "currency": "EUR" });
    assert_eq!(send("umbrella", 11).await?, (200, json!({ "item": "umbrella", "total": total })));
    assert_eq!(send("unicorn", 1).await?.0, 404);
    assert_eq!(send("umbrella", u64::from(u32::MAX) + 1).await?.0, 422);
    Ok(())
}

#[tokio::test]
async fn the_catalogue_is_created_in_the_init_phase() {
    let clients = Clients::new();
    Caller::new(quote::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Catalogue>());
}
