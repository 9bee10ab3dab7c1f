//! JMESPath expressions of a length and a depth that `jmespath` has the stack for.
//!
//! It parses, evaluates and drops an expression by recursion, and in a debug build some 200 steps (`a.a.a…`) overflow the 2 MB of a
//! thread. That is no panic but the end of the process.

pub(crate) mod functions;

/// The longest expression, in bytes.
const LENGTH: usize = 4096;

/// How many steps may follow or contain each other.
const DEPTH: usize = 64;

/// Finds an expression that would be too much for the stack, before anything reads it.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let begins = &text[..text.floor_char_boundary(64)];
    if text.len() > LENGTH {
        let length = text.len();
        return Err(format!("the JMESPath expression `{begins}…` has {length} bytes; at most {LENGTH} are taken"));
    }
    if depth(text) > DEPTH {
        return Err(format!(
            "the JMESPath expression `{begins}…` has more than {DEPTH} steps that follow or contain each other"
        ));
    }
    Ok(())
}

/// At least how deep the tree of an expression may be: each sign that makes a node counts, and those of neighbours in a list do
/// not add up.
fn depth(text: &str) -> usize {
    // Of each open bracket: how deep it stands, and how deep what is in it is.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let (mut depth, mut deepest) = (0, 0);
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match sign {
            // What is in quotes is one leaf.
            '"' | '\'' | '`' => {
                while let Some(quoted) = signs.next().filter(|quoted| *quoted != sign) {
                    if quoted == '\\' {
                        signs.next();
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
    fn what_contains_or_follows_itself_too_often_is_refused_before_it_is_read() {
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
        assert!(error.contains("has 5000 bytes; at most 4096 are taken") && error.len() < 200, "{error}");
    }

    #[test]
    fn what_is_long_and_flat_or_in_quotes_is_none_of_that() {
        let fields = (0..300).map(|at| format!("a.f{at}")).collect::<Vec<_>>().join(", ");
        for flat in [format!("[{fields}]"), format!("'{}'", "[".repeat(1000)), "a.".repeat(60) + "a"] {
            check(&flat).unwrap();
            jmespath::parse(&flat).unwrap();
        }
        assert_eq!(depth("powertools_json(body).[id, lines[?price > `1`].sku | [0]]"), 8);
    }
}
