//! The pages of the guide: each is in the table of contents and in rustdoc, is short, and its links and copies agree with what they name.
//!
//! `PILASTER_GUIDE=overwrite cargo test --workspace --test tidy guide` writes `links.md` and the blocks that are copies of files.

mod copies;
mod diagrams;
mod features;
mod keys;
mod links;
mod page;
mod sentences;
mod variables;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use page::Page;

fn folder() -> PathBuf {
    crate::root().join("sdk/guide/src")
}

/// The pages in the order of the table of contents.
fn pages() -> Vec<Page> {
    let contents = fs::read_to_string(folder().join("SUMMARY.md")).expect("the table of contents");
    let files = contents.lines().filter_map(|line| line.strip_suffix(".md)")?.rsplit_once("](").map(|(_, file)| file));
    files.map(Page::read).collect()
}

/// Compares a file with what it should be, or writes it.
fn same_or_overwrite(path: &std::path::Path, expected: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|text| text == expected) {
        return Ok(());
    }
    if std::env::var("PILASTER_GUIDE").is_ok_and(|value| value == "overwrite") {
        fs::write(path, expected).map_err(|error| format!("{}: {error}", path.display()))
    } else {
        Err(format!("{} is not up to date; run the test with PILASTER_GUIDE=overwrite", path.display()))
    }
}

fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn each_page_is_in_the_table_of_contents_and_in_rustdoc() {
    let named: Vec<String> = pages().into_iter().map(|page| page.name).collect();
    let once: BTreeSet<&String> = named.iter().collect();
    assert_eq!(once.len(), named.len(), "a page occurs twice in SUMMARY.md");
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> =
        files.filter_map(|file| file.strip_suffix(".md").map(str::to_owned)).filter(|name| name != "SUMMARY").collect();
    assert_eq!(files, once.into_iter().cloned().collect(), "the files, and the pages of SUMMARY.md");
    let rustdoc = fs::read_to_string(crate::root().join("sdk/src/guide.rs")).unwrap();
    let in_rustdoc: Vec<(&str, &str)> =
        rustdoc.lines().filter_map(|line| line.trim().strip_suffix(".md\",")?.split_once(": \"")).collect();
    let expected: Vec<(String, String)> = named.iter().map(|name| (name.replace('-', "_"), name.clone())).collect();
    assert_eq!(in_rustdoc, expected.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>(), "guide.rs");
}

#[test]
fn a_page_is_short_and_begins_with_one_sentence() {
    let findings: Vec<String> = pages().iter().flat_map(Page::form).collect();
    assert_none(&findings);
}

#[test]
fn every_program_in_rust_is_compiled_and_most_are_run() {
    let pages = pages();
    let fences: Vec<_> =
        pages.iter().flat_map(|page| page.fences().into_iter().map(move |fence| (page, fence))).collect();
    let known = [
        "rust",
        "rust,no_run",
        "yaml",
        "toml",
        "json",
        "console",
        "sh",
        "text",
        "ts",
        "js",
        "python",
        "hcl",
        "http",
        "diff",
    ];
    let unknown = fences.iter().filter(|(_, fence)| !known.contains(&fence.language.as_str()));
    assert_none(
        &unknown.map(|(page, fence)| format!("{}:{}: `{}`", page.name, fence.line, fence.language)).collect::<Vec<_>>(),
    );
    let count = |language: &str| fences.iter().filter(|(_, fence)| fence.language == language).count();
    let (run, only_compiled) = (count("rust"), count("rust,no_run"));
    assert!(run > 60, "{run} programs are run");
    assert!(only_compiled <= run, "{only_compiled} programs are only compiled, {run} are run");
}

#[test]
fn what_a_page_links_is_there() {
    assert_none(&links::findings(&pages()));
}

#[test]
fn links_md_leads_the_names_of_the_pages_to_rustdoc() {
    let expected = links::for_rustdoc(&pages());
    let path = crate::root().join("sdk/guide/links.md");
    if let Err(wrong) = expected.and_then(|text| same_or_overwrite(&path, &text)) {
        panic!("{wrong}");
    }
}

#[test]
fn a_block_that_is_a_copy_is_the_same_as_its_file() {
    assert_none(&pages().iter().filter_map(|page| copies::check(page).err()).collect::<Vec<_>>());
}
