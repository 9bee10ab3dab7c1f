//! A sandbox that is frozen at each await of a caller.

use super::*;

/// The outcome of a fetch that was frozen for an hour.
#[derive(Clone, Copy, Debug)]
enum Thawed {
    Answers,
    Fails,
    Hangs,
}

#[test]
fn frozen_at_each_await_a_caller_gets_what_the_source_has_after_the_thaw() {
    for thawed in [Thawed::Answers, Thawed::Fails, Thawed::Hangs] {
        for has_value in [false, true] {
            for frozen_at in 0..5 {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
                runtime.block_on(frozen(thawed, has_value, frozen_at));
            }
        }
    }
}

async fn frozen(thawed: Thawed, has_value: bool, frozen_at: usize) {
    let case = format!("{thawed:?}, has a value: {has_value}, frozen at {frozen_at}");
    let model = Model::new();
    let cache = model.cache();
    if has_value {
        let first = call(&model, &cache, Ask::Get);
        settle().await;
        model.open_all();
        settle().await;
        check(&model, first).await;
        model.pass(TTL + SECOND).await;
    }
    let thaw = async |at: usize| {
        if at == frozen_at {
            model.freeze(HOUR).await;
        }
    };
    let key = "k";
    let mut asks = Box::pin(cache.get(&key));
    // The moments of the freeze: at the start, before a poll, around the read, after the end.
    thaw(0).await;
    assert!(poll!(&mut asks).is_pending(), "{case}");
    if frozen_at == 1 {
        // Without a turn for the task.
        model.world().time += HOUR;
        freeze(HOUR);
    }
    settle().await;
    let flight = model.world().calls.len() - 1;
    thaw(2).await;
    if matches!(thawed, Thawed::Fails) {
        model.world().state = State::Outage;
    }
    if frozen_at > 2 || !matches!(thawed, Thawed::Hangs) {
        model.open(flight);
        settle().await;
        thaw(3).await;
        if frozen_at > 3 || !matches!(thawed, Thawed::Hangs) {
            model.open(flight);
            settle().await;
            thaw(4).await;
        }
    }
    model.world().state = State::Up;
    let rest = async {
        // The calls that started after the thaw respond.
        loop {
            let calls = model.world().calls.len();
            (flight + 1..calls).for_each(|call| {
                model.open(call);
                model.open(call);
            });
            tokio::time::sleep(STEP).await;
            model.world().time += STEP;
        }
    };
    let result = tokio::select! {
        result = &mut asks => result,
        () = rest => unreachable!(),
    };
    let world = model.world();
    // The flight that ended before the freeze, or started after it, may have failed.
    let was_frozen = frozen_at >= 2;
    match result {
        Ok(value) => assert!(world.time - world.calls[*value].departed <= TTL, "{case}: {value}"),
        Err(error) => assert!(!was_frozen && !matches!(thawed, Thawed::Answers), "{case}: {error:?}"),
    }
}
