//! `BENCHMARKS.md`: each table stands between `<!-- table: NAME -->` and `<!-- end -->`.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Rows of text under a heading each.
#[derive(Debug, Default)]
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<T: Into<String>>(header: impl IntoIterator<Item = T>) -> Self {
        Self { header: header.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    pub(crate) fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    pub(crate) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule = format!("|{}\n", "---|".repeat(self.header.len()));
        line(&self.header) + &rule + &self.rows.iter().map(|row| line(row)).collect::<String>()
    }
}

/// Puts the text between the markers of this name.
pub(crate) fn replaced(document: &str, name: &str, text: &str) -> anyhow::Result<String> {
    let begin = format!("<!-- table: {name} -->\n");
    let start = document.find(&begin).with_context(|| format!("there is no line `{}`", begin.trim_end()))?;
    let start = start + begin.len();
    let end = document[start..].find("<!-- end -->").context("a table has no line `<!-- end -->`")?;
    Ok(format!("{}\n{}\n\n{}", &document[..start], text.trim(), &document[start + end..]))
}

/// Writes a table into the file.
pub(crate) fn write(file: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let document = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let document = replaced(&document, name, text).with_context(|| file.display().to_string())?;
    fs::write(file, document).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_markers_changes() {
        let document = "# A\n<!-- table: a -->\nold\n<!-- end -->\n<!-- table: b -->\n<!-- end -->\nrest\n";
        let first = replaced(document, "a", "new\n").unwrap();
        assert_eq!(first, "# A\n<!-- table: a -->\n\nnew\n\n<!-- end -->\n<!-- table: b -->\n<!-- end -->\nrest\n");
        assert_eq!(replaced(&first, "a", "new").unwrap(), first, "written twice is written once");
        assert!(replaced(document, "c", "new").is_err());
    }

    #[test]
    fn a_table_has_a_rule_below_its_header() {
        let mut table = Table::new(["a", "b"]);
        table.row(["1", "2"]);
        assert_eq!(table.markdown(), "| a | b |\n|---|---|\n| 1 | 2 |\n");
    }
}
