//! [`LogFormat`], and the human-readable formats: text, and indented JSON.

use super::json::write_str;
use super::level::Level;

/// The format of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogFormat {
    /// A JSON object on one line.
    #[default]
    Json,
    /// The same object over several lines, indented by 4.
    IndentedJson,
    /// Time, level, location, message and `key=value` pairs, on one line.
    Text,
}

/// Writes ` key=value`. A plain key and a plain string have no quotes. Anything else is JSON, so that no value can
/// start another line, look like another pair, or control a terminal.
pub(super) fn write_pair(to: &mut Vec<u8>, key: &str, json: &[u8]) {
    to.push(b' ');
    match is_plain(key) {
        true => to.extend_from_slice(key.as_bytes()),
        false => {
            let mut quoted = Vec::with_capacity(key.len() + 8);
            write_str(&mut quoted, key);
            write_visible(to, &String::from_utf8_lossy(&quoted));
        }
    }
    to.push(b'=');
    let json = String::from_utf8_lossy(json);
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|text| is_plain(text)) {
        Some(plain) => to.extend_from_slice(plain.as_bytes()),
        None => write_visible(to, &json),
    }
}

/// Returns `true` if a text is unambiguous without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|char| !matches!(char, '"' | '\\' | '=') && !char.is_whitespace() && !is_invisible(char))
}

/// Returns `true` if a character breaks a line, controls a terminal, or changes how its neighbours look: control
/// characters, line and paragraph separators, and Unicode's format characters (`Cc`, `Zl`, `Zp` and `Cf` of
/// <https://www.unicode.org/Public/16.0.0/ucd/extracted/DerivedGeneralCategory.txt>).
fn is_invisible(char: char) -> bool {
    match char {
        '\0'..='\u{7e}' => char.is_ascii_control(),
        '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{600}'..='\u{605}'
        | '\u{61c}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}' => true,
        _ => false,
    }
}

/// Writes JSON, with an escape for each invisible character that JSON allows.
fn write_visible(to: &mut Vec<u8>, json: &str) {
    json.chars().for_each(|char| write_visible_char(to, char));
}

fn write_visible_char(to: &mut Vec<u8>, char: char) {
    if is_invisible(char) {
        for unit in char.encode_utf16(&mut [0; 2]) {
            to.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
        }
    } else {
        to.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Writes text on one line, with Rust's escapes for invisible characters.
pub(super) fn write_plain(to: &mut Vec<u8>, text: &str) {
    let mut utf8 = [0; 4];
    for char in text.chars() {
        match char {
            '\t' => to.push(b'\t'),
            '\0'..='\u{7f}' if char.is_ascii_control() => to.extend(char.escape_default().map(|ascii| ascii as u8)),
            char if is_invisible(char) => to.extend(char.escape_unicode().map(|ascii| ascii as u8)),
            char => to.extend_from_slice(char.encode_utf8(&mut utf8).as_bytes()),
        }
    }
}

/// Writes the level, five characters wide, in its colour on a terminal.
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

/// Returns the same JSON over several lines, indented by 4, like Powertools with `POWERTOOLS_DEV`.
pub(super) fn indented(json: &[u8]) -> Vec<u8> {
    fn line(to: &mut Vec<u8>, depth: usize) {
        to.push(b'\n');
        to.extend(std::iter::repeat_n(b' ', 4 * depth));
    }
    let json = String::from_utf8_lossy(json);
    let mut to = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped, mut before) = (0, false, false, ' ');
    let mut chars = json.chars().peekable();
    while let Some(char) = chars.next() {
        if in_string {
            write_visible_char(&mut to, char);
            in_string = escaped || char != '"';
            escaped = !escaped && char == '\\';
            before = char;
            continue;
        }
        match char {
            '{' | '[' => {
                to.push(char as u8);
                if !matches!(chars.peek(), Some('}' | ']')) {
                    depth += 1;
                    line(&mut to, depth);
                }
            }
            '}' | ']' => {
                if !matches!(before, '{' | '[') {
                    depth = depth.saturating_sub(1);
                    line(&mut to, depth);
                }
                to.push(char as u8);
            }
            ',' => {
                to.push(b',');
                line(&mut to, depth);
            }
            ' ' | '\t' | '\n' | '\r' => continue,
            _ => {
                in_string = char == '"';
                write_visible_char(&mut to, char);
            }
        }
        before = char;
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
    fn no_value_controls_a_terminal() {
        assert_eq!(pair("\"\u{9b}31m\""), r#" key="\u009b31m""#);
        assert_eq!(pair("{\"\u{7f}\":\"ü\u{85}\"}"), r#" key={"\u007f":"ü\u0085"}"#);
        let text = String::from_utf8(indented("{\"a\":\"\u{9b}ü\"}".as_bytes())).unwrap();
        assert_eq!(text, "{\n    \"a\":\"\\u009bü\"\n}\n");
    }

    #[test]
    fn no_character_hides_another_or_changes_its_place() {
        for hostile in
            ["\u{2028}", "\u{2029}", "\u{202e}", "\u{2066}", "\u{200b}", "\u{feff}", "\u{ad}", "\u{e0041}", "\u{85}"]
        {
            let mut message = Vec::new();
            write_plain(&mut message, hostile);
            let json = format!("{{\"a\":\"{hostile}\"}}");
            for text in [pair(&json), pair(&format!("\"{hostile}\"")), String::from_utf8(message).unwrap()] {
                assert!(!text.contains(hostile), "{text:?}");
            }
            let text = String::from_utf8(indented(json.as_bytes())).unwrap();
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(!text.contains(hostile) && read["a"] == hostile, "{text:?}");
        }
    }

    #[test]
    fn a_key_that_could_be_misread_stands_in_quotes() {
        let key = |key: &str| {
            let mut to = Vec::new();
            write_pair(&mut to, key, b"1");
            String::from_utf8(to).unwrap()
        };
        assert_eq!(key("order.id"), " order.id=1");
        assert_eq!(key("a level"), r#" "a level"=1"#);
        assert_eq!(key("a=b"), r#" "a=b"=1"#);
        assert_eq!(key("a\"b\n"), r#" "a\"b\n"=1"#);
        assert_eq!(key(""), r#" ""=1"#);
        assert_eq!(key("a\u{202e}b"), r#" "a\u202eb"=1"#);
        assert_eq!(key("ü"), " ü=1");
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
