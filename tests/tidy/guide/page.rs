//! One page of the guide.

use std::fs;

/// The length of a page, and the width of a line of code that fits on the narrowest screen at 1,280 pixels.
const LINES: usize = 150;
const WIDTH: usize = 88;

pub(super) struct Page {
    /// The file without `.md`.
    pub(super) name: String,
    pub(super) text: String,
}

/// A block of code, with the line of its first mark.
pub(super) struct Fence {
    pub(super) line: usize,
    pub(super) language: String,
    pub(super) code: Vec<String>,
}

/// The label and the target of a definition of a link: `[label]: target`.
pub(super) fn definition(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix('[')?.split_once("]: ").filter(|(_, target)| !target.contains(' '))
}

impl Page {
    pub(super) fn read(name: &str) -> Self {
        let file = super::folder().join(format!("{name}.md"));
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self { name: name.to_owned(), text }
    }

    pub(super) fn fences(&self) -> Vec<Fence> {
        let mut fences: Vec<Fence> = Vec::new();
        let mut is_open = false;
        for (number, line) in self.text.lines().enumerate() {
            match line.trim_start().strip_prefix("```") {
                Some(_) if is_open => is_open = false,
                Some(language) => {
                    is_open = true;
                    fences.push(Fence { line: number + 1, language: language.to_owned(), code: Vec::new() });
                }
                None if is_open => fences.last_mut().expect("an open fence").code.push(line.to_owned()),
                None => {}
            }
        }
        assert!(!is_open, "{}: a fence is not closed", self.name);
        fences
    }

    /// The lines outside of blocks of code, with their numbers.
    pub(super) fn prose(&self) -> Vec<(usize, &str)> {
        let mut is_open = false;
        let outside = self.text.lines().enumerate().filter(move |(_, line)| {
            let is_mark = line.trim_start().starts_with("```");
            is_open ^= is_mark;
            !is_open && !is_mark
        });
        outside.map(|(number, line)| (number + 1, line)).collect()
    }

    /// The first paragraph, as one line.
    fn first_paragraph(&self) -> String {
        let after_title = self.text.lines().skip(1).skip_while(|line| line.is_empty());
        after_title.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// What is wrong with the page's length and its beginning.
    pub(super) fn form(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let mut wrong = |what: String| findings.push(format!("{}.md: {what}", self.name));
        // Readers do not see the definitions of links.
        let lines = self.text.lines().filter(|line| definition(line).is_none()).count();
        if lines > LINES {
            wrong(format!("{lines} lines, at most {LINES} are allowed"));
        }
        if !self.text.starts_with("# ") {
            wrong("must begin with its title".to_owned());
        }
        let first = self.first_paragraph();
        let is_one_sentence =
            first.ends_with(['.', ':']) && !first.contains(". ") && !first.starts_with(['#', '|', '>', '-']);
        if !is_one_sentence {
            wrong(format!("the first paragraph must be one sentence: {first}"));
        }
        for fence in self.fences() {
            for (number, code) in fence.code.iter().enumerate() {
                let is_hidden = fence.language.starts_with("rust") && code.trim_start().starts_with("# ");
                if code.chars().count() > WIDTH && !is_hidden {
                    wrong(format!("line {}: more than {WIDTH} columns of code", fence.line + number + 1));
                }
            }
        }
        findings
    }
}
