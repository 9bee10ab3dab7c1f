//! The tables of a page: their rows, and the code in a cell.

use crate::guide::page::Page;

pub(in crate::guide) struct Row {
    pub(in crate::guide) page: String,
    pub(in crate::guide) line: usize,
    /// The heading above the table.
    pub(in crate::guide) section: String,
    pub(in crate::guide) cells: Vec<String>,
}

impl Row {
    /// The code of one column, each span of it.
    pub(in crate::guide) fn code(&self, column: usize) -> Vec<String> {
        self.cells.get(column).map(|cell| spans(cell)).unwrap_or_default()
    }

    /// The one name that a row of reference is about.
    pub(in crate::guide) fn name(&self) -> String {
        match &*self.code(0) {
            [name] => name.clone(),
            other => panic!("{}.md:{}: the first column must be one name: {other:?}", self.page, self.line),
        }
    }
}

/// The rows of all tables of a page, without the heads.
pub(in crate::guide) fn rows(page: &Page) -> Vec<Row> {
    let (mut rows, mut section) = (Vec::new(), String::new());
    let mut lines = page.prose().into_iter().peekable();
    while let Some((line, text)) = lines.next() {
        if let Some(heading) = text.strip_prefix("## ") {
            section = heading.to_owned();
        }
        let is_head = lines.peek().is_some_and(|(_, next)| next.starts_with("|---"));
        if text.starts_with("| ") && !is_head {
            rows.push(Row { page: page.name.clone(), line, section: section.clone(), cells: cells(text) });
        }
    }
    rows
}

/// The cells of a line. `\|` is a bar within a cell.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|').replace("\\|", "\0");
    inner.split('|').map(|cell| cell.trim().replace('\0', "|")).collect()
}

/// The code spans of a text, by the rules of CommonMark.
fn spans(text: &str) -> Vec<String> {
    let (mut spans, mut rest) = (Vec::new(), text);
    while let Some(start) = rest.find('`') {
        let open = &rest[start..];
        let ticks = open.len() - open.trim_start_matches('`').len();
        let body = &open[ticks..];
        let Some(end) = closing(body, ticks) else { break };
        let code = &body[..end];
        let inner = code.strip_prefix(' ').and_then(|code| code.strip_suffix(' '));
        spans.push(inner.filter(|inner| !inner.trim().is_empty()).unwrap_or(code).to_owned());
        rest = &body[end + ticks..];
    }
    spans
}

/// The position of the next run of exactly this many backticks.
fn closing(body: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    loop {
        let start = at + body[at..].find('`')?;
        let run = body[start..].len() - body[start..].trim_start_matches('`').len();
        if run == ticks {
            return Some(start);
        }
        at = start + run;
    }
}

#[test]
fn cells_and_their_code_are_read() {
    let row = cells("| `a` · ``b `c` d`` · `` `e` `` | x \\| y |");
    assert_eq!(row[1], "x | y");
    assert_eq!(spans(&row[0]), ["a", "b `c` d", "`e`"]);
}
