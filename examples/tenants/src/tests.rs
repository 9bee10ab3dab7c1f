//! The function as it is deployed, with two tenants that know each other's names.

use std::time::Instant;

use pilaster::http::HeaderMap;
use pilaster::table::Table;
use pilaster::testing::{Caller, TokenIssuer, http};
use pilaster::{BoxError, Clients, JwtVerifier};
use serde_json::{Value, json};

use super::function;
use super::tenant::{Name, Tenant, Tenants};

type Tested = Result<(), BoxError>;

struct Api {
    clients: Clients,
    table: Table,
    issuer: TokenIssuer,
}

impl Api {
    fn new() -> Self {
        let (clients, table) = (Clients::new(), Table::in_memory());
        let issuer = TokenIssuer::new("https://id.example.com").expect("a key");
        clients.insert(Tenants(table.clone()));
        clients.insert(issuer.verifier().audience("notes"));
        Self { clients, table, issuer }
    }

    async fn send(&self, request: http::Request) -> Result<(u16, String, HeaderMap), BoxError> {
        let response = Caller::new(function()).with_clients(self.clients.clone()).send(request).await?;
        Ok((response.status(), response.text().into_owned(), response.headers().clone()))
    }

    /// Sends a request of a user of this tenant, and returns the status and the body.
    async fn of(&self, tenant: &str, request: http::Request) -> Result<(u16, String), BoxError> {
        let request = request.bearer(self.issuer.token(claims(tenant)));
        self.send(request).await.map(|(status, body, _)| (status, body))
    }
}

fn claims(tenant: &str) -> Value {
    json!({ "aud": "notes", "sub": "7f3a", "custom:tenant": tenant })
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
async fn a_request_without_a_valid_token_is_a_401() -> Tested {
    let api = Api::new();
    let (status, _, headers) = api.send(http::get("/notes").header("x-tenant", "acme")).await?;
    assert_eq!((status, &headers["www-authenticate"]), (401, &"Bearer".parse()?));
    // What an authorizer of the API would have verified is not a token of this function's issuer.
    assert_eq!(api.send(http::get("/notes").claims(claims("acme"))).await?.0, 401);
    let good = api.issuer.token(claims("acme"));
    let (head, _) = good.rsplit_once('.').ok_or("a signature")?;
    let foreign = TokenIssuer::new("https://id.example.com")?;
    for token in [
        foreign.token(claims("acme")),
        TokenIssuer::new("https://id.other.example")?.token(claims("acme")),
        api.issuer.token(json!({ "aud": "another API", "custom:tenant": "acme" })),
        api.issuer.token(json!({ "aud": "notes", "custom:tenant": "acme", "exp": 1 })),
        format!("{head}.{}", "A".repeat(86)),
        "eyJhbGciOiJub25lIn0.eyJjdXN0b206dGVuYW50IjoiYWNtZSJ9.".to_owned(),
    ] {
        let (status, _, headers) = api.send(http::get("/notes").bearer(&*token)).await?;
        assert_eq!(
            (status, &headers["www-authenticate"]),
            (401, &"Bearer error=\"invalid_token\"".parse()?),
            "{token}"
        );
    }
    assert_eq!(api.send(http::get("/notes").bearer(good)).await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn a_token_without_a_valid_tenant_is_a_403() -> Tested {
    let api = Api::new();
    for tenant in [
        json!(null),
        json!(""),
        json!("acme#note"),
        json!("Acme"),
        json!("acme "),
        json!("a".repeat(51)),
        json!(["acme", "globex"]),
    ] {
        let token = api.issuer.token(json!({ "aud": "notes", "tenant": "acme", "custom:tenant": tenant }));
        assert_eq!(api.send(http::get("/notes").bearer(token)).await?.0, 403, "{tenant}");
    }
    let token = api.issuer.token(json!({ "aud": "notes", "tenant": "acme" }));
    assert_eq!(api.send(http::get("/notes").bearer(token)).await?.0, 403);
    Ok(())
}

#[tokio::test]
async fn a_tenant_at_its_limit_gets_429_with_retry_after_and_stops_no_other() -> Tested {
    let api = Api::new();
    let caller = Caller::new(function()).with_clients(api.clients.clone());
    let list = |tenant: &str, user: u64| {
        let claims = json!({ "aud": "notes", "sub": user.to_string(), "custom:tenant": tenant });
        caller.send(http::get("/notes").bearer(api.issuer.token(claims)))
    };
    let started = Instant::now();
    let first = list("acme", 0).await?;
    assert_eq!((first.status(), first.header("ratelimit-policy")), (200, Some("\"tenant\";q=60;w=60")));
    let (mut accepted, mut refused) = (1, None);
    while refused.is_none() && accepted < 1_000 {
        match list("acme", accepted % 3).await? {
            response if response.status() == 200 => accepted += 1,
            response => refused = Some(response),
        }
    }
    // The users share 20 requests at once, and one more for each second that the test takes.
    assert!((20..=21 + started.elapsed().as_secs()).contains(&accepted), "{accepted}");
    let refused = refused.ok_or("1,000 requests were accepted")?;
    assert_eq!((refused.status(), refused.header("retry-after")), (429, Some("1")));
    assert!(refused.text().contains("quota-exceeded") && !refused.text().contains("acme"), "{}", refused.text());
    assert_eq!(list("globex", 0).await?.status(), 200);
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
async fn the_table_and_the_verifier_are_created_in_the_init_phase() {
    let clients = Clients::new().with_variable("PILASTER_JWT_ISSUER", "http://127.0.0.1:1");
    let clients = clients.with_variable("PILASTER_JWT_AUDIENCE", "notes");
    Caller::new(function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Tenants>() && clients.contains::<JwtVerifier>());
}
