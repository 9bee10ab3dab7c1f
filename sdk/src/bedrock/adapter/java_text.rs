//! Java's text of lists and maps, in which Bedrock sends some arrays: `[{itemName=x, quantity=2}]`
//! (<https://github.com/aws-powertools/powertools-lambda-typescript/issues/3710>).
//!
//! It is what `AbstractCollection.toString` and `AbstractMap.toString` write, without a space more or less:
//!
//! ```text
//! text   = list / map
//! list   = "[" [ value *( ", " value ) ] "]"
//! map    = "{" [ member *( ", " member ) ] "}"    ; no name twice
//! member = word "=" [ value ]                     ; no value is the empty text
//! value  = list / map / word
//! word   = 1*( any character except "[" "]" "{" "}" "," and, in a map, "=" )
//! ```
//!
//! Java writes no quotes around a text, so other texts may be another value: a word that starts or ends with a space, one
//! that starts with `"` or `'` as in Python or JSON, one with an odd number of `"`, and an empty element. They are refused.
//! What is read is written again as the same text. Two texts of Java remain that stand for several values: `[a, b]` may
//! be one word with a comma, and `[]` one empty word. They are read as two words and as no word.

use std::collections::HashSet;

/// The deepest nesting.
const DEEPEST: usize = 32;

/// A value in Java's text. A word has no type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Java<'a> {
    Word(&'a str),
    List(Vec<Java<'a>>),
    Map(Vec<(&'a str, Java<'a>)>),
}

/// Parses a list or a map, in linear time; `None` for text that is ambiguous or is neither.
pub(super) fn parse(text: &str) -> Option<Java<'_>> {
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
    fn value(&mut self, depth: usize, in_map: bool) -> Option<Java<'a>> {
        match self.rest.as_bytes().first()? {
            _ if depth > DEEPEST => None,
            b'[' => self.list(depth),
            b'{' => self.map(depth),
            _ => self.word(in_map).map(Java::Word),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Java<'a>> {
        self.take("[")?;
        let mut items = Vec::new();
        if self.take("]").is_some() {
            return Some(Java::List(items));
        }
        loop {
            items.push(self.value(depth + 1, false)?);
            match self.take(", ") {
                Some(()) => {}
                None => return self.take("]").map(|()| Java::List(items)),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Option<Java<'a>> {
        self.take("{")?;
        let mut names = HashSet::new();
        let mut members = Vec::new();
        if self.take("}").is_some() {
            return Some(Java::Map(members));
        }
        loop {
            let name = self.word(true)?;
            self.take("=")?;
            if !names.insert(name) {
                return None;
            }
            let value = match self.rest.starts_with([',', '}']) {
                true => Java::Word(""),
                false => self.value(depth + 1, true)?,
            };
            members.push((name, value));
            match self.take(", ") {
                Some(()) => {}
                None => return self.take("}").map(|()| Java::Map(members)),
            }
        }
    }

    fn take(&mut self, expected: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    /// Takes a word to the next delimiter.
    fn word(&mut self, in_map: bool) -> Option<&'a str> {
        let is_end = |c| matches!(c, '[' | ']' | '{' | '}' | ',') || in_map && c == '=';
        let (word, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = rest;
        let has_spaces = word.trim() != word;
        let is_quoted = word.starts_with(['"', '\'']) || word.matches('"').count() % 2 == 1;
        (!word.is_empty() && !has_spaces && !is_quoted).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_and_maps_of_words_are_read() {
        let word = Java::Word;
        assert_eq!(parse("[a, b c]"), Some(Java::List(vec![word("a"), word("b c")])));
        assert_eq!(parse("[a=b]"), Some(Java::List(vec![word("a=b")])), "a word of a list may have one");
        let item = Java::Map(vec![("itemName", word("x")), ("quantity", word("2"))]);
        assert_eq!(parse("[{itemName=x, quantity=2}]"), Some(Java::List(vec![item])));
        assert_eq!(parse("{a=}"), Some(Java::Map(vec![("a", word(""))])));
        assert_eq!(parse("{a=, b=c}"), Some(Java::Map(vec![("a", word("")), ("b", word("c"))])));
        let nested = Java::Map(vec![("a", Java::List(vec![Java::Map(Vec::new()), word("b")]))]);
        assert_eq!(parse(" {a=[{}, b]} "), Some(nested));
        assert_eq!(
            parse(r#"[O'Neil's, say "a", b]"#).map(|java| text(&java)).as_deref(),
            Some(r#"[O'Neil's, say "a", b]"#)
        );
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
            "[a,b]",
            "[a, , b]",
            "[a,  b]",
            "[a , b]",
            "[ a]",
            "[a ]",
            "[ ]",
            "[\u{a0}a]",
            "[{a=b=c}]",
            "[{a= b}]",
            "[{a =b}]",
            "[{a=b} ]",
            "[{a}]",
            "{=a}",
            "{a=b, c}",
            "{a=,b=c}",
            "{a=1, a=2}",
            "[a{b}]",
            "[a[b]]",
            r#"["a"]"#,
            r#"["a, b", c]"#,
            r#"[say "a, b", c]"#,
            "['a', b]",
            "[{a='b'}]",
            "[{'a'=b}]",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"[".repeat(100_000)), None);
    }

    #[test]
    fn many_members_are_read_in_linear_time() {
        // 100,000 names, each compared with those before it, would be five billion comparisons.
        let members = (0..100_000).map(|index| format!("a{index}=x")).collect::<Vec<_>>().join(", ");
        let written = format!("{{{members}}}");
        let Some(Java::Map(members)) = parse(&written) else { panic!("a map") };
        assert_eq!(members.len(), 100_000);
    }

    /// Writes a value as Java does.
    fn text(java: &Java<'_>) -> String {
        match java {
            Java::Word(word) => (*word).to_owned(),
            Java::List(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
            Java::Map(members) => {
                let members = members.iter().map(|(name, value)| format!("{name}={}", text(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn what_is_read_is_written_again_as_the_same_text(written in "[\\[{]([a\"' ,=\\[\\]{}]|, |a=|[{]a=){0,10}[\\]}]") {
            if let Some(java) = parse(&written) {
                prop_assert_eq!(text(&java), written);
            }
        }
    }
}
