//! What the examples weigh, in release builds.

use crate::document::Table;
use crate::measure::Effort;
use crate::size::size;
use crate::suite::Package;
use crate::{builds, machine};

/// The example, its binary, and whether it is built with AWS's clients, if it has some.
const EXAMPLES: &[(&str, &str, bool)] = &[
    ("hello", "hello", true),
    ("orders", "orders", false),
    ("fan-out", "email", false),
    ("fan-out", "stock", false),
    ("fan-out", "invoice", false),
    ("crud", "crud", false),
    ("crud", "crud", true),
];

pub(crate) fn sizes(_: Effort) -> anyhow::Result<String> {
    let mut table = Table::new(["example", "binary MB", "zip MB"]);
    for &(package, binary, with_defaults) in EXAMPLES {
        let of = Package { without_defaults: !with_defaults, ..Package::binary(package, binary) };
        let path = builds::cargo(&of, false, false)?;
        let size = size(&[path])?;
        let name = if package == binary { format!("`{package}`") } else { format!("`{package}`: `{binary}`") };
        table.row([
            if with_defaults { name } else { name + " without AWS's clients" },
            format!("{:.2}", size.raw as f64 / 1e6),
            format!("{:.2}", size.deflated as f64 / 1e6),
        ]);
    }
    Ok(format!("{}\n{}", table.markdown(), machine::sentence(&[])))
}
