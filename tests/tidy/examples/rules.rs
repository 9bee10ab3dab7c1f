//! Each rule on a copy of `hello` that breaks it.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::requirement;
use super::{Example, Finding, workspace};

/// What is broken in a file of `hello`: a text, the text that replaces it, and the only finding. MINOR is what examples require.
const BROKEN: &[(&str, &str, &str, &str)] = &[
    ("Cargo.toml", "edition = \"2024\"", "edition.workspace = true", "`package.edition` is inherited"),
    (
        "Cargo.toml",
        "version = \"1.0.229\", features",
        "workspace = true, features",
        "`dependencies.serde` is inherited",
    ),
    ("Cargo.toml", "rust-version = \"1.94.1\"", "rust-version = \"1.85\"", "`rust-version` is not the workspace's"),
    ("Cargo.toml", "publish = false\n", "", "it can be published"),
    ("Cargo.toml", "unsafe_code = \"forbid\"", "unsafe_code = \"warn\"", "unsafe code is allowed"),
    ("Cargo.toml", "pilaster = \"MINOR\"", "pilaster = { path = \"../../sdk\", version = \"MINOR\" }", "has a path"),
    ("Cargo.toml", "pilaster = \"MINOR\"", "pilaster = \"0.0\"", "another version of pilaster"),
    ("Cargo.toml", "version = \"1.0.229\"", "version = \"1.0.1\"", "another version of `serde`"),
    ("Cargo.toml", "default-features = false, features", "features", "another `default-features` of `tokio`"),
    ("Cargo.toml", "disable_optimizations = true", "features = []\ndisable_optimizations = true", "does not read its"),
    ("Cargo.toml", "disable_optimizations = true\n", "", "sets `panic = \"abort\"` in a copy"),
    ("Cargo.toml", "CARGO_PROFILE_RELEASE_LTO = \"fat\"\n", "", "without the optimizations"),
    ("Cargo.toml", "[lints.rust]", "[profile.release]\nlto = true\n\n[lints.rust]", "ignores a member's `[profile]`"),
    ("samconfig.toml", "pilaster-hello", "hello", "would ask for `stack_name`"),
    ("samconfig.toml", "resolve_s3 = true\n", "", "would ask for `resolve_s3`"),
    (
        "samconfig.toml",
        "[default.global.parameters]\nstack_name = \"pilaster-hello\"\n\n[default.deploy.parameters]",
        "[default.deploy.parameters]\nstack_name = \"pilaster-hello\"",
        "does not know the stack's name",
    ),
    ("template.yaml", "# sam build && sam deploy", "# sam build", "the first line is not how to deploy"),
    ("template.yaml", "  Url:\n", "  TheUrl:\n", "does not name the output `TheUrl`"),
    (".gitignore", ".aws-sam/", ".aws/", "does not have .aws-sam/"),
    ("README.md", "## Try", "## Attempt", "does not have the five sections"),
    ("README.md", "One async function", "- One function", "does not start with what it shows"),
    ("README.md", "sam build && sam deploy\n", "sam build && sam deploy --guided\n", "does not say how to deploy"),
    ("README.md", "sam delete\n", "", "does not say how to delete"),
    ("events/get.json", "{", "", "events/get.json is not JSON"),
    ("src/main.rs", "struct Guest", "struct Measures; struct Guest", "says \"struct Measures\""),
];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != "target") {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy(&from, &to) } else { fs::copy(&from, &to).map(drop).unwrap() }
    }
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("conventions")
}

fn check(folder: PathBuf) -> Vec<Finding> {
    Example::new(folder).check(&workspace(), "- [`hello`](hello)")
}

#[test]
fn each_broken_convention_is_reported_alone() {
    let hello = crate::root().join("examples/hello");
    let _ = fs::remove_dir_all(home());
    let minor = requirement(&workspace());
    for (index, (file, part, other, expected)) in BROKEN.iter().enumerate() {
        let [part, other] = [part, other].map(|text| text.replace("MINOR", &minor));
        let folder = home().join(index.to_string()).join("hello");
        copy(&hello, &folder);
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.contains(&part), "{file}: {part}");
        fs::write(folder.join(file), text.replacen(&part, &other, 1)).unwrap();
        let found: Vec<_> = check(folder).iter().map(ToString::to_string).collect();
        assert!(found.len() == 1 && found[0].contains(expected), "{file}: {part:?}: {found:#?}");
    }
}

#[test]
fn what_is_too_long_or_missing_is_reported() {
    let folder = home().with_extension("long").join("hello");
    let _ = fs::remove_dir_all(&folder);
    copy(&crate::root().join("examples/hello"), &folder);
    let main = folder.join("src/main.rs");
    fs::write(&main, fs::read_to_string(&main).unwrap() + &"// a line\n".repeat(60)).unwrap();
    fs::write(folder.join("src/lib.rs"), "// a line\n".repeat(150)).unwrap();
    fs::write(folder.join("src/tests.rs"), "// a line\n".repeat(500)).unwrap();
    fs::write(folder.join("README.md"), fs::read_to_string(folder.join("README.md")).unwrap() + &"\n".repeat(60))
        .unwrap();
    fs::rename(folder.join("events/get.json"), folder.join("event.json")).unwrap();
    fs::remove_file(folder.join("samconfig.toml")).unwrap();
    let found: Vec<_> = Example::new(folder).check(&workspace(), "").iter().map(ToString::to_string).collect();
    for expected in [
        "samconfig.toml is missing",
        "event.json is not in events/",
        "there is no events/*.json",
        "README.md has ",
        "examples/README.md does not list it",
        "src/main.rs has ",
        "lines of Rust without tests; at most 200",
    ] {
        assert_eq!(found.iter().filter(|finding| finding.contains(expected)).count(), 1, "{expected}: {found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}
