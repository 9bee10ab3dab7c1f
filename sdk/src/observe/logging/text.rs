//! The forms of a line that are read by people: text, and indented JSON.

use super::level::Level;

/// ` key=value`; a plain string stands without its quotes. Anything else is JSON, so no value can start a line of its own, and
/// none can steer a terminal.
pub(super) fn write_pair(to: &mut Vec<u8>, key: &str, json: &[u8]) {
    to.push(b' ');
    write_plain(to, key);
    to.push(b'=');
    let plain = json
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
        .filter(|text| !text.is_empty() && text.iter().all(|byte| !matches!(byte, b' ' | b'"' | b'\\' | b'=')))
        .filter(|text| !text.iter().enumerate().any(|(at, _)| control(text, at).is_some()));
    match plain {
        Some(plain) => to.extend_from_slice(plain),
        None => (0..json.len()).for_each(|at| write_visible(to, json, at)),
    }
}

/// The control character that ends at this byte, of those that JSON leaves as they are: DEL and C1.
fn control(json: &[u8], at: usize) -> Option<u8> {
    match (at.checked_sub(1).and_then(|before| json.get(before)), json.get(at)?) {
        (_, 0x7f) => Some(0x7f),
        // UTF-8 has U+0080 to U+009F as C2 80 to C2 9F, and C2 only as a first byte.
        (Some(0xc2), &last @ 0x80..=0x9f) => Some(last),
        _ => None,
    }
}

/// Writes a byte of JSON; a control character as its escape.
fn write_visible(to: &mut Vec<u8>, json: &[u8], at: usize) {
    match control(json, at) {
        Some(code) => {
            if code != 0x7f {
                to.pop();
            }
            to.extend_from_slice(format!("\\u00{code:02x}").as_bytes());
        }
        None => to.push(json[at]),
    }
}

/// Text on one line: control characters as Rust writes them in a string.
pub(super) fn write_plain(to: &mut Vec<u8>, text: &str) {
    let mut utf8 = [0; 4];
    for char in text.chars() {
        if char.is_control() && char != '\t' {
            to.extend(char.escape_default().map(|ascii| ascii as u8));
        } else {
            to.extend_from_slice(char.encode_utf8(&mut utf8).as_bytes());
        }
    }
}

/// The level, five characters wide, in its colour on a terminal.
pub(super) fn write_level(to: &mut Vec<u8>, level: Level, coloured: bool) {
    let colour = match level {
        Level::Fatal | Level::Error => "31",
        Level::Warn => "33",
        Level::Info => "32",
        Level::Debug | Level::Trace => "34",
    };
    let padded = match coloured {
        true => format!("\x1b[{colour}m{level:5}\x1b[0m"),
        false => format!("{level:5}"),
    };
    to.extend_from_slice(padded.as_bytes());
}

/// The same JSON over several lines, indented by 4, as Powertools writes it with `POWERTOOLS_DEV`.
pub(super) fn indented(json: &[u8]) -> Vec<u8> {
    fn line(to: &mut Vec<u8>, depth: usize) {
        to.push(b'\n');
        to.extend(std::iter::repeat_n(b' ', 4 * depth));
    }
    let mut to = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for (at, &byte) in json.iter().enumerate() {
        if in_string {
            write_visible(&mut to, json, at);
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        let before = json[..at].last();
        match byte {
            b'{' | b'[' => {
                to.push(byte);
                if !matches!(json.get(at + 1), Some(b'}' | b']')) {
                    depth += 1;
                    line(&mut to, depth);
                }
            }
            b'}' | b']' => {
                if !matches!(before, Some(b'{' | b'[')) {
                    depth = depth.saturating_sub(1);
                    line(&mut to, depth);
                }
                to.push(byte);
            }
            b',' => {
                to.push(byte);
                line(&mut to, depth);
            }
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => {
                in_string = byte == b'"';
                to.push(byte);
            }
        }
    }
    to.push(b'\n');
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(json: &str) -> String {
        let mut to = Vec::new();
        write_pair(&mut to, "key", json.as_bytes());
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn only_a_string_that_cannot_be_misread_loses_its_quotes() {
        assert_eq!(pair(r#""ab-1""#), " key=ab-1");
        assert_eq!(pair(r#""a b""#), r#" key="a b""#);
        assert_eq!(pair(r#""a\nb""#), r#" key="a\nb""#);
        assert_eq!(pair(r#""""#), r#" key="""#);
        assert_eq!(pair("1.5"), " key=1.5");
    }

    #[test]
    fn no_value_steers_a_terminal() {
        assert_eq!(pair("\"\u{9b}31m\""), r#" key="\u009b31m""#);
        assert_eq!(pair("{\"\u{7f}\":\"ü\u{85}\"}"), r#" key={"\u007f":"ü\u0085"}"#);
        let text = String::from_utf8(indented("{\"a\":\"\u{9b}ü\"}".as_bytes())).unwrap();
        assert_eq!(text, "{\n    \"a\":\"\\u009bü\"\n}\n");
    }

    #[test]
    fn a_message_cannot_start_another_line() {
        let mut to = Vec::new();
        write_plain(&mut to, "ü\r\n\u{9b}31m");
        assert_eq!(String::from_utf8(to).unwrap(), r"ü\r\n\u{9b}31m");
    }

    #[test]
    fn json_is_indented_by_four() {
        let text = String::from_utf8(indented(br#"{"a":"x,{\"","b":[1,{}],"c":{"d":null}}"#)).unwrap();
        let expected = "{\n    \"a\":\"x,{\\\"\",\n    \"b\":[\n        1,\n        {}\n    ],\n    \"c\":{\n        \"d\":null\n    }\n}\n";
        assert_eq!(text, expected);
    }
}
