//! JMESPath expressions of a length and a depth that do not overflow the stack of `jmespath`.
//!
//! `jmespath` parses, evaluates and drops an expression by recursion. In a debug build some 200 steps (`a.a.a…`)
//! overflow the 2 MB stack of a thread, which aborts the process instead of panicking.

#[cfg(feature = "idempotency")]
mod document;
pub(crate) mod functions;
#[cfg(feature = "idempotency")]
mod large_numbers;
#[cfg(any(feature = "idempotency", feature = "rate-limit"))]
mod parsed;

#[cfg(feature = "idempotency")]
pub use self::document::Document;
#[cfg(feature = "idempotency")]
pub(crate) use self::document::Selected;
#[cfg(feature = "idempotency")]
pub(crate) use self::large_numbers::{LargeNumbers, Written, read};
#[cfg(any(feature = "idempotency", feature = "rate-limit"))]
pub(crate) use self::parsed::Expression;

/// The maximum length of an expression, in bytes.
const LENGTH: usize = 4096;

/// The maximum number of steps that follow or contain each other.
const DEPTH: usize = 64;

/// Rejects an expression that would overflow the stack, before anything parses it.
///
/// # Errors
///
/// The expression is too long or too deep; the text names the limit.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let begins = &text[..text.floor_char_boundary(64)];
    if text.len() > LENGTH {
        let length = text.len();
        return Err(format!("the JMESPath expression `{begins}…` has {length} bytes; the limit is {LENGTH}"));
    }
    if depth(text) > DEPTH {
        return Err(format!(
            "the JMESPath expression `{begins}…` has more than {DEPTH} steps that follow or contain each other"
        ));
    }
    Ok(())
}

/// Returns a bound of the depth of the expression's tree: each character that makes a node counts, and the items of a
/// list do not add up.
fn depth(text: &str) -> usize {
    // For each open bracket, its own depth and that of its deepest content.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let (mut depth, mut deepest) = (0, 0);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            // A quoted text is one leaf.
            '"' | '\'' | '`' => {
                while let Some(quoted) = characters.next().filter(|quoted| *quoted != character) {
                    if quoted == '\\' {
                        characters.next();
                    }
                }
            }
            '[' | '(' | '{' => {
                depth += 1;
                open.push((depth, depth));
            }
            ',' => {
                if let Some((begins, within)) = open.last_mut() {
                    *within = depth.max(*within);
                    depth = *begins;
                }
            }
            ']' | ')' | '}' => {
                let (_, within) = open.pop().unwrap_or_default();
                depth = depth.max(within);
            }
            '.' | '*' | '|' | '&' | '!' | '=' | '<' | '>' => depth += 1,
            _ => {}
        }
        deepest = depth.max(deepest);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_that_is_too_deep_or_too_long_is_rejected_before_it_is_parsed() {
        let many = |text: &str| text.repeat(4000 / text.len());
        for deep in [
            many("a."),
            many("("),
            many("!"),
            many("&"),
            many("[*]"),
            many("[?"),
            many("*."),
            many("a||"),
            many("{a:"),
            many("a("),
            many("a<"),
            format!("a{}", many("[]")),
            format!("a{}", many("[0]")),
            format!("({}).{}", "a.".repeat(40), "a.".repeat(40)),
            format!("f({}, a).{}", "a.".repeat(40), "a.".repeat(40)),
            format!("{}a.{}a", "['\\'', ".repeat(40), "b.".repeat(40)),
        ] {
            let error = check(&deep).unwrap_err();
            assert!(error.contains("more than 64 steps") && error.len() < 200, "{error}");
        }
        let error = check(&"a".repeat(5000)).unwrap_err();
        assert!(error.contains("has 5000 bytes; the limit is 4096") && error.len() < 200, "{error}");
    }

    #[test]
    fn a_long_expression_that_is_flat_or_quoted_is_accepted() {
        let fields = (0..300).map(|at| format!("a.f{at}")).collect::<Vec<_>>().join(", ");
        for flat in [format!("[{fields}]"), format!("'{}'", "[".repeat(1000)), "a.".repeat(60) + "a"] {
            check(&flat).unwrap();
            jmespath::parse(&flat).unwrap();
        }
        assert_eq!(depth("powertools_json(body).[id, lines[?price > `1`].sku | [0]]"), 8);
    }
}
