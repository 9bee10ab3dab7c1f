//! Where and when a table was made.

use std::fs;
use std::process::Command;

use crate::statistics::median;

/// A sentence with the date, the processor, the kernel, the compiler, and how busy the machine was with something else.
pub(crate) fn sentence(others: &[f64]) -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // Not `available_parallelism`: this thread may be held on one of them.
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let (date, rustc) = (output("date", &["-u", "+%F"]), output("rustc", &["--version"]));
    let rustc = rustc.split(" (").next().unwrap_or_default();
    let mut sentence = format!("{date}, {model} ({cores} cores), kernel {}, {rustc}.", kernel.trim());
    if !others.is_empty() {
        let most = others.iter().copied().fold(0.0, f64::max);
        let others = median(others.iter().copied());
        sentence += &format!(" Something else kept {others:.2} cores busy in the meantime (at most {most:.2}).");
    }
    sentence
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_has_the_date_and_the_load() {
        let sentence = sentence(&[0.1, 0.3, 0.2]);
        assert!(sentence.starts_with("20") && sentence.contains(", kernel "), "{sentence}");
        assert!(sentence.ends_with("kept 0.20 cores busy in the meantime (at most 0.30)."), "{sentence}");
    }
}
