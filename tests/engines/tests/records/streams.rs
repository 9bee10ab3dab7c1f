//! Streams of Kinesis and of DynamoDB: what they send arrives, typed, and in its order.

use super::Seen;

#[test]
fn records_of_a_kinesis_stream_are_done_in_their_order_by_key() {
    let seen = Seen::of("kinesis");
    for key in ["a", "b", "c", "d"] {
        let all = (0..40).map(|at| format!("{key}{at}")).collect::<Vec<_>>();
        assert_eq!(seen.list(&format!("key#{key}"), "order"), all);
    }
    seen.assert_that_nothing_was_done_twice_in_one_delivery();
}

#[test]
fn changes_of_items_come_in_their_order_with_both_images_and_every_digit() {
    let seen = Seen::of("dynamodb");
    // 38 digits, of which the second and third are the version.
    let balance = |version: u32| format!("1{version:02}{}12345", "1234567890".repeat(3));
    for id in ["x", "y", "z"] {
        let mut all = vec![format!("new 1: {}", balance(1))];
        all.extend((2..=12).map(|new| format!("{} to {new}: {}", new - 1, balance(new))));
        if id == "y" {
            all.push("12 gone".to_owned());
        }
        assert_eq!(seen.list(&format!("key#{id}"), "order"), all);
    }
}
