//! [`DocComment`]: the summary and the description in a doc comment.

/// A doc comment: its first paragraph as one line, and the rest. A part that it lacks is empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DocComment {
    pub(super) summary: String,
    pub(super) description: String,
}

impl DocComment {
    /// Reads the texts of a comment, each of one or more lines.
    pub(super) fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        // An included file may have the ends of lines of Windows.
        let lines = texts.into_iter().flat_map(|text| if text.is_empty() { "\n" } else { text }.lines());
        let lines: Vec<_> = lines.map(str::trim_end).skip_while(|line| line.is_empty()).collect();
        let end = lines.iter().position(|line| line.is_empty()).unwrap_or(lines.len());
        let (first, rest) = lines.split_at(end);
        let words = first.iter().flat_map(|line| line.split_whitespace());
        Self { summary: words.collect::<Vec<_>>().join(" "), description: rest.join("\n").trim().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_paragraph_is_the_summary() {
        let of = |texts: &[&str]| {
            let DocComment { summary, description } = DocComment::of(texts.iter().copied());
            (summary, description)
        };
        let pair = |summary: &str, description: &str| (summary.to_owned(), description.to_owned());
        assert_eq!(of(&[]), pair("", ""));
        assert_eq!(of(&["Ships", "an order."]), pair("Ships an order.", ""));
        assert_eq!(
            of(&["", "Ships.", "", "It  stays", "  indented.", "", "# More"]),
            pair("Ships.", "It  stays\n  indented.\n\n# More")
        );
        assert_eq!(of(&["Ships.\r\n\r\nThe rest.\r\n"]), pair("Ships.", "The rest."));
        assert_eq!(of(&["Ships.", "", "a\n\nb\n"]), pair("Ships.", "a\n\nb"));
    }
}
