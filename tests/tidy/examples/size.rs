//! The lines of an example's code, without its tests.

use std::fs;
use std::path::Path;

use super::Example;

/// The most lines of a `main.rs` or a file in `src/bin`.
const BINARY_LINES: usize = 60;

fn most_lines(example: &str) -> usize {
    match example {
        "crud" => 525,
        "thumbnail" | "saga" => 400,
        _ => 200,
    }
}

pub(super) fn check(example: &mut Example) {
    let mut files = Vec::new();
    crate::rust_files(&example.folder, &mut files);
    let folder = example.folder.clone();
    let files = files.iter().filter_map(|file| Some((file.strip_prefix(&folder).ok()?, file)));
    // `money.rs` is the same file everywhere.
    let counts = |path: &Path| !is_test(path) && !path.starts_with("target") && path != Path::new("src/money.rs");
    let files = files.filter(|(path, _)| counts(path));
    let mut total = 0;
    let sizes: Vec<_> = files.map(|(path, file)| (path, code_lines(&fs::read_to_string(file).unwrap()))).collect();
    for (path, lines) in sizes {
        total += lines;
        if (path.ends_with("src/main.rs") || path.starts_with("src/bin")) && lines > BINARY_LINES {
            let fix = format_args!("at most {BINARY_LINES}: move the rest to the library");
            example.wrong(format_args!("{} has {lines} lines without tests", path.display()), fix);
        }
    }
    let most = most_lines(&example.name);
    if total > most {
        example.wrong(format_args!("it has {total} lines of Rust without tests"), format_args!("at most {most}"));
    }
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs") || path.iter().any(|part| part == "tests")
}

/// The lines of a file without the items that are only compiled for tests.
pub(super) fn code_lines(text: &str) -> usize {
    let mut count = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            count += 1;
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        // An item ends with its semicolon or with the brace below its first letter.
        for line in lines.by_ref() {
            let own = line.strip_prefix(indent).unwrap_or_default();
            if own == "}" || own == "};" || (!own.starts_with(' ') && (own.ends_with(';') || own.ends_with("{}"))) {
                break;
            }
        }
    }
    count
}

#[test]
fn tests_are_not_counted() {
    let text = "//! docs\nfn a() {}\n\n#[cfg(test)]\nmod tests;\n\n#[cfg(test)]\n#[tokio::test]\nasync fn b() {\n    c();\n}\n\
                mod d {\n    #[cfg(test)]\n    mod tests {\n        fn e() {\n        }\n    }\n}\n";
    assert_eq!(code_lines(text), 6, "docs, a, two empty lines, d, its brace");
}
