//! The result of an upload. This file knows nothing of S3.

use serde::Serialize;

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub lines: usize,
    pub words: usize,
}

pub fn summarize(text: &[u8]) -> Summary {
    let text = String::from_utf8_lossy(text);
    Summary { lines: text.lines().count(), words: text.split_whitespace().count() }
}

/// Returns the key of the result, such as `results/a.txt.json` for `uploads/a.txt`; `None` if the key is not an upload's.
pub fn result_key(key: &str) -> Option<String> {
    let name = key.strip_prefix("uploads/").filter(|name| !name.is_empty() && !name.ends_with('/'))?;
    // The longest key of S3.
    Some(format!("results/{name}.json")).filter(|key| key.len() <= 1_024)
}
