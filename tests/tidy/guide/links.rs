//! The links of the pages: definitions at the end of a page, in the form of the book, and the same names for rustdoc in `links.md`.

use std::collections::{BTreeMap, HashSet};

use super::page::{Page, definition};

const DOCS: &str = "https://docs.rs/pilaster/latest/pilaster/";
const SITE: &str = "https://pilaster-rs.github.io/pilaster/";
const REPOSITORY: &str = "https://github.com/pilaster-rs/pilaster/";

/// The definitions of a page: `[label]: target`.
fn definitions(page: &Page) -> Vec<(usize, &str, &str)> {
    let lines = page.prose().into_iter();
    lines.filter_map(|(number, line)| definition(line).map(|(label, target)| (number, label, target))).collect()
}

/// The anchor of a heading, as mdBook, rustdoc and GitHub make it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>();
    kept.trim().replace(' ', "-")
}

fn anchors(page: &Page) -> HashSet<String> {
    let headings = page.prose().into_iter().filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
}

/// Labels that are used but not defined, targets that are not there.
pub(super) fn findings(pages: &[Page]) -> Vec<String> {
    let anchors: BTreeMap<&str, HashSet<String>> =
        pages.iter().map(|page| (page.name.as_str(), anchors(page))).collect();
    let mut findings = Vec::new();
    for page in pages {
        let mut wrong = |number: usize, what: String| findings.push(format!("{}.md:{number}: {what}", page.name));
        let defined = definitions(page);
        for (number, label, target) in &defined {
            if let Some(path) = target.strip_prefix(REPOSITORY) {
                let file = path.strip_prefix("blob/main/").or_else(|| path.strip_prefix("tree/main/"));
                let file = file.map(|file| file.split('#').next().unwrap_or(file));
                if file.is_some_and(|file| !crate::root().join(file).exists()) {
                    wrong(*number, format!("`{target}` is not in the repository"));
                }
            } else if target.ends_with(".svg") {
                if !super::folder().join(target).exists() {
                    wrong(*number, format!("`{target}` is not a picture"));
                }
            } else if !target.starts_with("https://") {
                let (file, section) = target.split_once('#').unwrap_or((target, ""));
                let name = if file.is_empty() { Some(page.name.as_str()) } else { file.strip_suffix(".md") };
                match name.and_then(|name| anchors.get(name)) {
                    None => wrong(*number, format!("`{file}` is not a page")),
                    Some(of) if !section.is_empty() && !of.contains(section) => {
                        wrong(*number, format!("`{target}`: there is no such section"));
                    }
                    Some(_) => {}
                }
            }
            let uses = page.text.matches(&format!("[{label}]")).count();
            if uses < 2 {
                wrong(*number, format!("the definition `[{label}]` is not used"));
            }
        }
        let labels: HashSet<&str> = defined.iter().map(|(_, label, _)| *label).collect();
        for (number, line) in page.prose() {
            for label in used(line) {
                if !labels.contains(label) {
                    wrong(number, format!("`[{label}]` has no definition"));
                }
            }
            for (at, _) in line.match_indices("](#") {
                let section = line[at + 3..].split(')').next().unwrap_or_default();
                if !anchors[page.name.as_str()].contains(section) {
                    wrong(number, format!("`#{section}`: there is no such section"));
                }
            }
            if line.matches("](").count() > line.matches("](#").count() {
                wrong(number, "links are by reference, with the definition at the end of the page".to_owned());
            }
        }
    }
    findings
}

/// The labels of `[text][label]`, `[label][]` and `` [`name`] `` in a line.
fn used(line: &str) -> Vec<&str> {
    let mut labels = Vec::new();
    if definition(line).is_some() {
        return labels;
    }
    let is_in_code = |at: usize| line[..at].matches('`').count() % 2 == 1;
    for (at, _) in line.match_indices("][").filter(|(at, _)| !is_in_code(*at)) {
        match line[at + 2..].find(']') {
            // `[label][]`
            Some(0) => labels.extend(line[..at].rfind('[').map(|begin| &line[begin + 1..at])),
            Some(end) => labels.push(&line[at + 2..at + 2 + end]),
            None => {}
        }
    }
    for (at, _) in line.match_indices("[`") {
        let Some(end) = line[at..].find("`]") else { continue };
        let rest = &line[at + end + 2..];
        // Not in code, as `["a"]`, and not before a label of its own.
        if !rest.starts_with(['[', '(']) && !is_in_code(at) {
            labels.push(&line[at + 1..at + end + 1]);
        }
    }
    labels
}

/// What rustdoc calls the item of an address on docs.rs.
fn item(address: &str) -> Option<String> {
    let (page, section) = address.split_once('#').unwrap_or((address, ""));
    let (folder, file) = page.rsplit_once('/').unwrap_or(("", page));
    let folder = if folder.is_empty() { "crate".to_owned() } else { format!("crate::{}", folder.replace('/', "::")) };
    if file == "index.html" || file.is_empty() {
        return Some(if folder == "crate" { folder } else { format!("mod@{folder}") });
    }
    let (kind, name) = file.strip_suffix(".html")?.split_once('.')?;
    let item = match kind {
        "attr" => format!("macro@{folder}::{name}"),
        "derive" => format!("derive@{folder}::{name}"),
        "fn" => format!("fn@{folder}::{name}"),
        "trait" => format!("trait@{folder}::{name}"),
        "constant" => format!("const@{folder}::{name}"),
        _ => format!("type@{folder}::{name}"),
    };
    match section.split_once('.') {
        None if section.is_empty() => Some(item),
        None => Some(format!("{item}#{section}")),
        Some((_, member)) => Some(format!("{folder}::{name}::{member}")),
    }
}

/// `links.md`: each label of the pages, with its target in rustdoc.
pub(super) fn for_rustdoc(pages: &[Page]) -> Result<String, String> {
    let mut targets: BTreeMap<&str, (String, &str)> = BTreeMap::new();
    for page in pages {
        for (number, label, target) in definitions(page) {
            let rustdoc = if let Some(address) = target.strip_prefix(DOCS) {
                item(address)
                    .ok_or_else(|| format!("{}.md:{number}: `{target}` is not a page of rustdoc", page.name))?
            } else if let Some((file, section)) = target.split_once(".md").filter(|_| !target.starts_with("https://")) {
                format!("crate::guide::{}{section}", file.replace('-', "_"))
            } else if target.ends_with(".svg") {
                format!("{SITE}{target}")
            } else {
                continue;
            };
            if let Some((other, of)) = targets.get(label).filter(|(other, _)| *other != rustdoc) {
                return Err(format!(
                    "{}.md:{number}: `[{label}]` is `{rustdoc}` here and `{other}` in {of}.md",
                    page.name
                ));
            }
            targets.insert(label, (rustdoc, &page.name));
        }
    }
    // Not seen on a page of rustdoc, where the definitions come first.
    let lines = targets.iter().map(|(label, (rustdoc, _))| format!("[{label}]: {rustdoc}\n"));
    Ok(lines.chain(["\n".to_owned()]).collect())
}
