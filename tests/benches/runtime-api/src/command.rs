//! The command: which tables are made, and where they go.

use std::time::Instant;

use anyhow::bail;

use crate::document;
use crate::measure::Effort;
use crate::tables::TABLES;

const HELP: &str = "\
tests/benches/run [--quick] [TABLE]...

Builds the functions, checks their responses, measures them, and writes the tables into BENCHMARKS.md.
Without a table it makes all of them that take no hour.

  --quick   few rounds; prints the tables and leaves BENCHMARKS.md as it is
";

/// Runs the command with these arguments.
///
/// # Errors
///
/// An argument is unknown, a function of Rust does not build, or one answers wrongly.
pub fn command(arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let (mut quick, mut names) = (false, Vec::new());
    for argument in arguments {
        match argument.as_str() {
            "--quick" => quick = true,
            "--help" | "-h" => {
                print!("{}", help());
                return Ok(());
            }
            name if TABLES.iter().any(|table| table.name == name) => names.push(argument),
            _ => bail!("unknown argument `{argument}`\n\n{}", help()),
        }
    }
    let file = crate::repository().join("BENCHMARKS.md");
    let effort = if quick { Effort::QUICK } else { Effort::FULL };
    for table in TABLES
        .iter()
        .filter(|table| if names.is_empty() { !table.is_slow } else { names.iter().any(|n| n == table.name) })
    {
        let began = Instant::now();
        eprintln!("== {}", table.name);
        let text = (table.make)(effort)?;
        match quick {
            true => println!("{text}"),
            false => document::write(&file, table.name, &text)?,
        }
        eprintln!("== {}: {:.0} s", table.name, began.elapsed().as_secs_f64());
    }
    Ok(())
}

fn help() -> String {
    let tables = TABLES.iter().map(|table| {
        format!("  {:<12}{}{}\n", table.name, table.about, if table.is_slow { " (only when named)" } else { "" })
    });
    format!("{HELP}\n{}", tables.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_has_its_place_in_the_file() {
        let document = std::fs::read_to_string(crate::repository().join("BENCHMARKS.md")).unwrap();
        for table in TABLES {
            assert!(document::replaced(&document, table.name, "").is_ok(), "{}", table.name);
            assert!(help().contains(table.name));
        }
    }

    #[test]
    fn an_unknown_table_is_an_error() {
        assert!(command(["nothing".to_owned()].into_iter()).is_err());
    }
}
