//! Header values that are lists of items, which may be quoted strings.

/// Splits a text at each separator that is not within a quoted string ([RFC 9110, section
/// 5.6.4](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4)), and trims the parts.
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
