//! The recorded cases: one JSON object a line, in the form of middy or of Powertools, which differ in their fields.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::compare::Matchers;

/// The library whose behaviour a case recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suite {
    Middy,
    Powertools,
    /// A line of neither form.
    Unknown,
}

impl Suite {
    /// The matchers that its expectations may hold.
    pub(crate) fn matchers(self) -> Matchers {
        if self == Self::Middy { Matchers::Middy } else { Matchers::Powertools }
    }
}

/// All that a line of middy's form may hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[allow(dead_code)]
struct MiddyLine {
    id: IgnoredAny,
    mw: IgnoredAny,
    kind: IgnoredAny,
    note: Option<IgnoredAny>,
    tags: Option<IgnoredAny>,
    #[serde(default)]
    chain: Vec<MiddyLink>,
    plugin: Option<IgnoredAny>,
    event: Option<IgnoredAny>,
    context: Option<IgnoredAny>,
    handler: Option<IgnoredAny>,
    aws: Option<IgnoredAny>,
    steps: Option<IgnoredAny>,
    input: Option<IgnoredAny>,
    expect: Option<IgnoredAny>,
    quirk: Option<IgnoredAny>,
    source: Option<IgnoredAny>,
    verified: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct MiddyLink {
    name: IgnoredAny,
    config: Option<IgnoredAny>,
}

/// All that a line of Powertools' form may hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct PowertoolsLine {
    id: IgnoredAny,
    utility: IgnoredAny,
    title: Option<IgnoredAny>,
    lang: Option<IgnoredAny>,
    config: Option<IgnoredAny>,
    env: Option<IgnoredAny>,
    input: Option<IgnoredAny>,
    expected: IgnoredAny,
    source: Option<IgnoredAny>,
    verified: Option<IgnoredAny>,
    notes: Option<IgnoredAny>,
    defect: Option<IgnoredAny>,
}

/// One recorded case.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) suite: Suite,
    pub(crate) id: String,
    /// The middleware or utility that it is about.
    pub(crate) group: String,
    /// The behaviour is a defect of Powertools: the answer must differ.
    pub(crate) defect: bool,
    pub(crate) json: Value,
    /// The members of the line that its form does not have.
    pub(crate) unread: Option<String>,
    /// The folder in which `event_file`s are searched.
    folder: PathBuf,
}

/// The reason why the event of a case is not available.
pub(crate) type Missing = String;

impl Case {
    fn parse(line: &str, folder: &Path, place: &str) -> Self {
        let json: Value = serde_json::from_str(line).unwrap_or(Value::Null);
        let text = |name: &str| json[name].as_str().map(ToOwned::to_owned);
        let (suite, group) = match (text("mw"), text("utility")) {
            (Some(mw), _) if json.get("expect").is_some() || json.get("steps").is_some() => (Suite::Middy, mw),
            (_, Some(utility)) if json.get("expected").is_some() => (Suite::Powertools, utility),
            _ => (Suite::Unknown, "unknown".to_owned()),
        };
        let id = text("id").unwrap_or_else(|| place.to_owned());
        let defect = json["defect"] == Value::Bool(true);
        let read = match suite {
            Suite::Middy => MiddyLine::deserialize(&json).map(drop),
            Suite::Powertools => PowertoolsLine::deserialize(&json).map(drop),
            Suite::Unknown => Ok(()),
        };
        let unread = read.err().map(|error| format!("a case of another form: {error}"));
        Self { suite, id, group, defect, json, unread, folder: folder.to_owned() }
    }

    /// Reads a case from text, in a child process.
    pub(crate) fn of_text(text: &str, folder: &Path) -> Self {
        Self::parse(text, folder, "")
    }

    /// The folder of its file.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The event of a Powertools case: written in it, or in a file that it names.
    pub(crate) fn event(&self) -> Result<Value, Missing> {
        let input = &self.json["input"];
        let Some(name) = input["event_file"].as_str() else {
            return input.get("event").cloned().ok_or_else(|| "the case has no event".to_owned());
        };
        let beside = [self.folder.join("events"), self.folder.join("../events"), here().join("../fixtures/events")];
        let found = beside.iter().find_map(|folder| fs::read_to_string(folder.join(name)).ok());
        let text = found.ok_or_else(|| format!("its event file {name} is missing"))?;
        let mut event: Value = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
        if let (Some(event), Some(patch)) = (event.as_object_mut(), input["patch"].as_object()) {
            event.extend(patch.clone());
        }
        Ok(event)
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// Returns `true` if there are cases other than our own.
pub(crate) fn has_further() -> bool {
    std::env::var_os("PILASTER_CASES").is_some_and(|folders| !folders.is_empty())
}

/// The folder of our own cases.
pub(crate) fn own_folder() -> PathBuf {
    here().join("cases")
}

/// Our own copies, then those in the directories that `PILASTER_CASES` names (as `PATH` does).
///
/// # Errors
///
/// A directory that cannot be read or holds no `*.jsonl`: a mistyped path must not look like a pass.
pub(crate) fn load() -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    read_folder(&here().join("cases"), &mut cases)?;
    if let Some(further) = std::env::var_os("PILASTER_CASES") {
        for folder in std::env::split_paths(&further).filter(|folder| !folder.as_os_str().is_empty()) {
            read_folder(&folder, &mut cases)?;
        }
    }
    Ok(cases)
}

fn read_folder(folder: &Path, cases: &mut Vec<Case>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    if files.is_empty() {
        return Err(format!("{} holds no *.jsonl", folder.display()));
    }
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        cases.extend(lines.map(|(index, line)| {
            let place = format!("{}:{}", file.display(), index + 1);
            Case::parse(line, folder, &place)
        }));
    }
    Ok(())
}
