//! Conditions of rules: comparisons as in Python, and times in their zone.

use super::*;

fn holds_at(action: &str, key: &str, value: Value, context: Value, now: &str) -> bool {
    let document: Document = with_condition(action, key, value).to_string().parse().unwrap();
    let now = humantime::parse_rfc3339(now).unwrap();
    document.evaluate("f", &context, now) == Some(&json!(true))
}

fn holds(action: &str, value: Value, own: Value) -> bool {
    holds_at(action, "k", value, json!({ "k": own }), "2026-11-21T12:00:00Z")
}

#[test]
fn values_compare_as_in_python() {
    assert!(holds("EQUALS", json!(1), json!(1.0)));
    assert!(holds("EQUALS", json!(1), json!(true)), "bool is an int");
    assert!(holds("EQUALS", json!({ "a": [1] }), json!({ "a": [1.0] })));
    assert!(!holds("EQUALS", json!("1"), json!(1)));
    assert!(holds("NOT_EQUALS", json!("1"), json!(null)));
    assert!(holds("KEY_GREATER_THAN_VALUE", json!([1, 2]), json!([1, 3])));
    assert!(holds("KEY_LESS_THAN_VALUE", json!("b"), json!("a")));
    assert!(holds("KEY_GREATER_THAN_OR_EQUAL_VALUE", json!(u64::MAX), json!(u64::MAX)));
    assert!(holds("IN", json!("abc"), json!("b")), "a part of a text");
    assert!(holds("IN", json!({ "a": 1 }), json!("a")), "a key of an object");
    assert!(holds("VALUE_IN_KEY", json!("b"), json!("abc")));
    assert!(holds("VALUE_NOT_IN_KEY", json!("z"), json!(["a"])));
    assert!(holds("ALL_IN_VALUE", json!(["a"]), json!([])));
    assert!(!holds("ANY_IN_VALUE", json!(["a"]), json!([])));
    assert!(holds("STARTSWITH", json!("a"), json!("abc")));
}

#[test]
fn what_cannot_be_compared_holds_neither_way() {
    for action in
        ["KEY_GREATER_THAN_VALUE", "KEY_LESS_THAN_OR_EQUAL_VALUE", "STARTSWITH", "IN", "NOT_IN", "VALUE_NOT_IN_KEY"]
    {
        assert!(!holds(action, json!(5), json!("x")), "{action}");
    }
    for action in ["ALL_IN_VALUE", "ANY_IN_VALUE", "NONE_IN_VALUE"] {
        assert!(!holds(action, json!(["a"]), json!("a")), "{action}");
    }
    assert!(!holds("MODULO_RANGE", json!({ "BASE": 10, "START": 0, "END": 9 }), json!("5")));
}

#[test]
fn a_key_that_the_context_does_not_have_holds_nothing() {
    for action in ["EQUALS", "NOT_EQUALS", "NOT_IN", "KEY_NOT_IN_VALUE", "NONE_IN_VALUE"] {
        assert!(!holds_at(action, "k", json!(["a"]), json!({}), "2026-11-21T12:00:00Z"), "{action}");
    }
}

#[test]
fn a_modulo_of_a_negative_or_broken_number_is_that_of_python() {
    let range = json!({ "BASE": 100, "START": 90, "END": 99 });
    assert!(holds("MODULO_RANGE", range.clone(), json!(-1)));
    assert!(holds("MODULO_RANGE", range.clone(), json!(-5.5)));
    assert!(!holds("MODULO_RANGE", range, json!(1)));
}

#[test]
fn a_window_of_the_day_is_in_its_zone_over_midnight_and_to_the_minute() {
    let times = |start, end, zone| json!({ "START": start, "END": end, "TIMEZONE": zone });
    let inside = |value: Value, now| holds_at("SCHEDULE_BETWEEN_TIME_RANGE", "CURRENT_TIME", value, json!({}), now);
    assert!(inside(times("09:00", "17:00", "UTC"), "2026-11-21T17:00:59Z"), "the last minute belongs to it");
    assert!(!inside(times("09:00", "17:00", "UTC"), "2026-11-21T17:01:00Z"));
    assert!(inside(times("23:30", "23:00", "UTC"), "2026-11-21T12:00:00Z"), "nearly all day");
    assert!(inside(times("23:30", "23:00", "UTC"), "2026-11-21T23:00:59Z"));
    assert!(!inside(times("23:30", "23:00", "UTC"), "2026-11-21T23:15:00Z"), "the half hour that is left");
    assert!(inside(times("23:30", "23:00", "UTC"), "2026-11-21T23:30:00Z"));
    assert!(inside(times("21:00", "04:00", "UTC"), "2026-11-21T03:59:00Z"));
    assert!(!inside(times("21:00", "04:00", "UTC"), "2026-11-21T12:00:00Z"));
    // Berlin is an hour ahead in winter and two in summer.
    assert!(inside(times("13:00", "13:30", "Europe/Berlin"), "2026-11-21T12:15:00Z"));
    assert!(inside(times("14:00", "14:30", "Europe/Berlin"), "2026-07-21T12:15:00Z"));
}

#[test]
fn moments_and_days_are_those_of_the_zone() {
    let moments = json!({ "START": "2026-12-24T18:00:00", "END": "2026-12-25", "TIMEZONE": "America/New_York" });
    let inside = |now| holds_at("SCHEDULE_BETWEEN_DATETIME_RANGE", "CURRENT_DATETIME", moments.clone(), json!({}), now);
    assert!(!inside("2026-12-24T22:59:59Z"));
    assert!(inside("2026-12-24T23:00:00Z"));
    assert!(inside("2026-12-25T05:00:00Z"), "the end belongs to it");
    assert!(!inside("2026-12-25T05:00:01Z"));

    let days = json!({ "DAYS": ["SUNDAY"], "TIMEZONE": "Pacific/Auckland" });
    let inside = |now| holds_at("SCHEDULE_BETWEEN_DAYS_OF_WEEK", "CURRENT_DAY_OF_WEEK", days.clone(), json!({}), now);
    assert!(inside("2026-11-21T12:00:00Z"), "Saturday in London");
    assert!(!inside("2026-11-22T12:00:00Z"));
}

#[test]
fn a_moment_is_a_date_with_any_part_of_a_time() {
    let document = |start: &str| {
        let value = json!({ "START": start, "END": "2027-01-01" });
        with_condition("SCHEDULE_BETWEEN_DATETIME_RANGE", "CURRENT_DATETIME", value).to_string().parse::<Document>()
    };
    let from = |start, now| {
        document(start).unwrap().evaluate("f", &json!({}), humantime::parse_rfc3339(now).unwrap()) == Some(&json!(true))
    };
    for (start, first, before) in [
        ("0001-01-01", "1970-01-01T00:00:00Z", None),
        ("2026-12-24T18", "2026-12-24T18:00:00Z", Some("2026-12-24T17:59:59.999Z")),
        ("2026-12-24 18:30", "2026-12-24T18:30:00Z", Some("2026-12-24T18:29:59.999Z")),
        ("2026-12-24T18:30:15", "2026-12-24T18:30:15Z", Some("2026-12-24T18:30:14.999Z")),
        ("2026-12-24T18:30:15.25", "2026-12-24T18:30:15.25Z", Some("2026-12-24T18:30:15.249Z")),
        ("20261224T183015,5", "2026-12-24T18:30:15.5Z", Some("2026-12-24T18:30:15.499Z")),
    ] {
        assert!(from(start, first), "{start}");
        assert!(before.is_none_or(|before| !from(start, before)), "{start}");
    }
    for start in [
        "2026-02-29",
        "2026-13-01",
        "2026-12",
        "2026-12-24/01",
        "26-12-24",
        "+026-12-24",
        "2026-12-24T",
        "2026-12-24T18:",
        "2026-12-24T18:3",
        "2026-1224",
        "",
        "2026-12-24T24:00",
        "2026-12-24T18:60",
        "2026-12-24T18:00:00:00",
        "2026-12-24T18:00:00.",
        "2026-12-24T18:00:00.x",
        "2026-12-24ä18:00",
        "Weihnachten",
    ] {
        let error = document(start).unwrap_err().to_string();
        assert!(error.contains("must have a `START` of the form"), "{start}: {error}");
    }
    for start in
        ["2026-12-24T18:00Z", "2026-12-24T18:00:00+01:00", "2026-12-24 18-05:00", "2026-12-24T18[Europe/Berlin]"]
    {
        let error = document(start).unwrap_err().to_string();
        assert!(error.contains("must have a `START` without a zone"), "{start}: {error}");
    }
}

#[test]
fn the_zones_are_those_of_2026() {
    // Morocco moved to UTC on 2026-09-20, which is in the database since release 2026c.
    let value = json!({ "START": "12:00", "END": "12:30", "TIMEZONE": "africa/casablanca" });
    let inside = |now| holds_at("SCHEDULE_BETWEEN_TIME_RANGE", "CURRENT_TIME", value.clone(), json!({}), now);
    assert!(inside("2026-11-29T12:15:00Z") && !inside("2026-11-29T11:15:00Z"));
    assert!(inside("2026-07-29T11:15:00Z") && !inside("2026-07-29T12:15:00Z"));
}
