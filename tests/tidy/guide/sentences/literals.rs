//! The string literals of the sources, with the calls that each is an argument of.

use std::fs;
use std::path::Path;

/// A string literal of a source, outside of comments and tests.
pub(in crate::guide) struct Literal {
    /// The file from the repository's folder: `sdk/src/runtime.rs`.
    pub(in crate::guide) file: String,
    /// The text, without escapes. Lines that end in a backslash are joined.
    pub(in crate::guide) text: String,
    /// The functions, macros and attributes (`#`) around it, the outermost first.
    pub(in crate::guide) calls: Vec<String>,
    /// The code before it, without the spaces at its end: up to its name in `name = "…"`.
    pub(in crate::guide) before: String,
}

impl Literal {
    pub(in crate::guide) fn is_in(&self, call: &str) -> bool {
        self.calls.iter().any(|name| name == call)
    }

    pub(in crate::guide) fn last_call(&self) -> &str {
        self.calls.last().map_or("", String::as_str)
    }

    /// Returns `true` if it is in an attribute.
    pub(in crate::guide) fn is_in_attribute(&self) -> bool {
        self.calls.iter().any(|name| name.starts_with('#'))
    }
}

/// A source without its tests.
pub(in crate::guide) struct Source {
    /// The file from the repository's folder.
    pub(in crate::guide) file: String,
    pub(in crate::guide) literals: Vec<Literal>,
    /// The code without comments, each literal as `""`.
    pub(in crate::guide) code: String,
}

/// Reads the sources below a folder of the repository.
pub(in crate::guide) fn sources(folder: &str) -> Vec<Source> {
    let mut files = Vec::new();
    crate::rust_files(&crate::root().join(folder), &mut files);
    files.sort();
    let is_test = |path: &Path| path.with_extension("").iter().any(|part| part == "tests");
    let relative = |path: &Path| path.strip_prefix(crate::root()).unwrap().to_string_lossy().into_owned();
    let files = files.iter().map(|path| (relative(path), path)).filter(|(file, _)| !is_test(Path::new(file)));
    files.map(|(file, path)| source(file, &without_tests(&fs::read_to_string(path).unwrap()))).collect()
}

fn source(file: String, text: &str) -> Source {
    let (mut literals, mut code, mut calls, mut at) = (Vec::new(), String::new(), Vec::<String>::new(), 0);
    while let Some(next) = text[at..].chars().next() {
        let (before, rest) = text.split_at(at);
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if let Some((literal, length)) = string(rest, before.chars().next_back()) {
            let named = calls.iter().filter(|name| !name.is_empty()).cloned().collect();
            let before = before.trim_end().rsplit('\n').next().unwrap_or_default().trim_start().to_owned();
            literals.push(Literal { file: file.clone(), text: literal, calls: named, before });
            code.push_str("\"\"");
            at += length;
        } else {
            let length = character(rest).unwrap_or(next.len_utf8());
            match next {
                '(' | '[' | '{' => calls.push(name(before, next)),
                ')' | ']' | '}' => drop(calls.pop()),
                _ => {}
            }
            code.push_str(&rest[..length]);
            at += length;
        }
    }
    Source { file, literals, code }
}

/// What is called by this parenthesis, or the mark of an attribute. Empty for a block, a list and a tuple.
fn name(before: &str, open: char) -> String {
    let before = before.trim_end();
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '!' | '#');
    let name = &before[before.trim_end_matches(is_of_name).len()..];
    match open {
        '(' => name.to_owned(),
        _ if name.ends_with('!') || name.starts_with('#') => name.to_owned(),
        _ => String::new(),
    }
}

/// The string literal at the beginning, and its length in the source.
fn string(rest: &str, before: Option<char>) -> Option<(String, usize)> {
    let may_have_prefix = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    let head = rest.strip_prefix('b').filter(|_| may_have_prefix).unwrap_or(rest);
    if let Some(raw) = head.strip_prefix('r').filter(|_| may_have_prefix) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = body.find(&end)?;
        return Some((body[..length].to_owned(), rest.len() - body.len() + length + end.len()));
    }
    let body = head.strip_prefix('"')?;
    let (mut text, mut characters) = (String::new(), body.char_indices().peekable());
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((text, rest.len() - body.len() + at + 1)),
            '\\' => match characters.next()?.1 {
                '\n' => while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                'n' => text.push('\n'),
                't' => text.push('\t'),
                other => text.push(other),
            },
            c => text.push(c),
        }
    }
    None
}

/// The length of the character literal at the beginning; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    let escape = if body.starts_with('\\') { 2 } else { body.chars().next()?.len_utf8() };
    let end = body.get(escape..)?.find('\'')?;
    (end == 0 || body.starts_with('\\')).then_some(1 + escape + end + 1)
}

/// Leaves out the items under `#[cfg(test)]`, as rustfmt lays them out.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if !(line.trim_start().starts_with("#[cfg(test)]") || line.trim_start().starts_with("#[cfg(all(test")) {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        for line in lines.by_ref() {
            let own = line.strip_prefix(indent).filter(|own| !own.starts_with(char::is_whitespace));
            if own.is_some_and(|own| matches!(own, "}" | "};" | ");") || own.trim_end().ends_with(';')) {
                break;
            }
        }
    }
    kept
}

#[test]
fn a_literal_is_read_with_the_calls_around_it() {
    let text = "// \"comment\"\nfn f<'a>() { g('\"', b\"bytes\", \"a \\\n    \\\"b\\\"\"); warn!(key = %k(\"inner\"), r#\"raw \"x\"\"#) }\n\
                #[must_use = \"attribute\"]\n#[cfg(test)]\nmod tests {\n    fn h() { \"test\" }\n}\n";
    let found = source("f.rs".to_owned(), &without_tests(text));
    let read: Vec<_> = found.literals.iter().map(|l| (l.text.as_str(), l.calls.join(">"))).collect();
    let expected = [("bytes", "g"), ("a \"b\"", "g"), ("inner", "warn!>k"), ("raw \"x\"", "warn!"), ("attribute", "#")];
    assert_eq!(read, expected.map(|(text, calls)| (text, calls.to_owned())));
    assert_eq!(found.literals[4].before, "#[must_use =");
    assert_eq!(found.code.lines().nth(1), Some("fn f<'a>() { g('\"', \"\", \"\"); warn!(key = %k(\"\"), \"\") }"));
}
