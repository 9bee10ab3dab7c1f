//! Queues of SQS: standard and FIFO, with dead-letter queues.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Seen;

#[test]
fn of_poisoned_messages_among_good_ones_each_ends_in_the_dead_letter_queue_and_every_good_one_is_done_once() {
    let seen = Seen::of("standard");
    for at in 0..25 {
        let good = format!("good-{at}");
        assert_eq!((seen.begun(&good), seen.done(&good)), (vec!["1"], vec!["1"]), "{good}");
    }
    let mut dead = seen.dead();
    dead.sort_unstable();
    assert_eq!(dead, ["fail", "panic", "{no JSON"]);
    for bad in ["fail", "panic"] {
        assert_eq!((seen.begun(bad), seen.done(bad)), (vec!["1", "2", "3"], vec![]), "{bad}");
    }
    assert_eq!((seen.begun("recovers"), seen.done("recovers")), (vec!["1", "2", "3"], vec!["3"]));
    assert_eq!((seen.begun("discard"), seen.done("discard")), (vec!["1"], vec![]), "it does not come again");
    seen.assert_that_nothing_was_done_twice_in_one_delivery();
    each_failure_is_logged_once(&seen);
}

fn each_failure_is_logged_once(seen: &Seen) {
    let mut report = BTreeMap::<String, Vec<u64>>::new();
    let mut causes = BTreeSet::new();
    for line in seen.lines("the record failed") {
        let id = line["record_id"].as_str().expect("an id").to_owned();
        report.entry(id).or_default().push(line["receive_count"].as_u64().expect("a count"));
        causes.insert(line["error"].to_string());
    }
    let mut counts = report.into_values().collect::<Vec<_>>();
    counts.sort_unstable();
    assert_eq!(counts, [vec![1, 2], vec![1, 2, 3], vec![1, 2, 3], vec![1, 2, 3]], "`recovers` fails two times");
    let causes = causes.into_iter().collect::<Vec<_>>().join("\n");
    for cause in ["asked to fail", "the function panicked", "the message body could not be decoded"] {
        assert!(causes.contains(cause), "{cause}: {causes}");
    }
    assert_eq!(seen.lines("the record failed and is discarded").len(), 1);
}

#[test]
fn a_poisoned_message_of_a_fifo_queue_holds_its_group_alone_until_it_ends_in_the_dead_letter_queue() {
    let seen = Seen::of("fifo");
    for group in ["a", "c"] {
        let all = (1..=6).map(|at| format!("{group}{at}")).collect::<Vec<_>>();
        assert_eq!(seen.order(group), all);
        assert!(all.iter().all(|message| seen.begun(message) == ["1"]), "another group's failure holds none of them");
    }
    assert_eq!(seen.order("b"), ["b1", "b2", "b4", "b5", "b6", "b7"], "the group goes on, in its order");
    assert_eq!((seen.begun("b3"), seen.begun("d1")), (vec!["1", "2", "3"], vec!["1", "2", "3"]));
    assert_eq!(seen.begun("b4").len(), 1, "it is not begun while b3 may come again");
    // Each return of a message counts as a receive, so d2 goes with d1. b4 was not in b3's first batch.
    assert_eq!(seen.dead(), ["d1", "d2", "b3"]);
    assert_eq!((seen.begun("d2"), seen.order("d")), (vec![], vec!["d3"]));
    seen.assert_that_nothing_was_done_twice_in_one_delivery();
}

#[test]
fn of_a_thousand_messages_none_is_lost_though_the_process_is_killed_ten_times_in_the_middle_of_a_batch() {
    let seen = Seen::of("crash");
    let dead = seen.dead().into_iter().collect::<BTreeSet<_>>();
    let all = (0..1000).map(|at| at.to_string()).collect::<Vec<_>>();
    assert_eq!(crashes(&seen, &all), 10);
    let lost = all.iter().filter(|id| seen.done(id).is_empty() && !dead.contains(*id)).collect::<Vec<_>>();
    assert!(lost.is_empty(), "neither done nor in the dead-letter queue: {lost:?}");
    assert!(dead.contains("7") && dead.contains("507"), "those that fail each time: {dead:?}");
    let again = all.iter().filter(|id| seen.begun(id).len() > 1 && !dead.contains(*id)).count();
    assert!(again > 10, "those that were in a batch with a crash come again: {again}");
    seen.assert_that_nothing_was_done_twice_in_one_delivery();

    // Messages that were done before the crash are done again after it, in their order.
    let mut groups = Vec::new();
    for group in ["p", "q", "r", "s", "t"] {
        let mut known = BTreeSet::new();
        let firsts = seen.order(group).into_iter().filter(|message| known.insert(*message)).collect::<Vec<_>>();
        let all = (0..20).map(|at| format!("{group}{at:02}")).collect::<Vec<_>>();
        assert_eq!(firsts, all);
        groups.extend(all);
    }
    assert_eq!(crashes(&seen, &groups), 3);
}

/// Returns how often these messages ended the process.
fn crashes(seen: &Seen, messages: &[String]) -> u64 {
    let crashes =
        messages.iter().filter_map(|message| seen.0["ledger"][format!("record#{message}")]["crashes"].as_u64());
    crashes.sum()
}

#[test]
fn a_batch_with_messages_that_hang_is_answered_before_the_deadline_with_the_unfinished_ones() {
    let seen = Seen::of("timeout");
    let answer = |ids: &[&str]| {
        let failures = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect::<Vec<_>>();
        json!({ "error": Value::Null, "answer": { "batchItemFailures": failures } })
    };
    assert_eq!(seen.0["by_ten"], answer(&["m1", "m3"]), "the good ones ran beside those that hang");
    assert_eq!(seen.0["by_two"], answer(&["m1", "m3", "m4", "m5"]), "m4 and m5 were not begun");

    for at in 0..6 {
        let good = format!("good-{at}");
        assert_eq!((seen.begun(&good), seen.done(&good)), (vec!["1"], vec!["1"]), "{good}: deleted, not sent again");
    }
    assert_eq!((seen.begun("hangs-once"), seen.done("hangs-once")), (vec!["1", "2"], vec!["2"]));
    assert_eq!((seen.begun("hangs"), seen.done("hangs")), (vec!["1", "2"], vec![]));
    assert_eq!(seen.dead(), ["hangs"]);
}
