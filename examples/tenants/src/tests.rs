//! The function as it is deployed, with two tenants that know each other's names.

#[cfg(feature = "aws")]
mod dynamodb;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pilaster::http::HeaderMap;
use pilaster::table::Table;
use pilaster::testing::{Caller, http};
use pilaster::{BoxError, Clients};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::admission::{REQUESTS_PER_MINUTE, count};
use super::function;
use super::tenant::{Name, Tenant, Tenants};

type Tested = Result<(), BoxError>;

struct Api {
    clients: Clients,
    table: Table,
}

impl Api {
    fn new() -> Self {
        Self::with_table(Table::in_memory())
    }

    fn with_table(table: Table) -> Self {
        let clients = Clients::new();
        clients.insert(Tenants(table.clone()));
        Self { clients, table }
    }

    async fn send(&self, request: http::Request) -> Result<(u16, String, HeaderMap), BoxError> {
        let response = Caller::new(function()).with_clients(self.clients.clone()).send(request).await?;
        Ok((response.status(), response.text().into_owned(), response.headers().clone()))
    }

    /// Sends a request of a user of this tenant, and returns the status and the body.
    async fn of(&self, tenant: &str, request: http::Request) -> Result<(u16, String), BoxError> {
        let claims = json!({ "sub": "7f3a", "custom:tenant": tenant });
        self.send(request.claims(claims)).await.map(|(status, body, _)| (status, body))
    }
}

fn note(name: &str, text: &str) -> http::Request {
    http::put(format!("/notes/{name}")).json(json!({ "text": text }))
}

fn tenant(name: &str) -> Tenant {
    serde_json::from_value(json!(name)).expect("a name")
}

#[tokio::test]
async fn each_tenant_has_its_own_notes() -> Tested {
    let api = Api::new();
    for (tenant, text) in [("acme", "of acme"), ("globex", "of globex")] {
        assert_eq!(api.of(tenant, note("plan", text)).await?.0, 200);
    }
    assert_eq!(api.of("acme", note("draft", "")).await?.0, 200);
    assert_eq!(api.of("acme", http::get("/notes/plan")).await?, (200, r#"{"text":"of acme"}"#.to_owned()));
    assert_eq!(api.of("acme", http::get("/notes")).await?, (200, r#"["draft","plan"]"#.to_owned()));
    assert_eq!(api.of("globex", http::get("/notes/draft")).await?.0, 404);
    assert_eq!(api.of("globex", http::delete("/notes/draft")).await?.0, 200);
    assert_eq!(api.of("acme", http::get("/notes/draft")).await?.0, 200, "another tenant deleted nothing");
    assert_eq!(api.of("acme", http::delete("/notes/plan")).await?.0, 200);
    assert_eq!(api.of("globex", http::get("/notes/plan")).await?, (200, r#"{"text":"of globex"}"#.to_owned()));
    Ok(())
}

/// Requests of one tenant that try to reach another one's notes.
fn hostile() -> Vec<http::Request> {
    let paths = [
        "/notes/tenant%23globex",
        "/notes/tenant%23globex%2Fplan",
        "/notes/globex%23plan",
        "/notes/..%2Fglobex%2Fplan",
        "/notes/..%2F..%2Ftenant%23globex%2Fnote%23plan",
        "/notes/%2E%2E/globex/plan",
        "/globex/notes/plan",
        "/notes/plan%00",
        "/notes?after=tenant%23globex",
        "/notes?after=..%2Ftenant%23globex%2Fnote%23",
        "/notes?after=note%23",
        "/notes?tenant=globex",
        "/notes?after=a&custom:tenant=globex",
    ];
    let mut requests: Vec<_> = paths.into_iter().map(http::get).collect();
    requests.extend(paths.into_iter().map(http::delete));
    requests.extend(paths.into_iter().map(|path| http::put(path).json(json!({ "text": "stolen" }))));
    for body in [
        json!({ "text": "stolen", "tenant": "globex" }),
        json!({ "text": "stolen", "custom:tenant": "globex" }),
        json!({ "text": "stolen", "pk": "tenant#globex", "sk": "note#plan" }),
    ] {
        requests.push(http::put("/notes/plan").json(body));
    }
    for (name, value) in [
        ("x-tenant", "globex"),
        ("x-tenant-id", "globex"),
        ("custom-tenant", "globex"),
        ("x-amzn-oidc-data", "eyJhbGciOiJub25lIn0.eyJjdXN0b206dGVuYW50IjoiZ2xvYmV4In0."),
        ("authorization", "Bearer eyJhbGciOiJub25lIn0.eyJjdXN0b206dGVuYW50IjoiZ2xvYmV4In0."),
    ] {
        requests.push(http::get("/notes/plan").header(name, value));
        requests.push(http::delete("/notes/plan").header(name, value));
        requests.push(note("plan", "stolen").header(name, value));
    }
    requests
}

#[tokio::test]
async fn no_part_of_a_request_names_another_tenant() -> Tested {
    let requests = hostile().len();
    for at in 0..requests {
        let api = Api::new();
        assert_eq!(api.of("globex", note("plan", "secret of globex")).await?.0, 200);
        let request = hostile().swap_remove(at);
        let shown = format!("{request:?}");
        let (status, body) = api.of("acme", request).await?;
        assert!(!body.contains("secret") && !body.contains("plan"), "{status} {body}: {shown}");
        let (_, plan) = api.of("globex", http::get("/notes/plan")).await?;
        assert_eq!(plan, r#"{"text":"secret of globex"}"#, "{shown}");
        assert_eq!(api.of("globex", http::get("/notes")).await?.1, r#"["plan"]"#, "{shown}");
    }
    Ok(())
}

#[tokio::test]
async fn a_caller_without_a_valid_tenant_is_rejected() -> Tested {
    let api = Api::new();
    assert_eq!(api.send(http::get("/notes").header("x-tenant", "acme")).await?.0, 401);
    for claims in [
        json!({ "sub": "7f3a" }),
        json!({ "custom:tenant": "" }),
        json!({ "custom:tenant": "acme#note" }),
        json!({ "custom:tenant": "Acme" }),
        json!({ "custom:tenant": "acme " }),
        json!({ "custom:tenant": "a".repeat(51) }),
        json!({ "custom:tenant": ["acme", "globex"] }),
        json!({ "tenant": "acme" }),
    ] {
        assert_eq!(api.send(http::get("/notes").claims(claims.clone())).await?.0, 403, "{claims}");
    }
    assert!(api.table.query::<Value>("tenant#acme").send().await?.is_empty(), "nothing was counted");
    Ok(())
}

#[tokio::test]
async fn a_tenant_at_its_limit_is_told_when_to_retry_and_stops_no_other() -> Tested {
    let api = Api::new();
    // The minute may change once.
    let mut rejected = None;
    for _ in 0..=2 * REQUESTS_PER_MINUTE {
        let claims = json!({ "custom:tenant": "acme" });
        let (status, _, headers) = api.send(http::get("/notes").claims(claims)).await?;
        if status == 429 {
            rejected = headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
            break;
        }
        assert_eq!(status, 200);
    }
    assert!(rejected.is_some_and(|seconds| (1..=60).contains(&seconds)), "{rejected:?}");
    assert_eq!(api.of("globex", http::get("/notes")).await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn the_limit_holds_for_concurrent_requests_and_begins_again_each_minute() -> Tested {
    let table = Table::in_memory();
    let minute = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 60 + 1;
    let at = move |minute: u64, second: u64| UNIX_EPOCH + Duration::from_secs(minute * 60 + second);
    let mut requests = JoinSet::new();
    for _ in 0..REQUESTS_PER_MINUTE + 20 {
        let table = table.clone();
        requests.spawn(async move { count(&table, &tenant("acme"), at(minute, 48)).await });
    }
    let outcomes = requests.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let accepted = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    assert_eq!(accepted, usize::try_from(REQUESTS_PER_MINUTE)?);
    assert!(outcomes.iter().flatten().all(|seconds| *seconds == 12), "{outcomes:?}");
    assert_eq!(count(&table, &tenant("acme"), at(minute, 59)).await?, Some(1));
    assert_eq!(count(&table, &tenant("acme"), at(minute + 1, 0)).await?, None);
    assert_eq!(count(&table, &tenant("globex"), at(minute, 48)).await?, None);
    Ok(())
}

#[cfg(feature = "aws")]
#[tokio::test(start_paused = true)]
async fn a_burst_of_one_tenant_gets_429_also_if_its_requests_cannot_be_counted_and_disturbs_no_other() -> Tested {
    let api = Api::with_table(dynamodb::DynamoDb::default().table());
    let send = |tenant: &str, request: http::Request| {
        let request = request.claims(json!({ "custom:tenant": tenant }));
        let caller = Caller::new(function()).with_clients(api.clients.clone()).without_logs();
        // No request ends at its deadline, since a test may be slow.
        let caller = caller.with_time_left(Duration::from_secs(3_600));
        async move { caller.send(request).await }
    };
    let burst: JoinSet<_> = (0..60)
        .map(|at| send("acme", if at % 2 == 0 { http::get("/notes") } else { note("plan", "one note") }))
        .collect();
    for _ in 0..10 {
        assert_eq!(send("globex", http::get("/notes")).await?.status(), 200);
    }
    let mut accepted = 0;
    for response in burst.join_all().await {
        let response = response?;
        let wait = response.header("retry-after").and_then(|wait| wait.parse::<u8>().ok());
        match response.status() {
            200 => accepted += 1,
            status => assert!(status == 429 && wait.is_some_and(|wait| (1..=60).contains(&wait)), "{status} {wait:?}"),
        }
    }
    // The minute may change once.
    assert!((1..=2 * REQUESTS_PER_MINUTE).contains(&accepted), "{accepted}");
    Ok(())
}

#[tokio::test]
async fn a_list_has_pages_of_20_names() -> Tested {
    let api = Api::new();
    for at in 0..25 {
        assert_eq!(api.of("acme", note(&format!("note-{at:02}"), "")).await?.0, 200);
    }
    let first: Vec<String> = serde_json::from_str(&api.of("acme", http::get("/notes")).await?.1)?;
    let second = api.of("acme", http::get(format!("/notes?after={}", first[19]))).await?.1;
    let second: Vec<String> = serde_json::from_str(&second)?;
    assert_eq!((first.len(), second.len()), (20, 5));
    assert!(first.iter().chain(&second).is_sorted());
    Ok(())
}

#[tokio::test]
async fn notes_of_older_and_newer_versions_are_listed_and_read_but_requests_have_exactly_the_fields() -> Tested {
    let api = Api::new();
    for (name, item) in [
        ("newer", json!({ "text": "Meet at ten", "labels": ["work"], "pinned": true })),
        ("older", json!({})),
        ("unknown", json!({ "text": { "markdown": "*Meet*" } })),
    ] {
        api.table.put(tenant("acme").key(format!("note#{name}")), &item).await?;
    }
    let listed = api.of("acme", http::get("/notes")).await?;
    assert_eq!(listed, (200, r#"["newer","older","unknown"]"#.to_owned()));
    let newer = api.of("acme", http::get("/notes/newer")).await?;
    assert_eq!(newer, (200, r#"{"text":"Meet at ten"}"#.to_owned()));
    assert_eq!(api.of("acme", http::get("/notes/older")).await?, (200, r#"{"text":""}"#.to_owned()));
    for invalid in [json!({}), json!({ "text": "Meet", "pinned": true })] {
        assert_eq!(api.of("acme", http::put("/notes/newer").json(&invalid)).await?.0, 422, "{invalid}");
    }
    assert_eq!(api.of("acme", http::get("/notes/newer")).await?, newer, "a rejected request changes nothing");
    Ok(())
}

/// A change of the router in `main.rs` alone, or of the template alone, is a 404 or a 405 once deployed.
#[test]
fn each_route_of_the_router_is_an_event_of_the_template() {
    let template = include_str!("../template.yaml");
    let values =
        |name: &str| -> Vec<_> { template.lines().filter_map(|line| line.trim().strip_prefix(name)).collect() };
    let events: Vec<_> = values("Method: ").into_iter().zip(values("Path: ")).collect();
    let routes: Vec<_> = include_str!("main.rs")
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".route(\"")?.split_once("\", "))
        .flat_map(|(path, functions)| {
            let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter();
            let routed = methods.filter(move |method| functions.contains(&format!("{}(", method.to_lowercase())));
            routed.map(move |method| (method, path))
        })
        .collect();
    assert_eq!(routes.len(), 4, "{routes:?}");
    let is_same =
        |event: &(&str, &str), route: &(&str, &str)| event.1 == route.1 && (event.0 == route.0 || event.0 == "ANY");
    for route in &routes {
        assert!(events.iter().any(|event| is_same(event, route)), "template.yaml has no event for {route:?}");
    }
    for event in &events {
        assert!(routes.iter().any(|route| is_same(event, route)), "main.rs has no route for {event:?}");
    }
}

#[tokio::test]
async fn a_note_that_is_too_large_is_rejected_before_it_is_read() -> Tested {
    assert_eq!(Api::new().of("acme", note("plan", &"a".repeat(8_193))).await?.0, 413);
    Ok(())
}

#[test]
fn no_two_tenants_have_the_same_partition() {
    for name in ["acme#", "acme#note", "acme/..", "acmé", "a\0", "ACME"] {
        assert!(Name::try_from(name.to_owned()).is_err(), "{name}");
    }
    assert_ne!(tenant("acme").partition(), tenant("acme-1").partition());
}

#[tokio::test]
async fn the_table_is_created_in_the_init_phase() {
    let clients = Clients::new();
    Caller::new(function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Tenants>());
}
