//! The crud example, built and deployed by its template into an engine with DynamoDB and Secrets Manager: behind HTTP APIs,
//! a REST API and a function URL.

use engines::Engine;
use serde_json::{Value, json};

/// The responses of one API to `deploy.py`.
struct Answers<'a>(&'a str, &'a Value);

impl Answers<'_> {
    fn answer(&self, name: &str) -> &Value {
        self.1.get(name).unwrap_or_else(|| panic!("{}: no response: {name}", self.0))
    }

    fn status(&self, name: &str) -> u64 {
        self.answer(name)["status"].as_u64().expect("a status")
    }

    fn body(&self, name: &str) -> &Value {
        &self.answer(name)["body"]
    }

    fn header(&self, name: &str, header: &str) -> &Value {
        &self.answer(name)["headers"][header]
    }

    fn assert_status(&self, name: &str, status: u64) {
        assert_eq!(self.status(name), status, "{}: {name}: {}", self.0, self.answer(name));
    }

    fn assert_is_the_life_of_a_user(&self) {
        for name in ["no key", "wrong key"] {
            self.assert_status(name, 401);
            assert_eq!(self.header(name, "www-authenticate"), "ApiKey");
            assert_eq!(self.header(name, "x-content-type-options"), "nosniff", "errors have the stack's headers");
        }
        self.assert_status("created", 201);
        let id = self.body("created")["id"].as_str().expect("an id");
        assert_eq!(self.header("created", "location"), &format!("/users/{id}"));
        self.assert_status("invalid", 422);
        assert_eq!(self.body("invalid")["errors"].as_array().map(Vec::len), Some(2), "{}", self.body("invalid"));
        // An e-mail address is one whatever its case.
        self.assert_status("taken", 409);
        assert_eq!(self.body("read"), self.body("created"));
        assert_eq!(self.body("first page")["users"], json!([self.body("created")]));
        assert_eq!(self.body("second page")["users"], json!([self.body("second")]));
        assert!(self.body("second page")["next"].is_null(), "nothing is behind the last page");
        self.assert_status("bad cursor", 400);
        self.assert_status("updated", 200);
        assert_eq!(self.body("updated")["version"], 2);
        // A change of version 1 does not overwrite version 2.
        self.assert_status("stale", 409);
        self.assert_status("deleted", 204);
        self.assert_status("gone", 404);
    }
}

#[test]
fn crud_as_its_template_deploys_it_creates_reads_lists_updates_and_deletes_a_user() {
    let engine = Engine::shared();
    let report = engine.report_of("crud", "deploy.py");
    let answers = report["answers"].as_object().expect("answers");

    // One function, one function per route, and one behind the other HTTP sources.
    for api in ["RouterApi", "RoutesApi", "REST API", "function URL"] {
        Answers(api, &answers[api]).assert_is_the_life_of_a_user();
    }
    for api in ["REST API", "function URL"] {
        let answers = Answers(api, &answers[api]);
        answers.assert_status("preflight", 401);
        assert!(answers.header("preflight", "access-control-allow-origin").is_null(), "no browser can call it");
    }

    let rotated = Answers("rotated", &answers["rotated"]);
    rotated.assert_status("the new key", 200);
    rotated.assert_status("the previous key", 200);
    rotated.assert_status("another key", 401);

    let race = answers["race"].as_object().expect("answers");
    let mut statuses: Vec<_> = race.values().filter_map(|answer| answer["status"].as_u64()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses.len(), statuses[0]), (5, 201));
    assert!(
        statuses[1..].iter().all(|status| [409, 503].contains(status)),
        "one of five gets an address: {statuses:?}"
    );

    let broken = Answers("broken", &answers["broken"]);
    assert_eq!(broken.body("no table"), &json!({ "status": 500, "title": "Internal Server Error" }));
    let log = report["logs"]["broken"].to_string();
    assert!(log.contains("ResourceNotFound"), "the cause is in the log: {log}");
    let log = report["logs"]["Router"].to_string();
    assert!(log.contains("the e-mail address is already in use") && !log.contains("sesame"), "no key: {log}");
}
