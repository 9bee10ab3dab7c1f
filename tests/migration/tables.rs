//! The mapping tables: each name has a row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::page::Page;
use super::{file, peer, read};

/// Returns the names of a list in `listed.toml`.
pub(crate) fn listed(list: &str) -> Vec<String> {
    let lists: BTreeMap<String, Vec<String>> = toml::from_str(&read(&file("listed.toml"))).expect("lists of names");
    lists.get(list).unwrap_or_else(|| panic!("listed.toml has no list `{list}`")).clone()
}

/// Fails unless each name is in backticks in a row of these pages, in another cell than the last one.
pub(crate) fn have_rows(pages: &[Page], names: &[String]) {
    let rows: Vec<_> = pages.iter().flat_map(Page::all_rows).collect();
    let heads = rows.iter().flat_map(|row| &row[..row.len() - 1]);
    let found: BTreeSet<&str> = heads.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let missing: Vec<_> = names.iter().filter(|name| !found.contains(name.as_str())).collect();
    let pages: Vec<_> = pages.iter().map(|page| page.name).collect();
    assert!(missing.is_empty(), "no row of {pages:?} is about {missing:?}");
}

/// Returns the utilities of the installed Powertools for Python: its folders and modules.
pub(crate) fn python_utilities() -> Vec<String> {
    let package = python_package();
    let mut found = Vec::new();
    for folder in [package.clone(), package.join("utilities")] {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            // What is not a utility of its own.
            if !name.starts_with('_')
                && !["exceptions", "package_logger", "py", "shared", "utilities", "warnings"].contains(&&*name)
            {
                found.push(name);
            }
        }
    }
    found
}

/// Returns the environment variables that the installed Powertools for Python reads.
pub(crate) fn python_variables() -> Vec<String> {
    variables(&python_package(), "py")
}

/// Returns the environment variables that the installed packages of Powertools for TypeScript read.
pub(crate) fn typescript_variables() -> Vec<String> {
    variables(&peer::installed().join("node_modules/@aws-lambda-powertools"), "js")
}

fn python_package() -> std::path::PathBuf {
    let library = engines::programs().join("../lib");
    let mut versions = std::fs::read_dir(library).expect("a folder").map(|entry| entry.expect("an entry").path());
    let version = versions.find(|path| path.join("site-packages").is_dir()).expect("Python's packages");
    version.join("site-packages/aws_lambda_powertools")
}

fn variables(folder: &Path, extension: &str) -> Vec<String> {
    fn visit(folder: &Path, extension: &str, name: &regex_lite::Regex, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                visit(&path, extension, name, found);
            } else if path.extension().is_some_and(|of_file| of_file == extension) {
                let text = read(&path);
                let names = name.captures_iter(&text).map(|of| of[1].to_owned());
                // A constant has the name of its variable, and an ending.
                found.extend(names.filter(|name| !name.ends_with("_ENV") && !name.ends_with("_ENV_VAR")));
            }
        }
    }
    let name = regex_lite::Regex::new(r#"["'.](POWERTOOLS_[A-Z_]+)["'\s,;)\]]"#).expect("a pattern");
    let mut found = BTreeSet::new();
    visit(folder, extension, &name, &mut found);
    assert!(found.len() > 8, "{} reads variables", folder.display());
    found.into_iter().collect()
}
