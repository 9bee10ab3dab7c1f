//! The suite file: which events are sent, what the responses must be, and which functions take part.

use std::collections::BTreeMap;
use std::fs;
use std::rc::Rc;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use crate::expect::Expect;

/// Events with their responses, and the functions.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) cases: Rc<[Case]>,
    pub(crate) targets: Vec<Target>,
}

/// An event, and what must come back.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Compact JSON, as the Runtime API has it.
    pub(crate) event: Bytes,
    /// Whether the measured loop sends it.
    pub(crate) measured: bool,
    pub(crate) expect: Expect,
}

/// A function that takes part.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) program: Program,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// What divides the numbers of invocations of a slow function.
    #[serde(default = "once")]
    pub(crate) slow: usize,
}

fn once() -> usize {
    1
}

/// Where a function comes from.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Program {
    /// A package of this workspace.
    Pilaster(Package),
    /// A package of `tests/benches/peers`.
    Peer(Package),
    /// A module of `tests/benches/peers/node`.
    Node(String),
    /// A module of `tests/benches/peers/python`.
    Python(String),
    /// A folder of `tests/benches/peers/go`.
    Go(String),
}

impl Program {
    /// Whether valgrind can count its instructions.
    pub(crate) fn is_rust(&self) -> bool {
        matches!(self, Program::Pilaster(_) | Program::Peer(_))
    }
}

/// A binary of a package.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    pub(crate) package: String,
    pub(crate) binary: String,
    #[serde(default)]
    pub(crate) features: String,
    /// Whether it is built without its default features.
    #[serde(default)]
    pub(crate) without_defaults: bool,
}

impl Package {
    /// The binary that has the name of its package.
    pub(crate) fn named(name: &str) -> Self {
        Self::binary(name, name)
    }

    pub(crate) fn binary(package: &str, binary: &str) -> Self {
        let (package, binary) = (package.to_owned(), binary.to_owned());
        Self { package, binary, features: String::new(), without_defaults: false }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "case")]
    cases: Vec<CaseOfFile>,
    #[serde(rename = "target")]
    targets: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseOfFile {
    name: String,
    #[serde(default)]
    measured: bool,
    #[serde(default)]
    expect: Expect,
}

impl Suite {
    /// Reads `tests/benches/suites/{name}.toml` and its events.
    pub(crate) fn load(name: &str) -> anyhow::Result<Self> {
        let folder = crate::repository().join("tests/benches/suites");
        let path = folder.join(format!("{name}.toml"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let file: File = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let mut cases = Vec::new();
        for CaseOfFile { name, measured, expect } in file.cases {
            let path = folder.join(format!("events/{name}.json"));
            let text = fs::read(&path).with_context(|| path.display().to_string())?;
            let event = compact(&text).with_context(|| path.display().to_string())?;
            cases.push(Case { name, event, measured, expect });
        }
        ensure!(cases.iter().any(|case| case.measured), "{}: no case is measured", path.display());
        ensure!(!file.targets.is_empty(), "{}: there is no target", path.display());
        Ok(Self { cases: cases.into(), targets: file.targets })
    }
}

/// The indices of the cases that the measured loop sends.
pub(crate) fn measured(cases: &[Case]) -> Vec<usize> {
    (0..cases.len()).filter(|&case| cases[case].measured).collect()
}

/// The same JSON in the same order without the space that is there for people.
fn compact(json: &[u8]) -> serde_json::Result<Bytes> {
    let mut text = Vec::with_capacity(json.len());
    let mut reader = serde_json::Deserializer::from_slice(json);
    serde_transcode::transcode(&mut reader, &mut serde_json::Serializer::new(&mut text))?;
    reader.end()?;
    Ok(text.into())
}

/// The event of the suite `http` with another path, query and body.
pub(crate) fn http(path: &str, query: &str, content_type: &str, body: &str, is_base64: bool) -> anyhow::Result<String> {
    let suite = Suite::load("http")?;
    let event = std::str::from_utf8(&suite.cases[0].event)?;
    let (head, _) = event.split_once(r#","body":"#).context("the event has no body")?;
    let query_object = query.split_once('=').map(|(name, value)| json!({ name: value })).unwrap_or_else(|| json!({}));
    let head = head
        .replace("/users", path)
        .replace("POST", if body.is_empty() { "GET" } else { "POST" })
        .replace("source=web&campaign=spring", query)
        .replace(r#"{"source":"web","campaign":"spring"}"#, &query_object.to_string())
        .replace(r#""content-type":"application/json""#, &format!(r#""content-type":"{content_type}""#))
        .replace(r#""content-length":"49""#, &format!(r#""content-length":"{}""#, body.len()));
    let body = serde_json::to_string(body)?;
    Ok(format!(r#"{head},"body":{body},"isBase64Encoded":{is_base64}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_suite_can_be_read_and_measures_something() {
        for name in ["http", "sqs", "concurrency"] {
            let suite = Suite::load(name).unwrap();
            assert!(!measured(&suite.cases).is_empty(), "{name}");
            assert!(suite.targets.iter().any(|target| matches!(target.program, Program::Pilaster(_))), "{name}");
        }
    }

    #[test]
    fn an_event_keeps_its_order_and_loses_its_space() {
        let event = compact(br#"{ "b": [1,  2.5], "a": "x  y" }"#).unwrap();
        assert_eq!(event, r#"{"b":[1,2.5],"a":"x  y"}"#);
    }
}
