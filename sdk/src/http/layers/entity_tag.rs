//! Entity tags ([RFC 9110, section 8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)): the lists of
//! `If-Match` and `If-None-Match`, in any number of lines.

#[cfg(any(feature = "compression", feature = "negotiation"))]
mod suffixes;

use http::{HeaderMap, HeaderName};

#[cfg(any(feature = "compression", feature = "negotiation"))]
pub(crate) use self::suffixes::Suffixes;

/// One entity tag, such as `"7"` or `W/"7"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag<'a> {
    pub(crate) weak: bool,
    /// The text between the quotes.
    pub(crate) opaque: &'a [u8],
}

impl<'a> EntityTag<'a> {
    /// Reads the tag at the start of the text; returns it with the remaining text.
    fn read(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (weak, rest) = text.strip_prefix(b"W/").map_or((false, text), |rest| (true, rest));
        let rest = rest.strip_prefix(b"\"")?;
        let end = rest.iter().position(|byte| *byte == b'"')?;
        let opaque = &rest[..end];
        // Blanks are not allowed, but some clients send them.
        opaque.iter().all(|byte| *byte >= b' ' && *byte != 0x7f).then_some((Self { weak, opaque }, &rest[end + 1..]))
    }

    /// Reads a text that is exactly one tag.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        Self::read(text.trim_ascii()).filter(|(_, rest)| rest.is_empty()).map(|(tag, _)| tag)
    }

    /// Appends the tag with another opaque text.
    #[cfg(any(feature = "compression", feature = "negotiation", test))]
    pub(crate) fn write(self, opaque: &[u8], to: &mut Vec<u8>) {
        to.extend_from_slice(if self.weak { b"W/\"" } else { b"\"" });
        to.extend_from_slice(opaque);
        to.push(b'"');
    }
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntityTags<'a> {
    /// `*`: any representation.
    Any,
    /// The tags of all lines in their order. Parts that are not tags are omitted, so the list may be empty.
    List(Vec<EntityTag<'a>>),
}

impl<'a> EntityTags<'a> {
    /// Returns `None` if the request has no such header.
    pub(crate) fn read(headers: &'a HeaderMap, name: &HeaderName) -> Option<Self> {
        let mut lines = headers.get_all(name).into_iter().map(|line| line.as_bytes().trim_ascii()).peekable();
        lines.peek()?;
        let mut tags = Vec::new();
        for line in lines {
            if line == b"*" {
                return Some(Self::Any);
            }
            read_line(line, &mut tags);
        }
        Some(Self::List(tags))
    }
}

fn read_line<'a>(line: &'a [u8], tags: &mut Vec<EntityTag<'a>>) {
    let mut rest = line;
    while !rest.is_empty() {
        let after = match EntityTag::read(rest) {
            Some((tag, after)) => {
                // `"7"junk` is not a tag.
                if after.trim_ascii_start().first().is_none_or(|byte| *byte == b',') {
                    tags.push(tag);
                }
                after
            }
            None => rest,
        };
        let next = after.iter().position(|byte| *byte == b',').map_or(after.len(), |at| at + 1);
        rest = after[next..].trim_ascii_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::IF_MATCH;

    fn read(lines: &[&'static str]) -> Option<Vec<String>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_static(line));
        }
        let text = |tag: &EntityTag<'_>| {
            let mut text = Vec::new();
            tag.write(tag.opaque, &mut text);
            String::from_utf8(text).unwrap()
        };
        match EntityTags::read(&headers, &IF_MATCH)? {
            EntityTags::Any => Some(vec!["*".to_owned()]),
            EntityTags::List(tags) => Some(tags.iter().map(text).collect()),
        }
    }

    #[test]
    fn tags_of_all_lines_are_read_and_parts_that_are_not_tags_are_left_out() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["\"a,b\" , W/\"c\"", ",\"\",,"]).unwrap(), ["\"a,b\"", "W/\"c\"", "\"\""]);
        assert_eq!(read(&["\"1\"", " * "]).unwrap(), ["*"]);
        assert_eq!(read(&["w/\"1\", 7, \"2\"x, \"3\" , \"4"]).unwrap(), ["\"3\""]);
        assert_eq!(read(&[""]).unwrap(), [""; 0]);
    }
}
