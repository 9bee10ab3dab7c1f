//! Lone surrogates: a `\ud800` that is not part of a pair.
//!
//! JSON can contain them (RFC 8259, section 8.2), but a Rust string cannot. One of them in a text that the decoder
//! reads would fail the whole event, so it is replaced for the decoder, and its record fails alone.

/// Replaces each lone surrogate by U+FFFD, which is as long, so that all positions stay the same; `None` if there is
/// none.
pub(super) fn replaced(json: &str) -> Option<String> {
    const REPLACEMENT: &[u8; 6] = br"\ufffd";
    let bytes = json.as_bytes();
    let mut replaced = None::<Vec<u8>>;
    let mut at = 0;
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        let escape = at + next;
        at = match code_unit(bytes, escape) {
            Some(0xD800..=0xDBFF) if matches!(code_unit(bytes, escape + 6), Some(0xDC00..=0xDFFF)) => escape + 12,
            Some(0xD800..=0xDFFF) => {
                let replaced = replaced.get_or_insert_with(|| bytes.to_vec());
                replaced[escape..escape + 6].copy_from_slice(REPLACEMENT);
                escape + 6
            }
            // The second character of `\\` and `\"` does not begin an escape.
            _ => escape + 2,
        };
    }
    String::from_utf8(replaced?).ok()
}

/// Returns the UTF-16 code unit whose escape begins here.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
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
            assert_eq!(replaced(json).as_deref(), expected, "{json}");
        }
    }
}
