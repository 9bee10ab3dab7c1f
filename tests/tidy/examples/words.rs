//! Words that examples used instead of the field's terms.

use std::fs;

use super::Example;

const WORDS: [(&str, &str); 6] = [
    ("TellAPerson", "NotifyOperator"),
    ("gives trouble", "slow or repeatedly failing order"),
    ("Where the nights", "Dead-letter queue"),
    ("struct Measures", "struct Dimensions"),
    ("A_DAY", "ONE_DAY"),
    ("wice is once", "Idempotent steps"),
];

pub(super) fn check(example: &mut Example) {
    let mut files = Vec::new();
    crate::rust_files(&example.folder, &mut files);
    files.retain(|file| !file.starts_with(example.folder.join("target")));
    let entries = fs::read_dir(&example.folder).unwrap().map(|entry| entry.unwrap().path());
    files.extend(entries.filter(|path| path.is_file()));
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (word, term) in WORDS {
            if text.contains(word) {
                let name = file.strip_prefix(&example.folder).unwrap_or(&file).display().to_string();
                example.wrong(format_args!("{name} says {word:?}"), format_args!("write {term:?}"));
            }
        }
    }
}
