//! Hygiene as a test: who imports whom, and that features, README and changelog tell the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The house from outside to inside (`DESIGN.md`): a room imports only from rooms further down this list. Rooms of the
/// same number do not know each other.
const HOUSE: &[(&str, u32)] = &[
    ("runtime", 0),
    ("local", 0),
    ("testing", 0),
    ("http::function", 1),
    ("http::streaming", 1),
    // The event of a request by hand or of a test.
    ("http::event", 1),
    ("observe", 2),
    ("runtime::warmup", 3),
    ("config::extension", 2),
    ("config::secrets", 3),
    ("config::flags", 3),
    ("config::parameters", 4),
    // Errors of AWS's clients, for every source.
    ("config::aws", 5),
    ("config::after", 5),
    ("records::function", 1),
    ("event::function", 1),
    ("http::door", 4),
    ("records::door", 4),
    ("event::door", 4),
    ("http::stack", 5),
    ("http::base_path", 6),
    ("http::security_headers", 6),
    ("http::cors", 7),
    ("http::compression", 8),
    ("http::conditional", 8),
    ("http::error_layer", 9),
    ("http::deadline", 12),
    // Parts of the adapter that know nothing of the rest of it: what a field, a path or a credential is.
    ("http::door::strip_listed", 12),
    ("http::door::PATH", 12),
    ("http::door::credentials", 12),
    ("http::left", 12),
    ("http::quoted", 13),
    ("http::panic", 9),
    ("http::negotiation", 10),
    ("http::handler", 10),
    ("http::extract::valid", 10),
    ("http::response", 10),
    ("http::extract", 11),
    ("clients", 11),
    ("http::quality", 12),
    ("http::entity_tag", 12),
    ("http::length", 12),
    // Any room may tell what it counts.
    ("observe::metrics", 12),
    ("observe::traces", 12),
    ("idempotency", 9),
    ("records", 10),
    ("event::handler", 10),
    ("event::authorizer", 10),
    ("event::cloudformation", 10),
    ("event::schedule", 10),
    ("event::typed", 10),
];

/// What every room may import: the types that pass between rooms.
const SHARED: &[&str] = &[
    "event",
    "error",
    "handler",
    "json",
    "expression",
    "deadline",
    "clock",
    "http::error",
    "http::rejection",
    "http::context",
    "config::cache",
    "config::decode",
    "private",
    // The same by the names that users know.
    "BoxError",
    "FunctionError",
    "Incoming",
    "Invocation",
    "RawEvent",
    "RawResponse",
    "http::HttpError",
    "http::Rejection",
    "http::FieldError",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn level(module: &str) -> Option<(&'static str, u32)> {
    let within = |room: &str| module == room || module.starts_with(&format!("{room}::"));
    HOUSE.iter().filter(|(room, _)| within(room)).max_by_key(|(room, _)| room.len()).copied()
}

/// The paths that a file imports from its own crate, `{…}` spread, tests left out.
fn imports(text: &str) -> Vec<String> {
    let tests = text.find("\nmod tests {").and_then(|at| text[..at].rfind("#[cfg("));
    let text = tests.map_or(text, |at| &text[..at]);
    let mut found = Vec::new();
    for (at, _) in text.match_indices("use crate::") {
        let rest = &text[at + "use crate::".len()..];
        let statement = rest.split(';').next().unwrap_or(rest);
        match statement.split_once('{') {
            None => found.push(statement.trim().to_owned()),
            Some((prefix, names)) => {
                let names = names.trim_end().trim_end_matches('}').split(',').map(str::trim);
                found.extend(names.filter(|name| !name.is_empty()).map(|name| format!("{prefix}{name}")));
            }
        }
    }
    found
}

#[test]
fn a_room_imports_only_from_rooms_below_it() {
    let source = root().join("sdk/src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(files.len() > 20, "the rooms are where they were: {files:?}");
    let mut wrong = Vec::new();
    let mut checked = 0;
    for file in files {
        let relative = file.strip_prefix(&source).unwrap().with_extension("");
        let module = relative.to_string_lossy().replace('/', "::");
        // The front door and the hallways hold no logic; what the macro checks is about all of them.
        if ["lib", "http", "config", "observe", "private"].contains(&module.as_str())
            || module.starts_with("private::")
            || module.ends_with("::tests")
            || module.contains("::tests::")
        {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let shared = |path: &str| SHARED.iter().any(|s| path == *s || path.starts_with(&format!("{s}::")));
        for import in imports(&text) {
            checked += 1;
            // A re-export at the root or in a hallway would hide where the import leads.
            let target = level(&import);
            let below = match (level(&module), target) {
                _ if shared(&import) => true,
                (Some((room, own)), Some((other, theirs))) => room == other || own < theirs,
                (None, _) if shared(&module) => false,
                _ => false,
            };
            if !below {
                wrong.push(format!("{module} imports {import}"));
            }
        }
    }
    assert!(checked > 30, "imports were found");
    assert!(wrong.is_empty(), "imports that lead upwards or to no room:\n{}", wrong.join("\n"));
}

#[test]
fn every_feature_is_in_the_readme_and_says_what_it_is() {
    let manifest = fs::read_to_string(root().join("sdk/Cargo.toml")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let features = manifest.split("[features]").nth(1).unwrap().split("\n[").next().unwrap();
    let names = features.lines().filter_map(|line| line.split_once(" = [").map(|(name, _)| name.trim()));
    let names =
        names.filter(|name| !name.starts_with('_') && !name.starts_with('#') && *name != "default" && *name != "full");
    let mut count = 0;
    for name in names {
        count += 1;
        assert!(readme.contains(&format!("`{name}`")), "README.md does not name the feature `{name}`");
    }
    assert!(count > 15, "features were found");
}

/// The names of the crates that pilaster is built of with these features.
fn crates(features: &str) -> BTreeSet<String> {
    let arguments =
        ["tree", "--package", "pilaster", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--features"];
    let output =
        Command::new(env!("CARGO")).args(arguments).arg(features).current_dir(root()).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn what_is_turned_off_is_no_dependency() {
    let by_default = crates("default");
    for (feature, brings) in [
        ("metrics", &["metrics"][..]),
        ("otel", &["opentelemetry", "opentelemetry_sdk", "opentelemetry-proto", "prost", "tracing-opentelemetry"]),
        ("idempotency", &["jmespath", "lru", "md-5", "sha2", "flate2"]),
        ("flags", &["jiff", "jmespath"]),
        ("parameters", &["aws-config", "aws-sdk-ssm", "rustls", "ring", "fastrand"]),
    ] {
        let with_it = crates(feature);
        for name in brings {
            assert!(with_it.contains(*name), "{feature} brings {name}");
            assert!(!by_default.contains(*name), "{name} is there without {feature}");
        }
    }
}

#[test]
fn the_changelog_tells_of_the_version() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let version = manifest.split("version = \"").nth(1).unwrap().split('"').next().unwrap();
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(changelog.contains(&format!("## {version}")), "CHANGELOG.md has no section for {version}");
}

#[test]
fn nothing_is_left_to_do_in_a_comment() {
    let mut files = Vec::new();
    for folder in ["sdk/src", "macros/src", "examples"] {
        rust_files(&root().join(folder), &mut files);
    }
    let mark = ["TO", "DO"].concat();
    let left: Vec<_> = files.iter().filter(|file| fs::read_to_string(file).unwrap().contains(&mark)).collect();
    assert!(left.is_empty(), "{left:?}");
}
