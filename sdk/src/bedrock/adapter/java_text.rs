//! Java's text of lists and maps, in which Bedrock sends some arrays: `[{itemName=x, quantity=2}]`
//! (<https://github.com/aws-powertools/powertools-lambda-typescript/issues/3710>).
//!
//! It has no quotes, so a word with one of `[ ] { } ,`, or a value of a map with `=`, is ambiguous and refused.

/// The deepest nesting.
const DEEPEST: usize = 32;

/// A value in Java's text. A word has no type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Java {
    Word(String),
    List(Vec<Java>),
    Map(Vec<(String, Java)>),
}

/// Parses a list or a map; `None` for text that is ambiguous or is neither.
pub(crate) fn parse(text: &str) -> Option<Java> {
    let mut parser = Parser { rest: text.trim() };
    let value = match parser.rest.starts_with(['[', '{']) {
        true => parser.value(0, false)?,
        false => return None,
    };
    parser.rest.is_empty().then_some(value)
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    /// Parses a value and the spaces around it.
    fn value(&mut self, depth: usize, in_map: bool) -> Option<Java> {
        self.rest = self.rest.trim_start();
        let value = match self.rest.as_bytes().first()? {
            _ if depth > DEEPEST => return None,
            b'[' => self.list(depth)?,
            b'{' => self.map(depth)?,
            b'"' => self.quoted()?,
            _ => Java::Word(self.word(in_map)?.to_owned()),
        };
        self.rest = self.rest.trim_start();
        Some(value)
    }

    fn list(&mut self, depth: usize) -> Option<Java> {
        self.take('[')?;
        let mut items = Vec::new();
        if self.take(']').is_some() {
            return Some(Java::List(items));
        }
        loop {
            items.push(self.value(depth + 1, false)?);
            match self.take(',') {
                Some(()) => {}
                None => return self.take(']').map(|()| Java::List(items)),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Option<Java> {
        self.take('{')?;
        let mut members: Vec<(String, Java)> = Vec::new();
        if self.take('}').is_some() {
            return Some(Java::Map(members));
        }
        loop {
            let name = self.word(true)?.to_owned();
            self.take('=')?;
            if members.iter().any(|(known, _)| *known == name) {
                return None;
            }
            // An empty value is an empty word.
            let is_empty = self.rest.trim_start().starts_with([',', '}']);
            let value = if is_empty { Java::Word(String::new()) } else { self.value(depth + 1, true)? };
            members.push((name, value));
            match self.take(',') {
                Some(()) => {}
                None => return self.take('}').map(|()| Java::Map(members)),
            }
        }
    }

    /// Takes a character and the spaces before it.
    fn take(&mut self, expected: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(expected)?;
        Some(())
    }

    /// Takes a word to the next delimiter. An empty one is ambiguous.
    fn word(&mut self, in_map: bool) -> Option<&'a str> {
        let text = self.rest.trim_start();
        let end = text.find(|c| matches!(c, '[' | ']' | '{' | '}' | ',') || in_map && c == '=').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        Some(word.trim()).filter(|word| !word.is_empty())
    }

    /// Takes a JSON string, which some models write.
    fn quoted(&mut self) -> Option<Java> {
        let mut strings = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let word = strings.next()?.ok()?;
        self.rest = &self.rest[strings.byte_offset()..];
        // Only a whole element is quoted.
        self.rest.trim_start().starts_with([',', ']', '}']).then_some(Java::Word(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Java {
        Java::Word(text.to_owned())
    }

    #[test]
    fn lists_and_maps_of_words_are_read() {
        assert_eq!(parse("[a, b c]"), Some(Java::List(vec![word("a"), word("b c")])));
        assert_eq!(parse("[a=b]"), Some(Java::List(vec![word("a=b")])), "a word of a list may have one");
        let item = Java::Map(vec![("itemName".into(), word("x")), ("quantity".into(), word("2"))]);
        assert_eq!(parse("[{itemName=x, quantity=2}]"), Some(Java::List(vec![item])));
        assert_eq!(parse("{a=}"), Some(Java::Map(vec![("a".into(), word(""))])));
        let nested = Java::Map(vec![("a".into(), Java::List(vec![Java::Map(Vec::new()), word("b")]))]);
        assert_eq!(parse(" {a=[{}, b]} "), Some(nested));
        assert_eq!(parse(r#"[{a="b, c", d=e}]"#), parse(r#"[{a="b, c",d= e }]"#));
    }

    #[test]
    fn ambiguous_text_is_refused() {
        for text in [
            "",
            "a",
            "[",
            "]",
            "[a",
            "[a]]",
            "[a] b",
            "[,]",
            "[a,]",
            "[a, , b]",
            "[{a=b=c}]",
            "[{a}]",
            "{=a}",
            "{a=b, c}",
            "{a=1, a=2}",
            "[a{b}]",
            "[a[b]]",
            r#"["a" b]"#,
            r#"["a]"#,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"[".repeat(100_000)), None);
    }
}
