//! Tokens of user pools of the engine, verified by `JwtVerifier` and by AWS's own verifier (`aws-jwt-verify`): each token by each verifier,
//! and the verdicts agree but for the differences that are listed with their reason.
//!
//! The claim `iss` is AWS's while the keys are on this machine, so the issuer and `jwks_uri` are set apart.

use std::collections::BTreeSet;
use std::time::Duration;

use engines::Engine;
use pilaster::JwtVerifier;
use regex_lite::Regex;

use super::*;

/// What a verifier requires. The clients are names of `cognito.py`.
struct Rules {
    name: &'static str,
    token_use: &'static str,
    clients: &'static [&'static str],
    scopes: &'static [&'static str],
    groups: &'static [&'static str],
    leeway: u64,
}

const ACCESS: Rules =
    Rules { name: "access", token_use: "access", clients: &["app"], scopes: &[], groups: &[], leeway: 0 };
const VERIFIERS: [Rules; 9] = [
    ACCESS,
    Rules { name: "ID", token_use: "id", ..ACCESS },
    Rules { name: "two clients", clients: &["app", "other"], ..ACCESS },
    Rules { name: "service", clients: &["service"], ..ACCESS },
    Rules { name: "scope", clients: &["app", "service"], scopes: &["orders/read"], ..ACCESS },
    Rules { name: "two scopes", clients: &["app", "service"], scopes: &["orders/read", "orders/write"], ..ACCESS },
    Rules { name: "group", groups: &["staff", "admins"], ..ACCESS },
    Rules { name: "another group", groups: &["admins"], ..ACCESS },
    Rules { name: "a minute", leeway: 60, ..ACCESS },
];

/// The verifiers that accept the access token of the app.
const OF_THE_APP: &str = "access|two clients|group|a minute";

/// Token and verifier, by regular expressions; what AWS's verifier says, and why this one says something else.
const DIFFERENCES: [(&str, &str, &str, &str); 9] = [
    ("own, without expiry", OF_THE_APP, "accepted", "a token without `exp` would never end"),
    ("own, issued an hour from now", OF_THE_APP, "accepted", "`iat` in the future: a clock or the issuer is wrong"),
    ("own, critical extension", OF_THE_APP, "accepted", "RFC 7515, 4.1.11: an unknown `crit` is refused"),
    (
        "own, updated issuer",
        OF_THE_APP,
        "accepted",
        "a pool with an `UPDATED` issuer needs `JwtVerifier::cognito_updated`",
    ),
    ("own, 12 KiB", OF_THE_APP, "accepted", "a token has at most 8 KiB"),
    ("access, (trailing bits|padding)", OF_THE_APP, "accepted", "RFC 7515, 2: base64url in its one form, unpadded"),
    ("access of a service", "two scopes", "accepted", "all scopes are required, and not one of them"),
    (
        "own, (scope as a list|group as text|without key id)",
        ".*",
        "refused",
        "other issuers write them so, and it is clear what is meant",
    ),
    ("own ID, several audiences", "ID", "refused", "RFC 7519, 4.1.3: one of several audiences is enough"),
];

/// What `cognito.py` has printed.
struct Issued {
    said: Value,
}

impl Issued {
    fn by(engine: &Engine) -> Self {
        let mut python = Command::new(engine.program("python"));
        python.arg(root().join("tests/contract/cognito.py")).arg(engine.endpoint()).envs(engine.environment());
        let output = python.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { said: serde_json::from_slice(&output.stdout).unwrap() }
    }

    fn text(&self, pointer: &str) -> &str {
        self.said.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"))
    }

    /// The tokens by name, and those that are made of one of them by a change of a character.
    fn tokens(&self) -> Vec<(String, String)> {
        let issued = self.said["tokens"].as_object().unwrap();
        let mut tokens: Vec<(String, String)> =
            issued.iter().map(|(name, token)| (name.clone(), token.as_str().unwrap().to_owned())).collect();
        let access = self.text("/tokens/access");
        for at in (0..access.len() - 1).step_by(17).filter(|at| access.as_bytes()[*at] != b'.') {
            let other = if &access[at..=at] == "A" { "B" } else { "A" };
            tokens.push((format!("access, character {at}"), [&access[..at], other, &access[at + 1..]].concat()));
        }
        // The signature has 2,048 bits, and its last character, of which 4 bits encode nothing, can be one of 16.
        const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let (text, last) = access.split_at(access.len() - 1);
        let at = DIGITS.find(last).unwrap();
        tokens.push(("access, trailing bits".to_owned(), [text, &DIGITS[at + 1..=at + 1]].concat()));
        tokens.push(("access, padding".to_owned(), format!("{access}==")));
        tokens
    }

    fn clients(&self, rules: &Rules) -> Vec<&str> {
        rules.clients.iter().map(|name| self.text(&format!("/clients/{name}"))).collect()
    }

    fn verifier(&self, rules: &Rules, keys: &Value) -> JwtVerifier {
        let mut verifier = JwtVerifier::cognito(self.text("/pool"))
            .jwks_uri(keys["url"].as_str().unwrap())
            .leeway(Duration::from_secs(rules.leeway));
        for client in self.clients(rules) {
            verifier = verifier.client(client);
        }
        if rules.token_use == "id" {
            verifier = verifier.id_tokens();
        }
        if !rules.scopes.is_empty() {
            verifier = verifier.scopes(rules.scopes.iter().copied());
        }
        if !rules.groups.is_empty() {
            verifier = verifier.groups(rules.groups.iter().copied());
        }
        verifier
    }
}

/// A verdict on each case: `accepted`, or the reason.
struct Verdicts {
    cases: Vec<(String, &'static str)>,
    ours: Vec<String>,
    theirs: Vec<String>,
}

impl Verdicts {
    async fn on(issued: &Issued, folder: &Path) -> Self {
        let tokens = issued.tokens();
        let (mut cases, mut ours, mut for_node) = (Vec::new(), Vec::new(), Vec::new());
        for rules in &VERIFIERS {
            let of = |name: &str| issued.verifier(rules, &issued.said[name]);
            let verifiers = [("pool keys", of("pool keys")), ("both keys", of("both keys"))];
            for (name, token) in &tokens {
                // The keys of the pool are enough for its own tokens.
                let [pool, both] = &verifiers;
                let (keys, verifier) = if name.starts_with("own") { both } else { pool };
                let verdict = verifier.verify(token).await;
                ours.push(verdict.map_or_else(|error| error.reason().name(), |_| "accepted").to_owned());
                for_node.push(json!({
                    "token": token, "pool": issued.text("/pool"), "use": rules.token_use, "clients": issued.clients(rules),
                    "scopes": some(rules.scopes), "groups": some(rules.groups), "graceSeconds": rules.leeway,
                    "jwks": issued.said[keys]["jwks"],
                }));
                cases.push((name.clone(), rules.name));
            }
        }
        fs::write(folder.join("cases.json"), Value::from(for_node).to_string()).unwrap();
        // Where its package is found.
        fs::copy(root().join("tests/contract/cognito.mjs"), folder.join("cognito.mjs")).unwrap();
        let said = succeeds("node", &["cognito.mjs", "cases.json"], folder);
        Self { cases, ours, theirs: serde_json::from_str(&said).unwrap() }
    }

    /// Returns the cases whose verdicts disagree without being listed, and the listed differences that no case shows.
    fn surprises(&self) -> BTreeSet<String> {
        assert_eq!((self.cases.len(), self.cases.len()), (self.ours.len(), self.theirs.len()));
        let whole = |pattern: &str| Regex::new(&format!("^(?:{pattern})$")).unwrap();
        let listed = DIFFERENCES.map(|(token, verifier, theirs, reason)| {
            assert!(!reason.is_empty());
            (whole(token), whole(verifier), theirs == "accepted")
        });
        let mut shown = [false; DIFFERENCES.len()];
        let mut surprises = BTreeSet::new();
        for ((token, verifier), (ours, theirs)) in self.cases.iter().zip(self.ours.iter().zip(&self.theirs)) {
            let theirs_accepts = theirs == "accepted";
            if (ours == "accepted") == theirs_accepts {
                continue;
            }
            let at = listed.iter().position(|(of_token, of_verifier, accepted)| {
                of_token.is_match(token) && of_verifier.is_match(verifier) && *accepted == theirs_accepts
            });
            match at {
                Some(at) => shown[at] = true,
                None => surprises.extend([format!("{token}, verifier \"{verifier}\": {ours}, and theirs: {theirs}")]),
            }
        }
        let unused = DIFFERENCES.iter().zip(shown).filter(|(_, shown)| !shown);
        surprises.extend(unused.map(|(listed, _)| format!("listed, and no difference: {listed:?}")));
        surprises
    }

    fn ours(&self, token: &str, verifier: &str) -> &str {
        &self.ours[self.cases.iter().position(|case| (&*case.0, case.1) == (token, verifier)).unwrap()]
    }
}

fn some(texts: &'static [&'static str]) -> Option<&'static [&'static str]> {
    (!texts.is_empty()).then_some(texts)
}

#[tokio::test]
async fn tokens_of_cognito_are_accepted_and_refused_as_by_aws_own_verifier() {
    let engine = Engine::shared();
    let issued = Issued::by(&engine);
    let mut verdicts = Verdicts::on(&issued, &folder("cognito")).await;
    assert_eq!(verdicts.surprises(), BTreeSet::new());
    assert!(verdicts.theirs.iter().filter(|verdict| *verdict == "accepted").count() > 40);

    for (token, verifier, verdict) in [
        ("access", "access", "accepted"),
        ("ID", "access", "use"),
        ("ID", "ID", "accepted"),
        ("access", "ID", "use"),
        ("access of another client", "access", "client"),
        ("access of another client", "two clients", "accepted"),
        ("ID of another client", "ID", "client"),
        ("access of another pool", "access", "issuer"),
        ("access of a service", "service", "accepted"),
        ("access of a service", "scope", "accepted"),
        ("access of a service", "two scopes", "scope"),
        ("access", "scope", "scope"),
        ("access", "group", "accepted"),
        ("access", "another group", "group"),
        ("own", "access", "accepted"),
        ("own, expired an hour ago", "a minute", "expired"),
        ("own, expired 30 s ago", "access", "expired"),
        ("own, expired 30 s ago", "a minute", "accepted"),
        ("access, another user", "access", "signature"),
        ("own, none", "access", "algorithm"),
        ("own, HS256 with the public key", "access", "algorithm"),
    ] {
        assert_eq!(verdicts.ours(token, verifier), verdict, "{token}, {verifier}");
    }

    // A verdict that changes is noticed.
    verdicts.ours[0] = if verdicts.ours[0] == "accepted" { "use".to_owned() } else { "accepted".to_owned() };
    assert_eq!(verdicts.surprises().len(), 1);
}
