//! Lists with quality values in a client's `Accept` headers: `gzip, br;q=0.8, *;q=0` (RFC 9110, section 12.4.2).

use http::{HeaderMap, HeaderName};

use crate::http::header_list::split;

/// One item of such a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub(crate) name: &'a str,
    /// The quality in thousandths; 0 is "not acceptable".
    pub(crate) quality: u16,
}

/// Returns the valid items of a header in their order.
pub(crate) fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Item<'a>> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| split(value, b',')).filter_map(item)
}

fn item(text: &str) -> Option<Item<'_>> {
    let mut parts = split(text, b';');
    let name = parts.next().filter(|name| !name.is_empty())?;
    // Spaces around `=` are not allowed, but some clients send them.
    let weight = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    Some(Item { name, quality: weight.map_or(Some(1000), |(_, weight)| quality(weight.trim()))? })
}

/// Reads `0.5` as 500. RFC 9110 allows 0 or 1 and at most three digits after the point; clients also send `.2` (Java's
/// `HttpURLConnection` by default), more digits, and values above 1, which count as 1.
fn quality(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = whole.bytes().chain(rest.bytes()).all(|byte| byte.is_ascii_digit());
    if !all_digits || (whole.is_empty() && rest.is_empty()) {
        return None;
    }
    if whole.bytes().any(|digit| digit != b'0') {
        return Some(1000);
    }
    let digits = rest.bytes().chain(std::iter::repeat(b'0')).take(3);
    let thousandths = digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    // Only 0 is "not acceptable".
    Some(thousandths.max(u16::from(rest.bytes().any(|digit| digit != b'0'))))
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
    fn a_list_may_have_several_lines() {
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
    fn an_invalid_item_is_ignored() {
        assert_eq!(
            read(&["a;q=., b;q=0,5, c;q=, d;q=-1, e;q=1e1, ,;q=1, g;q=\"0.5\", h;q=0.x, f ; level=1 ; q=0.5"]),
            [("b".into(), 0), ("5".into(), 1000), ("f".into(), 500)]
        );
    }

    #[test]
    fn other_forms_of_weights_that_clients_send_are_read() {
        assert_eq!(
            read(&["a;q=.2, b;q=0.33333, c;q=1.5, d;q=2, e;q=1., f;q=00.5, g;q=0.0001, h;q=.000, i;q=99999999999999"]),
            [
                ("a".into(), 200),
                ("b".into(), 333),
                ("c".into(), 1000),
                ("d".into(), 1000),
                ("e".into(), 1000),
                ("f".into(), 500),
                ("g".into(), 1),
                ("h".into(), 0),
                ("i".into(), 1000)
            ]
        );
    }
}
