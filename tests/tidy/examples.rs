//! The conventions of the examples, which CONTRIBUTING.md describes: manifests that stand alone, a layout, short code.
//!
//! `EXAMPLE=payments cargo test -p tests --test tidy examples` checks one example only.

mod files;
mod manifest;
mod requirement;
mod rules;
mod size;
mod words;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// What is wrong in an example, and what to do.
struct Finding {
    example: String,
    wrong: String,
    fix: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.example, self.wrong, self.fix)
    }
}

/// An example, and what has been found in it.
struct Example {
    folder: PathBuf,
    name: String,
    findings: Vec<Finding>,
}

impl Example {
    fn new(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Self { folder, name, findings: Vec::new() }
    }

    fn wrong(&mut self, wrong: impl fmt::Display, fix: impl fmt::Display) {
        let (wrong, fix) = (wrong.to_string(), fix.to_string());
        self.findings.push(Finding { example: self.name.clone(), wrong, fix });
    }

    /// Returns the text of a file, and reports a missing one.
    fn read(&mut self, path: &str, fix: &str) -> Option<String> {
        let text = fs::read_to_string(self.folder.join(path)).ok();
        if text.is_none() {
            self.wrong(format_args!("{path} is missing"), fix);
        }
        text
    }

    fn check(mut self, workspace: &toml::Table, list: &str) -> Vec<Finding> {
        manifest::check(&mut self, workspace);
        files::check(&mut self, list);
        size::check(&mut self);
        words::check(&mut self);
        self.findings
    }
}

/// The folders of the examples; by `EXAMPLE`, one of them.
fn folders() -> Vec<PathBuf> {
    let only = std::env::var("EXAMPLE").ok();
    let entries = fs::read_dir(super::root().join("examples")).expect("the examples");
    let folders = entries.map(|entry| entry.expect("an entry").path());
    // The others, `infrastructure` and `templates`, are no crates.
    let folders = folders.filter(|path| path.join("Cargo.toml").exists());
    let is_chosen = |path: &Path| {
        only.as_deref().is_none_or(|only| path.file_name().is_some_and(|name| name.to_str() == Some(only)))
    };
    let mut folders: Vec<_> = folders.filter(|path| is_chosen(path)).collect();
    folders.sort();
    assert!(!folders.is_empty(), "there is no such example: {only:?}");
    folders
}

fn workspace() -> toml::Table {
    fs::read_to_string(super::root().join("Cargo.toml")).unwrap().parse().unwrap()
}

fn report(findings: &[Finding]) {
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} findings\n{}\n", lines.len(), lines.join("\n"));
}

#[test]
fn every_example_follows_the_conventions() {
    let workspace = workspace();
    let list = fs::read_to_string(super::root().join("examples/README.md")).unwrap_or_default();
    let findings: Vec<_> =
        folders().into_iter().flat_map(|folder| Example::new(folder).check(&workspace, &list)).collect();
    report(&findings);
}

/// Each example stands alone, so what they share is copied.
#[test]
fn shared_files_are_the_same_in_all_examples() {
    let shared = "src/money.rs";
    let files = folders().into_iter().map(|folder| folder.join(shared)).filter(|file| file.exists());
    let texts: Vec<_> = files.map(|file| (fs::read(&file).unwrap(), file)).collect();
    assert!(texts.len() > 1, "{shared} is in {} examples", texts.len());
    let different: Vec<_> = texts.iter().filter(|(text, _)| *text != texts[0].0).map(|(_, file)| file).collect();
    assert!(different.is_empty(), "{different:?} differ from {:?}: copy one over the others", texts[0].1);
}
