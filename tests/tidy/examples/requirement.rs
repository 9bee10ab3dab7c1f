//! Each requirement of `pilaster` that users read or copy is that of this version, in whatever form of TOML it is written: `.ci/release`
//! changes the forms that it knows, and a rehearsal of a minor version finds those that it does not.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest;

/// Where versions of the past are named, too.
const PAST: [&str; 3] = ["CHANGELOG.md", "RELEASING.md", "upgrading.md"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_str().unwrap_or_default();
        if entry.file_type().expect("a type").is_dir() {
            if !["target", "node_modules", ".git"].contains(&name) && !name.starts_with(".aws-sam") {
                files(&path, found);
            }
        } else if [".md", ".rs", ".toml", ".yml"].iter().any(|end| name.ends_with(end)) && !PAST.contains(&name) {
            found.push(path);
        }
    }
}

/// Returns the value of a key in the first lines of a text: until a line that ends a table of TOML.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let text = text.split("\n[").next().unwrap_or_default();
    let text = text.split("```").next().unwrap_or_default();
    let (_, after) = text.match_indices(key).find_map(|(at, _)| {
        let before = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '_');
        let after = text[at + key.len()..].trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?;
        before.then_some(((), after))
    })?;
    after.split('"').next()
}

/// Returns what a text requires of `pilaster`.
fn requirements(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, name) in text.match_indices("pilaster") {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let line = after.split('\n').next().unwrap_or_default();
        if before.ends_with("dependencies.") && after.starts_with(']') {
            found.extend(value(after, "version"));
        } else if let Some(version) =
            after.strip_prefix('@').filter(|text| text.starts_with(|c: char| c.is_ascii_digit()))
        {
            found.extend(version.split(|c: char| !c.is_ascii_digit() && c != '.').next());
        } else if after.starts_with('"') && before.trim_end_matches(['"', ' ', '=']).ends_with("package") {
            // `sdk = { version = "0.1", package = "pilaster" }`
            let table = before.rfind('{').map_or("", |start| &text[start..at + name.len() + line.len()]);
            found.extend(value(table, "version"));
        } else if let Some(assigned) = line.trim_start().strip_prefix('=').map(str::trim_start)
            && before.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && !"-_/.".contains(c))
        {
            match assigned.strip_prefix('"') {
                Some(version) => found.extend(version.split('"').next()),
                None if assigned.starts_with('{') => {
                    let table = after.split('}').next().unwrap_or_default();
                    found.extend(value(table, "version"));
                }
                None => (),
            }
        }
    }
    found
}

#[test]
fn every_requirement_of_pilaster_is_that_of_this_version() {
    let root = crate::root();
    let minor = manifest::requirement(&super::workspace());
    let mut found: Vec<_> =
        ["README.md", "SECURITY.md", "CONTRIBUTING.md", "AGENTS.md"].map(|name| root.join(name)).into();
    for folder in ["sdk", "macros", "examples", ".agents"] {
        files(&root.join(folder), &mut found);
    }
    let (mut count, mut wrong) = (0, Vec::new());
    for file in found {
        let text = fs::read_to_string(&file).unwrap();
        for version in requirements(&text) {
            count += 1;
            if version != minor {
                wrong.push(format!("{}: {version:?}", file.display()));
            }
        }
    }
    let security = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    if !security.contains(&format!("(now {minor})")) {
        wrong.push(format!("SECURITY.md does not say `(now {minor})`"));
    }
    assert!(count > 40, "only {count} requirements were found");
    assert!(wrong.is_empty(), "{} other requirements than {minor:?}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_form_of_a_requirement_is_found() {
    for text in [
        "pilaster = \"0.1\"",
        "pilaster=\"0.1\"",
        "pilaster = { version = \"0.1\", features = [\"testing\"] }",
        "pilaster = { features = [\n  \"testing\",\n], version = \"0.1\" }",
        "[dependencies.pilaster]\nversion = \"0.1\"\n",
        "[target.'cfg(unix)'.dev-dependencies.pilaster]\ndefault-features = false\nversion = \"0.1\"\n",
        "sdk = { package = \"pilaster\", version = \"0.1\" }",
        "sdk = { version = \"0.1\", package = \"pilaster\" }",
        "cargo add pilaster@0.1 --features table",
    ] {
        assert_eq!(requirements(text), ["0.1"], "{text}");
    }
    let others = "pilaster = { path = \"sdk\" }\n[dependencies.pilaster]\nworkspace = true\n\n[package]\nversion = \"3\"\n\
                  pilaster-macros = \"3\"\nx = { package = \"pilaster\" }\nname = \"pilaster\"\ny = { version = \"3\" }";
    assert_eq!(requirements(others), Vec::<&str>::new());
}
