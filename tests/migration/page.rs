//! A page of the guide: its tables and its code.

use super::{file, read, root};

pub(crate) struct Page {
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn read(name: &'static str) -> Self {
        Self { name, text: read(&root().join("sdk/guide/src").join(name)) }
    }

    /// Returns the rows of the first table under a heading, without its head.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(crate) fn rows(&self, heading: &str) -> Vec<Vec<String>> {
        let start =
            self.text.lines().position(|line| line.trim_start_matches('#').trim() == heading && line.starts_with('#'));
        let start = start.unwrap_or_else(|| panic!("{} has no heading `{heading}`", self.name));
        let lines =
            self.text.lines().skip(start + 1).skip_while(|line| !line.starts_with('|') && !line.starts_with('#'));
        let rows: Vec<_> = lines.take_while(|line| line.starts_with('|')).skip(2).map(cells).collect();
        assert!(!rows.is_empty(), "{}: no table is under `{heading}`", self.name);
        rows
    }

    /// Returns the first cells of the tables of traps, whose first column is "what differs".
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(crate) fn traps(&self) -> Vec<String> {
        let mut traps = Vec::new();
        let mut lines = self.text.lines();
        while lines.any(|line| line.starts_with("| what differs |")) {
            let rows = lines.by_ref().skip(1).take_while(|line| line.starts_with('|'));
            traps.extend(rows.map(|row| cells(row).swap_remove(0)));
        }
        assert!(!traps.is_empty(), "{}: no table has a column `what differs`", self.name);
        traps
    }

    /// Returns the rows of all tables of the page.
    pub(crate) fn all_rows(&self) -> Vec<Vec<String>> {
        self.text.lines().filter(|line| line.starts_with('|')).map(cells).collect()
    }

    /// Fails unless the first code block of this language is in a file of this folder.
    ///
    /// # Panics
    ///
    /// If there is no such block, or the file has other code.
    pub(crate) fn has_code_of(&self, language: &str, name: &str) {
        self.nth_code_is_of(0, language, name);
    }

    /// Fails unless this code block of this language, counted from 0, is in a file of this folder.
    pub(crate) fn nth_code_is_of(&self, nth: usize, language: &str, name: &str) {
        let blocks = self.code(language);
        let shown = blocks.get(nth).unwrap_or_else(|| panic!("{} has no code {nth} in {language}", self.name));
        let shown: Vec<_> = shown.iter().copied().filter(|line| !line.starts_with("# ") && *line != "#").collect();
        let code = plain(&read(&file(name)));
        let shown = plain(&shown.join("\n"));
        assert!(
            code.contains(shown.trim()),
            "{}: the code in {language} is not that of tests/migration/{name}:\n{shown}",
            self.name
        );
    }

    /// Fails unless the lines of the first block of `diff` are those of two files of this folder, in their order.
    pub(crate) fn has_difference_of(&self, before: &str, after: &str) {
        let blocks = self.code("diff");
        let shown = blocks.first().unwrap_or_else(|| panic!("{} has no difference", self.name));
        for (mark, name) in [('-', before), ('+', after)] {
            let code = plain(&read(&file(name)));
            let mut lines = code.lines();
            for line in shown.iter().filter(|line| line.starts_with([mark, ' '])) {
                let line = &line[1..];
                assert!(lines.any(|of_file| of_file == line), "{}: tests/migration/{name} lacks: {line}", self.name);
            }
        }
    }

    /// Returns the code blocks of a language.
    fn code(&self, language: &str) -> Vec<Vec<&str>> {
        let (mut blocks, mut lines) = (Vec::new(), self.text.lines());
        while let Some(line) = lines.next() {
            let Some(info) = line.strip_prefix("```") else { continue };
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            if info.split(',').next() == Some(language) {
                blocks.push(block);
            }
        }
        blocks
    }
}

/// The code without what a module of a test needs besides.
fn plain(code: &str) -> String {
    code.replace("pub(crate) ", "").replace("\r\n", "\n")
}

/// Splits a row of a table at each `|` that is not escaped.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|').replace("\\|", "\u{0}");
    row.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}
