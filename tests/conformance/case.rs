//! The recorded cases: one JSON object a line, in middy's form or in Powertools', told apart by their fields.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Whose behaviour a case recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suite {
    Middy,
    Powertools,
    /// A line of neither form.
    Unknown,
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
    /// Where `event_file`s are looked for.
    folder: PathBuf,
}

/// Why the event of a case could not be had.
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
        Self { suite, id, group, defect, json, folder: folder.to_owned() }
    }

    /// The event of a Powertools case: written in it, or in a file that it names.
    pub(crate) fn event(&self) -> Result<Value, Missing> {
        let input = &self.json["input"];
        let Some(name) = input["event_file"].as_str() else {
            return input.get("event").cloned().ok_or_else(|| "the case has no event".to_owned());
        };
        let own = [here().join("events"), here().join("../fixtures/events")];
        let beside = [self.folder.join("events"), self.folder.join("../events")].into_iter().chain(own);
        let beside: Vec<_> = beside.collect();
        let found = beside.iter().find_map(|folder| fs::read_to_string(folder.join(name)).ok());
        let text = found.ok_or_else(|| format!("its event file {name} is not beside it"))?;
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
