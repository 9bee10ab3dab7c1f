//! The type of amounts, which all examples have in the same form.

use payments::money::{Currency, Money};
use serde_json::json;

const fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::Eur)
}

#[test]
fn an_amount_has_one_json_form() {
    assert_eq!(serde_json::to_value(eur(1999)).unwrap(), json!({ "amount": 1999, "currency": "EUR" }));
    assert_eq!(
        serde_json::from_value::<Money>(json!({ "amount": -1, "currency": "USD" })).unwrap(),
        Money::new(-1, Currency::Usd)
    );
    for other in [
        json!(1999),
        json!({ "amount": 19.99, "currency": "EUR" }),
        json!({ "amount": "1999", "currency": "EUR" }),
        json!({ "amount": 1e3, "currency": "EUR" }),
        json!({ "amount": 9_223_372_036_854_775_808_u64, "currency": "EUR" }),
        json!({ "amount": 1 }),
        json!({ "amount": 1, "currency": "eur" }),
        json!({ "amount": 1, "currency": "JPY" }),
        json!({ "amount": 1, "currency": "EUR", "cents": 1 }),
    ] {
        assert!(serde_json::from_value::<Money>(other.clone()).is_err(), "{other}");
    }
}

#[test]
fn amounts_of_two_currencies_and_sums_that_are_too_large_are_not_added() {
    assert_eq!(eur(1).checked_add(eur(2)), Some(eur(3)));
    assert_eq!(eur(1).checked_add(Money::new(2, Currency::Chf)), None);
    assert_eq!(eur(i64::MAX).checked_add(eur(1)), None);
    assert_eq!(eur(i64::MIN).checked_add(eur(-1)), None);
    assert_eq!(eur(250).checked_mul(3), Some(eur(750)));
    assert_eq!(eur(i64::MAX).checked_mul(2), None);
    assert_eq!(eur(i64::MIN).checked_mul(-1), None);
}

#[test]
fn a_percentage_loses_no_minor_unit() {
    // `full / 10 * 9`, as the observability example once had it, is 1791 of 1999.
    assert_eq!(eur(1999).percent(90), eur(1799));
    for amount in -1000..=1000 {
        let exact = |percent: u8| amount as f64 * f64::from(percent) / 100.0;
        for percent in 0..=100 {
            let rounded = eur(amount).percent(percent).amount as f64;
            assert!((rounded - exact(percent)).abs() <= 0.5, "{percent} % of {amount}: {rounded}");
        }
        assert_eq!(eur(amount).percent(100), eur(amount));
        assert_eq!(eur(-amount).percent(35).amount, -eur(amount).percent(35).amount, "half away from zero");
    }
    assert_eq!([eur(1).percent(50), eur(-1).percent(50)], [eur(1), eur(-1)]);
    assert_eq!([eur(i64::MAX).percent(255), eur(i64::MIN).percent(255)], [eur(i64::MAX), eur(i64::MIN)]);
    assert_eq!(eur(i64::MAX).percent(100), eur(i64::MAX));
}
