//! Lists of what a client takes, with quality values: `gzip, br;q=0.8, *;q=0` (RFC 9110, section 12.4.2).

use http::{HeaderMap, HeaderName};

/// One item of such a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub(crate) name: &'a str,
    /// In thousandths; 0 is "not this".
    pub(crate) quality: u16,
}

/// The items of a header in their order. One that is ill-formed is left out, as if it had not been sent.
pub(crate) fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Item<'a>> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| split(value, b',')).filter_map(item)
}

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

fn item(text: &str) -> Option<Item<'_>> {
    let mut parts = split(text, b';');
    let name = parts.next().filter(|name| !name.is_empty())?;
    // Blanks around `=` are not allowed, but some clients send them.
    let weight = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    Some(Item { name, quality: weight.map_or(Some(1000), |(_, weight)| quality(weight.trim()))? })
}

/// `0.5` as 500: one digit of 0 or 1, at most three behind the point.
fn quality(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let whole = match whole {
        "0" => 0,
        "1" => 1000,
        _ => return None,
    };
    if rest.len() > 3 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{rest:0<3}").parse().ok()?;
    Some(whole + thousandths).filter(|quality| *quality <= 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::ACCEPT;

    fn read(values: &[&'static str]) -> Vec<(String, u16)> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT, http::HeaderValue::from_static(value));
        }
        items(&headers, &ACCEPT).map(|item| (item.name.to_owned(), item.quality)).collect()
    }

    #[test]
    fn a_list_may_stand_in_several_headers() {
        assert_eq!(read(&["a, b;q=0.25", "c;q=0"]), [("a".into(), 1000), ("b".into(), 250), ("c".into(), 0)]);
    }

    #[test]
    fn a_separator_within_quotes_is_text() {
        assert_eq!(
            read(&[r#"a/b; x="1, c/d;q=0\", e"; q=0.5, f;y=";";q=0.25"#, "g ; Q = 0.75, h;x=\"open, i;q=0"]),
            [("a/b".into(), 500), ("f".into(), 250), ("g".into(), 750), ("h".into(), 1000)]
        );
    }

    #[test]
    fn what_is_ill_formed_counts_as_not_sent() {
        assert_eq!(
            read(&["a;q=2, b;q=0.1234, c;q=, d;q=-1, e;q=1.001, ,;q=1, f ; level=1 ; q=0.5"]),
            [("f".into(), 500)]
        );
    }
}
