//! Half a character: a `\ud800` that stands alone.
//!
//! JSON can write it (RFC 8259, section 8.2), Rust's text cannot hold it. Where one stands in a text that is read at the first look at
//! an event, the whole event could not be read; so it is mended for that look, and its record fails alone.

/// The JSON text with U+FFFD in place of each half, which is as long, so that all else keeps its place; `None` if there is none.
pub(crate) fn mended(json: &str) -> Option<String> {
    const REPLACEMENT: &[u8; 6] = br"\ufffd";
    let bytes = json.as_bytes();
    let mut mended = None::<Vec<u8>>;
    let mut at = 0;
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        let escape = at + next;
        at = match unit(bytes, escape) {
            Some(0xD800..=0xDBFF) if matches!(unit(bytes, escape + 6), Some(0xDC00..=0xDFFF)) => escape + 12,
            Some(0xD800..=0xDFFF) => {
                let mended = mended.get_or_insert_with(|| bytes.to_vec());
                mended[escape..escape + 6].copy_from_slice(REPLACEMENT);
                escape + 6
            }
            // Of `\\` and `\"` the second is no escape's begin.
            _ => escape + 2,
        };
    }
    String::from_utf8(mended?).ok()
}

/// The code unit of UTF-16 whose escape begins here.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(br"\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_pairs_stay() {
        for (json, expected) in [
            (r#"["\ud800"]"#, Some(r#"["\ufffd"]"#)),
            (r#"["\uDFFFx\uD83D\uDE00\ud83d"]"#, Some(r#"["\ufffdx\uD83D\uDE00\ufffd"]"#)),
            (r#"["\ud800\ud83d\ude00é"]"#, Some(r#"["\ufffd\ud83d\ude00é"]"#)),
            (r#"["\\ud800\"\u00e9"]"#, None),
            (r#"["\\\udc00"]"#, Some(r#"["\\\ufffd"]"#)),
            (r#"["\uD83D\uDE00"]"#, None),
            ("\\é\\u12", None),
            ("", None),
        ] {
            assert_eq!(mended(json).as_deref(), expected, "{json}");
        }
    }
}
