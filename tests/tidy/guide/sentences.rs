//! The pages on troubleshooting have a row for each sentence that the macros, the traits, the start and a running function can say.
//!
//! The sentences are the string literals of the sources of at least three words (in the macros: two), outside of tests, and of attributes
//! only the `message` of `diagnostic::on_unimplemented`. In a sentence and in a row, each placeholder (`{name}`, `{0}`, `{:?}`) is `…`, and
//! several `…` beside each other are one. The first column of a row has one or several sentences, each as code.

pub(super) mod literals;
pub(super) mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use self::literals::Literal;
use super::page::Page;

/// The pages.
const PAGES: &str = "troubleshooting";

/// The files whose literals are not sentences of these pages.
const ELSEWHERE: [(&str, &str); 18] = [
    ("sdk/src/testing", "a panic of a test names what is wrong in the test"),
    ("sdk/src/observe/capture.rs", "likewise"),
    ("sdk/src/clients/aws/replay.rs", "compiled for unit tests alone"),
    ("sdk/src/core/json", "reads the messages of serde, and shortens them"),
    ("sdk/src/core/json/message", "the detail of one field, which the client reads"),
    ("sdk/src/http/extract/valid/messages.rs", "likewise"),
    ("sdk/src/http/extract/member_names", "likewise"),
    ("sdk/src/json_schema/describe.rs", "likewise"),
    ("sdk/src/json_schema/places.rs", "likewise"),
    ("sdk/src/http/described/request_parts.rs", "the descriptions in an OpenAPI document"),
    ("sdk/src/http/described/response_parts.rs", "likewise"),
    ("sdk/src/http/layers/described.rs", "likewise"),
    ("sdk/src/openapi/problem.rs", "likewise"),
    ("sdk/src/openapi/webhook.rs", "likewise"),
    ("sdk/src/http/layers/openapi_viewer/page.rs", "the HTML text of a page"),
    ("sdk/src/bedrock/adapter/coerce.rs", "what a parameter expects, which the model reads"),
    ("sdk/src/bedrock/adapter/expected.rs", "likewise"),
    ("sdk/src/http/layers/security_headers", "values of headers; its mistakes are in `error.rs`"),
];

/// Literals of several words that are not sentences.
const NOT_SENTENCES: [(&str, &str); 5] = [
    ("A list of ….", "a part of a description for the model"),
    ("(not an address)", "shown by `Debug` alone"),
    ("S3 Batch Operations", "the name of a source"),
    ("invalid value: expected key", "compared with a message of serde_json"),
    ("listening on http://… (Ctrl-C stops)", "not a mistake"),
];

/// Messages of the compiler that `tests/ui` does not record.
const OF_THE_COMPILER: [(&str, &str); 1] = [(
    "missing generics for struct `Caller`",
    "with the feature `testing`, the compiler writes the paths in all other messages differently",
)];

/// The functions that compare a text with another one.
const COMPARISONS: [&str; 6] = ["starts_with", "strip_prefix", "strip_suffix", "contains", "rsplit_once", "split_once"];

/// The macros whose texts report no mistake, or are never shown.
const QUIET: [&str; 3] = ["tracing::info!", "tracing::debug!", "unreachable!"];

/// What can be said, and where: a sentence must have a row if it is `true`.
struct Said {
    sentences: BTreeMap<String, (String, bool)>,
    /// The beginnings of the recorded compile errors, those of the compiler included.
    recorded: BTreeSet<String>,
}

impl Said {
    fn collect() -> Self {
        let mut sentences = BTreeMap::<String, (String, bool)>::new();
        for folder in ["macros/src", "sdk/src"] {
            for literal in literals::sources(folder).into_iter().flat_map(|source| source.literals) {
                let Some(sentence) = sentence(&literal) else { continue };
                let least = if folder == "macros/src" { 2 } else { 3 };
                let words = sentence.split(' ').filter(|word| word.contains(|c: char| c.is_ascii_alphabetic())).count();
                let entry = sentences.entry(sentence).or_insert((literal.file, false));
                entry.1 |= words >= least;
            }
        }
        let mut files = Vec::new();
        recorded_errors(&crate::root().join("tests/ui"), &mut files);
        let recorded = files.iter().flat_map(|file| headlines(&fs::read_to_string(file).unwrap())).collect();
        Self { sentences, recorded }
    }
}

/// The sentence of a literal, if it may be one.
fn sentence(literal: &Literal) -> Option<String> {
    let is_elsewhere =
        ELSEWHERE.iter().any(|(file, _)| literal.file.starts_with(file) && !literal.file.ends_with("/error.rs"));
    let is_message = literal.is_in("diagnostic::on_unimplemented") && literal.before.ends_with("message =");
    let is_quiet = QUIET.iter().any(|name| literal.is_in(name)) || COMPARISONS.contains(&literal.last_call());
    // A list of the accepted options has several lines; it follows a sentence.
    if is_elsewhere || is_quiet || literal.text.contains('\n') || (literal.is_in_attribute() && !is_message) {
        return None;
    }
    let sentence = with_placeholders(&literal.text);
    // A condition or a key of DynamoDB.
    (!sentence.contains(" :") && !sentence.starts_with("attribute_")).then_some(sentence)
}

/// Writes `…` in place of each placeholder.
fn with_placeholders(text: &str) -> String {
    let (mut written, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        let placeholder = rest.strip_prefix('{').and_then(|inner| {
            let end = inner.find(['{', '}']).filter(|&end| inner[end..].starts_with('}'))?;
            let name = inner[..end].split(':').next()?;
            name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(end + 2)
        });
        let (mark, length) = match placeholder {
            _ if rest.starts_with("{{") || rest.starts_with("}}") => (c, 2),
            Some(length) => ('…', length),
            None => (c, c.len_utf8()),
        };
        written.push(mark);
        rest = &rest[length..];
    }
    folded(&written)
}

/// One space between words, and one `…` in place of several.
fn folded(text: &str) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    while text.contains("……") {
        text = text.replace("……", "…");
    }
    text
}

fn recorded_errors(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            recorded_errors(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "stderr") {
            found.push(path);
        }
    }
}

/// The first lines of the errors in what the compiler has printed.
fn headlines(printed: &str) -> Vec<String> {
    let errors = printed.lines().filter_map(|line| line.strip_prefix("error"));
    errors.filter_map(|line| Some(folded(line.split_once(": ")?.1))).collect()
}

/// Returns `true` if a text is what a pattern says, with anything for each `…`.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts: Vec<&str> = pattern.split('…').collect();
    let Some(mut rest) = text.strip_prefix(parts.remove(0)) else { return false };
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The sentences of the rows, each with its place. A sentence may contain braces of its own, so it is read in both ways.
fn rows_of_the_pages() -> Vec<(String, [String; 2])> {
    let files = fs::read_dir(super::folder()).expect("the guide").map(|entry| entry.unwrap().file_name());
    let names = files.filter_map(|file| Some(file.to_str()?.strip_suffix(".md")?.to_owned()));
    let mut names: Vec<String> = names.filter(|name| name.starts_with(PAGES)).collect();
    names.sort();
    let rows = names.iter().flat_map(|name| rows::rows(&Page::read(name)));
    let place = |row: &rows::Row| format!("{}.md:{}", row.page, row.line);
    let sentences = rows.flat_map(|row| {
        let place = place(&row);
        row.code(0).into_iter().map(move |code| (place.clone(), [folded(&code), with_placeholders(&code)]))
    });
    sentences.collect()
}

#[test]
fn every_sentence_has_a_row() {
    let rows = rows_of_the_pages();
    let known: BTreeSet<&str> = rows.iter().flat_map(|(_, forms)| forms).map(String::as_str).collect();
    let said = Said::collect();
    assert!(said.sentences.len() > 500, "{} sentences were found", said.sentences.len());
    let is_known = |sentence: &str| known.contains(sentence) || NOT_SENTENCES.iter().any(|(text, _)| *text == sentence);
    let missing: Vec<String> = said
        .sentences
        .iter()
        .filter(|(sentence, (_, is_required))| *is_required && !is_known(sentence))
        .map(|(sentence, (file, _))| format!("{file}: {sentence}"))
        .collect();
    assert!(missing.is_empty(), "write a row in a page `{PAGES}….md` for\n{}", missing.join("\n"));
    let recorded: Vec<&String> =
        said.recorded.iter().filter(|error| !known.iter().any(|row| matches(row, error))).collect();
    assert!(recorded.is_empty(), "tests/ui records errors without a row: {recorded:#?}");
}

#[test]
fn every_row_is_a_sentence() {
    let said = Said::collect();
    let is_said = |form: &String| said.sentences.contains_key(form);
    let is_recorded = |form: &String| {
        said.recorded.iter().any(|error| matches(form, error)) || OF_THE_COMPILER.iter().any(|(error, _)| error == form)
    };
    let stale: Vec<String> = rows_of_the_pages()
        .into_iter()
        .filter(|(_, forms)| !forms.iter().any(is_said) && !is_recorded(&forms[0]))
        .map(|(place, [sentence, _])| format!("{place}: {sentence}"))
        .collect();
    assert!(stale.is_empty(), "no source says\n{}", stale.join("\n"));
    let unused: Vec<_> = NOT_SENTENCES.iter().filter(|(text, _)| !said.sentences.contains_key(*text)).collect();
    assert!(unused.is_empty(), "remove from `NOT_SENTENCES`: {unused:?}");
}

#[test]
fn placeholders_are_the_same_in_a_source_and_in_a_row() {
    for (literal, sentence) in [
        ("could not get {what}", "could not get …"),
        ("no response within {:?} of {limit:.0?}", "no response within … of …"),
        ("failed: {named}{more}", "failed: …"),
        ("write `{{{name}}}`, such as `GET /users/{{id}}`", "write `{…}`, such as `GET /users/{id}`"),
        ("HttpError> { .. }", "HttpError> { .. }"),
    ] {
        assert_eq!(with_placeholders(literal), sentence);
    }
    assert!(matches("`…` must be the last …", "`Json<T>` must be the last argument"));
    assert!(!matches("`…` must be", "`Json<T>` must be the last"));
}
