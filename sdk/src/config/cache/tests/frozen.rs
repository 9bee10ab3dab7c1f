//! Time that passes while the sandbox is frozen, and clocks that are set back.

use super::*;

#[tokio::test(start_paused = true)]
async fn time_that_passes_in_a_frozen_sandbox_counts() {
    let source = Source::default();
    let cache = source.cache().last_good(Duration::from_secs(600));
    cache.get(&"k").await.unwrap();
    freeze(TTL + SECOND);
    assert_eq!(*cache.get(&"k").await.unwrap(), 2, "expired");
    source.down(true);
    freeze(Duration::from_secs(1000));
    assert!(cache.get(&"k").await.is_err(), "not even the last good value is young enough");
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_is_set_back_makes_nothing_live_longer() {
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    set_back(Duration::from_secs(86_400));
    advance(TTL + SECOND).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_while_the_sandbox_is_frozen() {
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    source.down(true);
    later(TTL + SECOND).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    source.down(false);
    freeze(LONGEST_PAUSE);
    assert_eq!(*cache.get(&"k").await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_was_frozen_is_dated_at_its_departure() {
    let source = Held::default();
    let cache = source.with_value().await;
    advance(TTL / 10 * 9).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    turn().await;
    assert_eq!(source.calls(), 2, "the refresh departs");
    freeze(Duration::from_secs(3200));
    source.end(2, Ok(())).await;
    let get = spawn(&cache);
    turn().await;
    assert_eq!(source.calls(), 3, "what it brought is 3,200 s old");
    source.end(3, Ok(())).await;
    assert_eq!(get.await.unwrap().unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_flight_that_was_frozen_is_neither_joined_nor_a_failure() {
    let source = Held::default();
    let cache = source.with_value().await;
    advance(TTL / 10 * 9).await;
    cache.get(&"k").await.unwrap();
    turn().await;
    freeze(Duration::from_secs(600));
    let get = spawn(&cache);
    turn().await;
    assert_eq!(source.calls(), 3, "a new one departs at once");
    source.end(2, Err("the connection was reset".into())).await;
    source.end(3, Ok(())).await;
    assert_eq!(get.await.unwrap().unwrap(), 3);

    // The same without a caller while it lands.
    advance(TTL / 10 * 9).await;
    cache.get(&"k").await.unwrap();
    turn().await;
    freeze(Duration::from_secs(600));
    source.end(4, Err("the connection was reset".into())).await;
    let get = spawn(&cache);
    turn().await;
    assert_eq!(source.calls(), 5, "no pause: the failure says nothing about the source");
    source.end(5, Ok(())).await;
    assert_eq!(get.await.unwrap().unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_was_frozen_with_its_flight_takes_another_one() {
    let source = Held::default();
    let cache = source.cache();
    let get = spawn(&cache);
    turn().await;
    freeze(Duration::from_secs(600));
    source.end(1, Err("the connection was reset".into())).await;
    assert_eq!(source.calls(), 2);
    source.end(2, Ok(())).await;
    assert_eq!(get.await.unwrap().unwrap(), 2);
}
