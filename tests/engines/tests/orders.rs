//! The orders example, built and deployed by its template into an engine with SQS and DynamoDB: a standard and a FIFO queue.

use std::collections::BTreeSet;

use engines::Engine;

#[test]
fn good_orders_are_shipped_once_and_bad_ones_end_in_the_dead_letter_queues() {
    let engine = Engine::shared();
    let report = engine.report_of("orders", "orders.py");
    let texts = |name: &str| -> Vec<String> { serde_json::from_value(report[name].clone()).expect("texts") };

    let dead = texts("dead");
    assert!(dead.len() == 2 && dead[0] == "poison" && dead[1].contains("\"many\""), "{dead:?}");
    let dead = texts("dead in turn");
    assert!(dead.len() == 1 && dead[0].contains("\"a-2\""), "not those that waited behind it: {dead:?}");

    let shipped = texts("shipped");
    let expected = (0..20).map(|at| format!("o-{at}"));
    let expected = expected.chain([0, 1, 3, 4, 5].map(|at| format!("a-{at}")));
    let expected = expected.chain((0..4).map(|at| format!("b-{at}"))).collect::<BTreeSet<_>>();
    assert_eq!(shipped.iter().cloned().collect::<BTreeSet<_>>(), expected);
    for customer in ["a-", "b-"] {
        let in_turn = shipped.iter().filter(|id| id.starts_with(customer)).collect::<Vec<_>>();
        assert!(in_turn.is_sorted(), "{in_turn:?}");
    }

    let log = texts("log").join("\n");
    let lines = |text: &str| log.matches(text).count();
    // A queue may deliver a message more than once, and does where the machine is slower than its visibility time-out.
    assert!(lines("\"is_new\":false") >= 1, "{log}");
    assert!(lines("the record failed and is discarded") >= 1, "{log}");
    assert_eq!(lines("needs manual review"), 10, "five tries of each of two: {log}");
}
