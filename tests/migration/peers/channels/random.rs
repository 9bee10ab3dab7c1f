//! Random publishes. Ours is computed from the answer of Powertools by the rules of difference, each of which states both sides exactly.

use serde_json::{Value, json};

use super::answer;
use crate::case::Case;
use crate::peers::answers::{self, Answered, PEERS};
use crate::peers::random::{Applied, Random};

const PUBLISHES: usize = 300;

const INTERNAL: &str = "InternalError: internal error (request id 52fdfc07-2182-154f-163f-5f0f9a621d72)";

const EMPTY: &str = "python: a publish without events has one without id and payload";
const UNMATCHED: &str = "a channel without a handler is refused";
const DENIED: &str = "`Unauthorized` from the handler of one event refuses the publish";
const FILTERED: &str = "an event that is filtered is left out";
const FAILED: &str = "the text of an internal error stays in the log";
const REFUSED: &str = "a text has the form `type: message`";
const ALL_FAILED: &str = "an error of a handler of all events is that of each";
const REJECTED: &str = "an error of an event has a type";
const WRONG_ID: &str = "an id is not in the publish, or stands there less often";

const RULES: [&str; 9] = [EMPTY, UNMATCHED, DENIED, FILTERED, FAILED, REFUSED, ALL_FAILED, REJECTED, WRONG_ID];

/// A publish: its channel, and the function that gets it.
struct Publish {
    function: &'static str,
    path: String,
    events: Vec<Value>,
}

enum Route {
    Each,
    All,
    None,
}

impl Publish {
    fn random(random: &mut Random) -> Self {
        let first = random.pick(&["default", "metrics", "request", "default", "metrics", "other"]);
        let length = random.below(4);
        let rest = (0..length).map(|_| random.pick(&["channel", "a", "B", "metrics", "x-1"]));
        let path = std::iter::once(first).chain(rest).fold(String::new(), |path, segment| format!("{path}/{segment}"));
        let length = random.below(6);
        let events = (0..length).map(|_| {
            let payload = match random.below(9) {
                0..=3 => json!({ "do": random.pick(&["fail", "refuse", "deny", "drop", "drop", "reject", "invent", "repeat"]) }),
                4 => Value::Null,
                5 => json!(random.below(1_000)),
                6 => json!([random.digits(3), { "do": "fail" }]),
                7 => json!({ "text": "Gr\u{fc}\u{df}e \u{1f600}", "do": { "do": "drop" } }),
                _ => json!("do"),
            };
            json!({ "id": random.pick(&["1", "2", "3", "4", "5", "invented"]), "payload": payload })
        });
        let events = events.collect();
        Self { function: random.pick(&["handle", "handle", "handle", "passing"]), path, events }
    }

    fn case(&self, number: usize) -> Case {
        let segments: Vec<_> = self.path.split('/').skip(1).collect();
        let info = json!({
            "channel": { "path": self.path, "segments": segments }, "channelNamespace": { "name": segments[0] },
            "operation": "PUBLISH",
        });
        let event = json!({
            "identity": null, "result": null, "request": { "headers": {}, "domainName": null }, "info": info, "error": null,
            "prev": null, "stash": {}, "outErrors": [], "events": self.events,
        });
        Case { name: format!("{number}: {} {:?}", self.path, self.events), function: self.function.to_owned(), event }
    }

    fn route(&self) -> Route {
        match self.path.as_str() {
            "/request/channel" => Route::Each,
            path if path.starts_with("/default/") => Route::Each,
            path if path.starts_with("/metrics/") => Route::All,
            _ => Route::None,
        }
    }

    fn ids(&self) -> Vec<&str> {
        self.events.iter().filter_map(|event| event["id"].as_str()).collect()
    }

    /// Returns the error of each event.
    fn each_fails(&self, error: &str) -> Value {
        let events: Vec<_> = self.ids().iter().map(|id| json!({ "id": id, "error": error })).collect();
        json!({ "answer": { "events": events } })
    }
}

fn word(event: &Value) -> &str {
    event["payload"]["do"].as_str().unwrap_or_default()
}

/// Returns the text that Powertools shows of the error of a word.
fn shown(peer: &str, word: &str) -> Option<&'static str> {
    Some(match (word, peer) {
        ("fail", "python") => "RuntimeError - secret db host",
        ("fail", _) => "Error - secret db host",
        ("refuse", _) => "Refused - the text is too long",
        ("deny", _) => "UnauthorizedException - the client is not authorized to make this call",
        _ => return None,
    })
}

fn denied() -> Value {
    json!({ "failed": { "name": "UnauthorizedException", "message": "the client is not authorized to make this call" } })
}

/// Returns what we answer, by what Powertools does. Each rule checks what it replaces.
fn by_rules(publish: &Publish, peer: &str, theirs: &Value, applied: &mut Applied) -> Value {
    if publish.events.is_empty() && peer == "python" {
        let expected = match publish.route() {
            Route::Each => json!({ "events": [{ "id": null, "payload": { "seen": null, "on": publish.path } }] }),
            Route::All => json!({ "error": "KeyError - 'payload'" }),
            Route::None => json!({ "events": [{}] }),
        };
        assert_eq!(theirs["answer"], expected);
        applied.count(EMPTY);
        return json!({ "answer": { "events": [] } });
    }
    match publish.route() {
        Route::None => {
            assert_eq!(theirs["answer"], json!({ "events": publish.events }));
            if publish.function == "passing" || publish.events.is_empty() {
                return theirs.clone();
            }
            applied.count(UNMATCHED);
            publish.each_fails("UnknownChannel: no handler is registered for this channel")
        }
        Route::Each => each(publish, peer, theirs, applied),
        Route::All => all(publish, peer, theirs, applied),
    }
}

fn each(publish: &Publish, peer: &str, theirs: &Value, applied: &mut Applied) -> Value {
    let answers = theirs["answer"]["events"].as_array().expect("a list of events");
    assert_eq!(answers.len(), publish.events.len());
    let mut ours = Vec::new();
    for (event, answer) in publish.events.iter().zip(answers) {
        let error = |text: &str| json!({ "id": event["id"], "error": text });
        let (rule, replaced, by) = match word(event) {
            "fail" => (FAILED, error(shown(peer, "fail").expect("a text")), Some(error(INTERNAL))),
            "refuse" => {
                (REFUSED, error(shown(peer, "refuse").expect("a text")), Some(error("Refused: the text is too long")))
            }
            "deny" => (DENIED, error(shown(peer, "deny").expect("a text")), None),
            "drop" => (FILTERED, json!({ "id": event["id"], "payload": null }), None),
            _ => {
                ours.push(answer.clone());
                continue;
            }
        };
        assert_eq!(*answer, replaced, "{rule}");
        applied.count(rule);
        ours.extend(by);
    }
    if publish.events.iter().any(|event| word(event) == "deny") {
        return denied();
    }
    json!({ "answer": { "events": ours } })
}

fn all(publish: &Publish, peer: &str, theirs: &Value, applied: &mut Applied) -> Value {
    // The handler ends at the first error.
    if let Some(word) = publish.events.iter().map(word).find(|word| shown(peer, word).is_some()) {
        if word == "deny" {
            return theirs.clone();
        }
        assert_eq!(theirs["answer"], json!({ "error": shown(peer, word) }));
        applied.count(ALL_FAILED);
        return publish.each_fails(if word == "fail" { INTERNAL } else { "Refused: the text is too long" });
    }
    let mut ours = theirs.clone();
    let answers = ours["answer"]["events"].as_array_mut().expect("a list of events");
    let mut left = publish.ids();
    for answer in answers {
        let id = answer["id"].as_str().expect("an id");
        match left.iter().position(|left| *left == id) {
            Some(at) => drop(left.remove(at)),
            None => {
                applied.count(WRONG_ID);
                let message = "the response has an event whose id is not in the publish, or stands there less often: return the ids of its events";
                return json!({ "failed": { "name": "InvalidResponse", "message": message } });
            }
        }
        if let Some(error) = answer.get_mut("error") {
            assert_eq!(*error, "not a reading");
            *error = "Rejected: not a reading".into();
            applied.count(REJECTED);
        }
    }
    ours
}

#[tokio::test]
async fn check_33_random_publishes_differ_by_the_rules_alone() {
    let mut random = Random::new(33);
    let publishes: Vec<_> = (0..PUBLISHES).map(|_| Publish::random(&mut random)).collect();
    let (mut ours, mut cases) = (Vec::new(), Vec::new());
    for (number, publish) in publishes.iter().enumerate() {
        let case = publish.case(number);
        ours.push(answer(&case).await);
        cases.push((case, PEERS.to_vec()));
    }
    let mut applied = Applied::new(RULES);
    for (publish, answered) in publishes.iter().zip(answers::answers("channels", cases, ours)) {
        let Answered { name, theirs, ours, .. } = answered;
        for (peer, theirs) in theirs {
            let expected = by_rules(publish, peer, &theirs, &mut applied);
            assert_eq!(ours, expected, "{name}: {peer} answers {theirs}");
        }
    }
    applied.check();
}
