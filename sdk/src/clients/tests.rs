use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::core::error::chain;

/// A type that counts, per registry, how often it was made; the counter itself is a value of the registry.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl FromClients for Count {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Ok(Self::default())
    }
}

#[derive(Clone)]
struct Slow(usize);

impl FromClients for Slow {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let Count(made) = clients.get().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(Self(made.fetch_add(1, Ordering::SeqCst)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_type_is_made_once_however_many_ask() {
    let clients = Clients::new();
    let all = (0..100).map(|_| {
        let clients = clients.clone();
        tokio::spawn(async move { clients.get::<Slow>().await.unwrap().0 })
    });
    for one in futures_util::future::join_all(all).await {
        assert_eq!(one.unwrap(), 0);
    }
    assert_eq!(clients.get::<Count>().await.unwrap().0.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn if_the_one_who_makes_it_goes_away_the_next_takes_over() {
    let clients = Clients::new();
    let gone = tokio::time::timeout(Duration::from_millis(10), clients.get::<Slow>());
    assert!(gone.await.is_err());
    assert_eq!(clients.get::<Slow>().await.unwrap().0, 0);
}

/// Fails at its first attempt.
#[derive(Clone)]
struct Second;

impl FromClients for Second {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let Count(attempts) = clients.get().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        match attempts.fetch_add(1, Ordering::SeqCst) {
            0 => Err("the database is asleep".into()),
            _ => Ok(Self),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_names_the_type_is_shared_by_those_who_waited_and_the_next_call_tries_again() {
    let clients = Clients::new();
    let all = futures_util::future::join_all((0..10).map(|_| clients.get::<Second>())).await;
    assert!(all.iter().all(Result::is_err), "all ten waited for the same attempt");
    assert_eq!(clients.get::<Count>().await.unwrap().0.load(Ordering::SeqCst), 1);

    let error = all.into_iter().find_map(Result::err).unwrap();
    assert_eq!(chain(&error), ["could not create `pilaster::Second`", "the database is asleep"]);
    assert!(!error.is_cycle());
    assert!(clients.get::<Second>().await.is_ok());
}

#[derive(Clone)]
struct Hen;

impl FromClients for Hen {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        // Time for the other to begin as well, in the test where both do.
        tokio::time::sleep(Duration::from_secs(1)).await;
        clients.get::<Egg>().await?;
        Ok(Self)
    }
}

#[derive(Clone)]
struct Egg;

impl FromClients for Egg {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        clients.get::<Hen>().await?;
        Ok(Self)
    }
}

#[tokio::test(start_paused = true)]
async fn a_circle_is_an_error_that_names_it() {
    let error = Clients::new().get::<Hen>().await.map(|_| ()).unwrap_err();
    assert!(error.is_cycle());
    let said = chain(&error);
    let circle = said.last().unwrap();
    assert!(circle.ends_with("`pilaster::Egg` -> `pilaster::Hen` -> `pilaster::Egg`"), "{circle}");
}

#[tokio::test(start_paused = true)]
async fn a_circle_that_two_callers_close_from_both_ends_is_an_error_too() {
    let clients = Clients::new();
    let both = async { tokio::join!(clients.get::<Hen>(), clients.get::<Egg>()) };
    let (hen, egg) = tokio::time::timeout(Duration::from_secs(60), both).await.expect("no deadlock");
    assert!(hen.err().unwrap().is_cycle());
    assert!(egg.err().unwrap().is_cycle());
}

#[tokio::test(start_paused = true)]
async fn what_was_inserted_reaches_what_needs_it() {
    let clients = Clients::new();
    clients.insert(Count(Arc::new(AtomicUsize::new(7))));
    assert_eq!(clients.get::<Slow>().await.unwrap().0, 7);
}

#[test]
fn the_registry_goes_anywhere() {
    fn anywhere<T: Clone + Send + Sync + 'static>() {}
    anywhere::<Clients>();
    anywhere::<ClientError>();
}

trait Greeting: Send + Sync {
    fn greet(&self) -> &'static str;
}

struct English;

impl Greeting for English {
    fn greet(&self) -> &'static str {
        "hello"
    }
}

struct Fake;

impl Greeting for Fake {
    fn greet(&self) -> &'static str {
        "fake"
    }
}

impl DynFromClients for dyn Greeting {
    async fn from_clients(clients: &Clients) -> Result<Arc<Self>, BoxError> {
        match clients.variables().get("PILASTER_TEST_GREETING").as_deref() {
            Some("none") => Err("no greeting".into()),
            _ => Ok(Arc::new(English)),
        }
    }
}

#[tokio::test]
async fn a_trait_object_is_made_once_and_a_fake_takes_its_place() {
    let clients = Clients::new();
    let made: Arc<dyn Greeting> = clients.get().await.unwrap();
    assert_eq!(made.greet(), "hello");
    assert!(Arc::ptr_eq(&made, &clients.get().await.unwrap()));
    clients.insert::<Arc<dyn Greeting>>(Arc::new(Fake));
    let client: Client<Arc<dyn Greeting>> = Client(clients.get().await.unwrap());
    assert_eq!(client.greet(), "fake");
}

#[tokio::test]
async fn a_variable_is_set_for_one_registry() {
    let clients = Clients::new().with_variable("PILASTER_TEST_GREETING", "none");
    let error = clients.get::<Arc<dyn Greeting>>().await.err().unwrap();
    assert_eq!(chain(&error)[1], "no greeting");
    assert!(Clients::new().get::<Arc<dyn Greeting>>().await.is_ok());
    assert!(!format!("{:?}", clients.variables()).contains("none"));
}

#[test]
fn a_blank_variable_is_not_set_also_in_place_of_one_of_the_process() {
    let clients = Clients::new().with_variable("PATH", " ").with_variable("A", "").with_variable("B", "b");
    let value = |name| clients.variables().get(name);
    assert_eq!((value("PATH"), value("A"), value("B")), (None, None, Some("b".to_owned())));
}
