//! Fetches that several callers share, and fetches that a caller must not join.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_are_one_flight() {
    let source = Source::default();
    let cache = source.cache();
    let all = join_all((0..100).map(|_| cache.get(&"k"))).await;
    assert!(all.into_iter().all(|value| *value.unwrap() == 1));
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_share_one_failure_and_the_next_call_tries_again() {
    let source = Source::default();
    source.down(true);
    let cache = source.cache();
    let all = join_all((0..100).map(|_| cache.get(&"database"))).await;
    let error = all.into_iter().map(Result::unwrap_err).next().unwrap();
    assert_eq!(chain(&error), ["could not get database", "the service is down"]);
    assert_eq!(source.fetches(), 1);
    source.down(false);
    assert_eq!(*cache.get(&"database").await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_do_not_wait_for_one_another() {
    let source = Source::default();
    let cache = source.cache();
    let began = Instant::now();
    join_all(["a", "b", "c"].iter().map(|key| cache.get(key))).await;
    assert_eq!(began.elapsed(), SECOND);
    assert_eq!(source.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_does_not_end_the_flight() {
    let source = Source::default();
    let cache = source.cache();
    assert!(tokio::time::timeout(SECOND / 2, cache.get(&"k")).await.is_err());
    settle().await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_cleared_is_fetched_again_and_a_flight_under_way_does_not_bring_it_back() {
    let source = Source::default();
    let cache = source.cache();
    let (value, ()) = tokio::join!(cache.get(&"k"), async {
        sleep(SECOND / 2).await;
        cache.clear();
    });
    assert_eq!(*value.unwrap(), 1);
    assert_eq!(*cache.get(&"k").await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_departed_before_a_refusal_is_not_kept_after_it() {
    let source = Held::default();
    let cache = source.cache();
    let get = spawn(&cache);
    turn().await;
    let fetch = spawn_fetch(&cache);
    turn().await;
    source.end(2, Err(Refused::new("it was deleted").into())).await;
    assert!(fetch.await.unwrap().unwrap_err().is_refused());
    source.end(1, Ok(())).await;
    assert_eq!(get.await.unwrap().unwrap(), 1, "its own callers asked before the refusal");
    let again = spawn(&cache);
    turn().await;
    source.end(3, Ok(())).await;
    assert_eq!(again.await.unwrap().unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_forced_fetch_does_not_join_what_departed_before() {
    let source = Held::default();
    let cache = source.with_value().await;
    advance(TTL / 10 * 9).await;
    cache.get(&"k").await.unwrap();
    turn().await;
    advance(SECOND).await;
    let fetch = spawn_fetch(&cache);
    turn().await;
    assert_eq!(source.calls(), 3);
    source.end(3, Ok(())).await;
    assert_eq!(fetch.await.unwrap().unwrap(), 3);
    source.end(2, Ok(())).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 3, "the older one does not replace it");
}

#[tokio::test(start_paused = true)]
async fn forced_fetches_that_come_one_after_another_share_the_next_flight() {
    let source = Held::default();
    let cache = source.with_value().await;
    let first = spawn_fetch(&cache);
    let mut others = Vec::new();
    for _ in 0..50 {
        advance(Duration::from_millis(1)).await;
        others.push(spawn_fetch(&cache));
        turn().await;
    }
    assert_eq!(source.calls(), 2);
    source.end(2, Ok(())).await;
    assert_eq!(first.await.unwrap().unwrap(), 2);
    assert_eq!(source.calls(), 3);
    source.end(3, Ok(())).await;
    for other in others {
        assert_eq!(other.await.unwrap().unwrap(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_age_of_zero_does_not_join_what_departed_before() {
    let source = Held::default();
    let cache = source.cache();
    let get = spawn(&cache);
    turn().await;
    advance(SECOND / 2).await;
    let fresh = cache.clone();
    let fresh = tokio::spawn(async move { fresh.get_within(&"k", Duration::ZERO).await.map(|value| *value) });
    turn().await;
    source.end(1, Ok(())).await;
    source.end(2, Ok(())).await;
    assert_eq!((get.await.unwrap().unwrap(), fresh.await.unwrap().unwrap()), (1, 2));
}

/// Counts the spans that are open.
#[cfg(feature = "logging")]
struct Open(Arc<AtomicUsize>);

#[cfg(feature = "logging")]
impl<S> tracing_subscriber::Layer<S> for Open
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fn on_new_span(
        &self,
        _: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
    fn on_close(&self, _: tracing::span::Id, _: tracing_subscriber::layer::Context<'_, S>) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(feature = "logging")]
#[tokio::test(start_paused = true)]
async fn a_callers_span_ends_with_the_caller_and_not_with_the_fetch() {
    use tracing::Instrument as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    let open = Arc::new(AtomicUsize::new(0));
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default());
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(Open(Arc::clone(&open))));
    let source = Held::default();
    let cache = source.with_value().await;
    let is_open = || open.load(Ordering::SeqCst);
    let span = || tracing::info_span!("charge");

    advance(TTL / 10 * 9).await;
    assert_eq!(*cache.get(&"k").instrument(span()).await.unwrap(), 1);
    turn().await;
    assert_eq!((source.calls(), is_open()), (2, 0), "a refresh in the background");
    source.end(2, Ok(())).await;

    advance(TTL + SECOND).await;
    assert_eq!(*cache.get(&"k").instrument(span()).await.unwrap(), 2);
    assert_eq!((source.calls(), is_open()), (3, 0), "a source that does not respond in time");
    source.end(3, Ok(())).await;

    assert!(tokio::time::timeout(SECOND, cache.fetch(&"k").instrument(span())).await.is_err());
    assert_eq!((source.calls(), is_open()), (4, 0), "a caller who has given up");
    let seen = Arc::new(Mutex::new(None));
    let see = Arc::clone(&seen);
    let spans = Cache::new(move |_: &'static str| {
        let see = Arc::clone(&see);
        async move {
            *see.lock().unwrap() = tracing::Span::current().metadata().map(|span| span.name());
            Ok(1)
        }
    });
    spans.get(&"k").instrument(span()).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), Some("charge"), "a caller who waits");
}
