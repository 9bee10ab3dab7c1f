//! What `gate.sh` counted last: the instructions of an invocation without a Runtime API, beside the same work, hand-written; allocations, the
//! instructions of a start, and the size.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, ensure};

use crate::document::Table;
use crate::measure::Effort;

pub(crate) fn counted(_: Effort) -> anyhow::Result<String> {
    let file = crate::repository().join("tests/benches/counts.txt");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    table(&text)
}

/// Lines `name count`; `users-by-hand` is what `users` and `users-metered` are compared with, and `allocations-users`, `start-users` and
/// `bytes-users` are counts of `users` alone.
fn table(text: &str) -> anyhow::Result<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    let counts: BTreeMap<&str, u64> = lines.filter_map(|(name, count)| Some((name, count.parse().ok()?))).collect();
    let mut table = Table::new(["instructions of an invocation", "Pilaster", "hand-written", "ratio"]);
    let mut rows = 0;
    for (name, count) in &counts {
        let work = name.split('-').next().unwrap_or(name);
        let Some(by_hand) = counts.get(format!("{work}-by-hand").as_str()).filter(|_| !name.ends_with("-by-hand"))
        else {
            continue;
        };
        rows += 1;
        table.row([
            format!("`{name}`"),
            grouped(*count),
            grouped(*by_hand),
            format!("{:.2}", *count as f64 / *by_hand as f64),
        ]);
    }
    ensure!(rows > 0, "there are no counts");
    let mut alone =
        Table::new(["Pilaster", "allocations of an invocation", "instructions of a start", "bytes of the binary"]);
    for work in counts.keys().filter_map(|name| name.strip_prefix("allocations-")) {
        let count = |kind: &str| {
            counts.get(format!("{kind}-{work}").as_str()).map_or("–".to_owned(), |&count| grouped(count))
        };
        alone.row([format!("`{work}`"), count("allocations"), count("start"), count("bytes")]);
    }
    let compiler = text.lines().find_map(|line| line.strip_prefix("# rustc ")).context("the compiler is not named")?;
    Ok(format!("{}\n{}\nrustc {compiler}.\n", table.markdown(), alone.markdown()))
}

/// `94634` as `94,634`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_is_compared_with_that_by_hand() {
        let text = "# A.\n# rustc 1.95.0 on x86_64\nusers 950\nusers-metered 1000\nusers-by-hand 1900\nother 3\nallocations-users 55\nbytes-users 2000\n";
        let table = table(text).unwrap();
        assert!(
            table.contains("| `users` | 950 | 1,900 | 0.50 |\n| `users-metered` | 1,000 | 1,900 | 0.53 |\n\n"),
            "{table}"
        );
        assert!(table.contains("| `users` | 55 | – | 2,000 |\n\nrustc 1.95.0"), "{table}");
        assert!(!table.contains("other"));
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn the_file_of_the_gate_can_be_read() {
        assert!(counted(Effort::QUICK).unwrap().contains("`orders`"));
    }
}
