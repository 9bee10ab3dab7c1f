//! Headers with quoted strings in them.

/// The parts of a text between separators, trimmed. A separator within a quoted string is part of the text ([RFC 9110, section
/// 5.6.4](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4)).
pub(crate) fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = text.bytes().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ => return byte == separator && !quoted,
            }
            false
        });
        let (part, after) = end.map_or((text, None), |end| (&text[..end], text.get(end + 1..)));
        rest = after;
        Some(part.trim_matches([' ', '\t']))
    })
}
