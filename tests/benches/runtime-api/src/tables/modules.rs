//! What the code of a binary is: its functions by crate, and Pilaster's by module, by `nm` of a build with symbols.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::ensure;

use crate::builds;
use crate::document::Table;
use crate::machine;
use crate::measure::Effort;
use crate::suite::Package;

/// A group that is smaller than this in all binaries is in the last row.
const SMALL: u64 = 8 << 10;

pub(crate) fn modules(_: Effort) -> anyhow::Result<String> {
    if builds::installed("nm").is_none() {
        return Ok("Not made: `nm` is not installed.".to_owned());
    }
    let binaries =
        [("`http`", "bench-users", false), ("`sqs`", "bench-orders", false), ("`sqs`, hand-written", "bare-sqs", true)];
    let mut groups: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    for (column, (_, name, is_peer)) in binaries.iter().enumerate() {
        for (group, size) in groups_of(&builds::cargo(&Package::named(name), *is_peer, true)?)? {
            groups.entry(group).or_default()[column] += size;
        }
    }
    let mut rows: Vec<_> = groups.into_iter().collect();
    rows.sort_by_key(|(_, sizes)| std::cmp::Reverse(sizes.iter().sum::<u64>()));
    let (large, small): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, sizes)| sizes.iter().any(|&size| size >= SMALL));
    let sum = |of: &[&(String, [u64; 3])]| {
        of.iter().fold([0; 3], |sum, (_, sizes)| [0, 1, 2].map(|column| sum[column] + sizes[column]))
    };
    let mut table = Table::new(["KB"].into_iter().chain(binaries.map(|(heading, ..)| heading)));
    let mut row = |name: String, sizes: [u64; 3]| table.row([name].into_iter().chain(sizes.map(kilobytes)));
    row("all".to_owned(), sum(&rows.iter().collect::<Vec<_>>()));
    for (name, sizes) in &large {
        row(format!("`{name}`"), *sizes);
    }
    row(format!("{} others", small.len()), sum(&small));
    Ok(format!("{}\n{}", table.markdown(), machine::sentence(&[])))
}

fn kilobytes(bytes: u64) -> String {
    if bytes == 0 { "–".to_owned() } else { format!("{:.0}", bytes as f64 / 1024.0) }
}

/// The bytes of the functions of a binary, by group.
fn groups_of(binary: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let output = Command::new("nm").args(["--print-size", "--demangle", "--defined-only"]).arg(binary).output()?;
    ensure!(output.status.success(), "nm: {}", String::from_utf8_lossy(&output.stderr));
    let mut groups = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // Address, size, kind, name; `t` is code.
        let mut words = line.splitn(4, ' ').skip(1);
        let (Some(size), Some("t" | "T"), Some(name)) = (words.next(), words.next(), words.next()) else { continue };
        *groups.entry(group(name)).or_default() += u64::from_str_radix(size, 16)?;
    }
    ensure!(!groups.is_empty(), "{} has no symbols", binary.display());
    Ok(groups)
}

/// The crate that a function is for: the first in its name that is not of the standard library. So `drop_in_place` of a type is of the
/// type's crate, and a generic function of the crate that has it. Of Pilaster the module follows, of `http` also the one below.
fn group(symbol: &str) -> String {
    let paths = symbol.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    // What begins with `::` is an item of a type before it.
    let mut paths = paths.filter(|path| path.contains("::") && !path.starts_with("::")).peekable();
    if paths.peek().is_none() {
        return "C and the compiler's".to_owned();
    }
    let Some(path) = paths.find(|path| !matches!(krate(path), "core" | "alloc" | "std" | "")) else {
        return "std".to_owned();
    };
    let segments: Vec<&str> = path.split("::").collect();
    let is_module = |segment: &&&str| segment.starts_with(|c: char| c.is_ascii_lowercase());
    let depth = match segments[..] {
        ["pilaster", "http", ..] => 3,
        ["pilaster", ..] => 2,
        _ => 1,
    };
    // The last segment is the item.
    let modules = &segments[..segments.len() - 1];
    let named: Vec<&str> = modules.iter().take(depth).take_while(is_module).copied().collect();
    if named.is_empty() { segments[0].to_owned() } else { named.join("::") }
}

fn krate(path: &str) -> &str {
    path.split("::").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_of_the_first_crate_that_is_not_the_standard_library() {
        for (symbol, expected) in [
            ("core::ptr::drop_in_place::<pilaster::records::batch::Batch>", "pilaster::records"),
            ("<pilaster::http::adapter::decode::Event as core::fmt::Debug>::fmt", "pilaster::http::adapter"),
            ("<alloc::vec::Vec<u8> as core::fmt::Debug>::fmt", "std"),
            ("<&mut hyper::proto::h1::Conn<tokio::net::TcpStream>>::poll", "hyper"),
            ("<lambda_runtime::Runtime<pilaster::core::raw::Boxed>>::run::{closure#0}", "lambda_runtime"),
            ("pilaster::run", "pilaster"),
            ("memcpy", "C and the compiler's"),
        ] {
            assert_eq!(group(symbol), expected, "{symbol}");
        }
    }
}
