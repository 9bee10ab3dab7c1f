//! Tests of the sources themselves: which crates they depend on, which module imports which, which types can grow, and that the guide
//! and the changelog agree with them.
#![allow(clippy::unwrap_used)]

mod dependencies;
mod examples;
mod growth;
mod guide;
mod layers;
mod paths;

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the repository: of the checkout that cargo runs the test in.
fn root() -> PathBuf {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&folder).join("..")
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
