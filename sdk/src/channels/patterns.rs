//! [`Patterns`]: what is registered for the channels, checked when it is added, and chosen by the most specific pattern.

use std::collections::BTreeMap;

/// The most segments of a channel, and the most characters of one
/// (<https://docs.aws.amazon.com/appsync/latest/eventapi/channel-namespaces.html>).
const SEGMENTS: usize = 5;
const CHARACTERS: usize = 50;

/// Entries by their patterns: `/chat/room` is one channel, `/chat/*` is each channel below `/chat`, at every depth.
#[derive(Debug)]
pub(super) struct Patterns<T> {
    channels: BTreeMap<String, T>,
    /// By the path before `/*`, which is empty for all channels.
    below: BTreeMap<String, T>,
}

impl<T> Default for Patterns<T> {
    fn default() -> Self {
        Self { channels: BTreeMap::new(), below: BTreeMap::new() }
    }
}

impl<T> Patterns<T> {
    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// The sentence for the start: the pattern is not one, or it has an entry already.
    pub(super) fn add(&mut self, pattern: &str, entry: T) -> Result<(), String> {
        check(pattern)?;
        let before = match pattern.strip_suffix("/*") {
            Some(path) => self.below.insert(path.to_owned(), entry),
            None => self.channels.insert(pattern.to_owned(), entry),
        };
        match before {
            Some(_) => Err(format!("the pattern {pattern:?} is registered twice: remove one of its handlers")),
            None => Ok(()),
        }
    }

    /// Returns the entry of the most specific pattern that matches a channel: that of the channel itself, then that of the
    /// longest path above it.
    pub(super) fn get(&self, channel: &str) -> Option<&T> {
        self.channels.get(channel).or_else(|| {
            let mut above = channel;
            loop {
                above = &above[..above.rfind('/')?];
                if let Some(entry) = self.below.get(above) {
                    return Some(entry);
                }
            }
        })
    }

    /// Returns the patterns in their order.
    pub(super) fn names(&self) -> Vec<String> {
        let below = self.below.keys().map(|path| format!("{path}/*"));
        let mut names = self.channels.keys().cloned().chain(below).collect::<Vec<_>>();
        names.sort();
        names
    }

    pub(super) fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.below.is_empty()
    }
}

fn check(pattern: &str) -> Result<(), String> {
    let wrong = |why: &str| {
        Err(format!(
            "{pattern:?} is not a pattern of channels: {why}; write it as \"/chat/room\", \"/chat/*\" or \"/*\""
        ))
    };
    let Some(path) = pattern.strip_prefix('/') else { return wrong("it must begin with `/`") };
    let segments = path.split('/').collect::<Vec<_>>();
    if segments.len() > SEGMENTS {
        return wrong("a channel has at most 5 segments");
    }
    for (index, segment) in segments.iter().enumerate() {
        match *segment {
            "*" if index + 1 == segments.len() => {}
            segment if segment.contains('*') => return wrong("`*` must be its last segment"),
            "" => return wrong("it has an empty segment"),
            segment if segment.len() > CHARACTERS => return wrong("a segment has at most 50 characters"),
            segment if !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
                return wrong("a segment consists of ASCII letters, digits and dashes");
            }
            segment if segment.starts_with('-') || segment.ends_with('-') => {
                return wrong("a segment neither begins nor ends with a dash");
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Patterns and channels of few words, so that they often match.
    fn segments() -> impl Strategy<Value = Vec<&'static str>> {
        prop::collection::vec(prop::sample::select(vec!["a", "b", "A", "a-b"]), 1..=5)
    }

    fn path(segments: &[&str]) -> String {
        segments.iter().map(|segment| format!("/{segment}")).collect()
    }

    /// A second implementation: the grammar, character by character.
    fn is_of_the_grammar(pattern: &str) -> bool {
        let (mut segments, mut length, mut last, mut is_over) = (0, 0, None, false);
        for char in pattern.chars() {
            let is_fine = match (char, last) {
                _ if is_over => false,
                ('/', None) => true,
                ('/', Some(last)) => last != '/' && last != '-',
                ('*', Some('/')) => {
                    is_over = true;
                    true
                }
                ('-', Some(last)) => last != '/',
                ('0'..='9' | 'A'..='Z' | 'a'..='z', Some(_)) => true,
                _ => false,
            };
            if char == '/' {
                (segments, length) = (segments + 1, 0);
            } else {
                length += 1;
            }
            if !is_fine || segments > 5 || length > 50 {
                return false;
            }
            last = Some(char);
        }
        last.is_some_and(|last| last != '/' && last != '-')
    }

    /// A second implementation: compares segments, and tries every pattern.
    fn naive<'p>(patterns: &'p [(Vec<&str>, bool)], channel: &[&str]) -> Option<&'p (Vec<&'p str>, bool)> {
        let matches = |(own, is_wildcard): &&(Vec<&str>, bool)| match is_wildcard {
            true => channel.len() > own.len() && channel[..own.len()] == own[..],
            false => channel == &own[..],
        };
        patterns.iter().filter(matches).max_by_key(|(own, is_wildcard)| (!is_wildcard, own.len()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, rng_seed: prop::test_runner::RngSeed::Fixed(18), ..ProptestConfig::default() })]

        #[test]
        fn the_most_specific_pattern_is_chosen_in_any_order(
            given in prop::collection::vec((prop::option::of(segments()), any::<bool>()), 0..12),
            channel in segments(),
            wildcard in any::<bool>(),
        ) {
            let mut patterns = Patterns::default();
            let mut registered = Vec::new();
            for (own, is_wildcard) in given {
                let own = own.unwrap_or_default();
                let is_wildcard = is_wildcard || own.is_empty();
                let pattern = path(&own) + if is_wildcard { "/*" } else { "" };
                let is_long = own.len() + usize::from(is_wildcard) > 5;
                let is_twice = registered.contains(&(own.clone(), is_wildcard));
                let added = patterns.add(&pattern, pattern.clone());
                prop_assert_eq!(added.is_err(), is_long || is_twice, "{}", pattern);
                if is_long || is_twice {
                    // A duplicate replaces the entry by an equal one.
                    continue;
                }
                registered.push((own, is_wildcard));
            }
            let mut channel = channel;
            if wildcard {
                channel.push("*");
            }
            let expected = naive(&registered, &channel).map(|(own, is_wildcard)| path(own) + if *is_wildcard { "/*" } else { "" });
            prop_assert_eq!(patterns.get(&path(&channel)).cloned(), expected);
            prop_assert_eq!(patterns.names().len(), registered.len());
        }

        #[test]
        fn a_pattern_is_accepted_if_the_grammar_has_it(pattern in "[/*aZ0é-]{0,12}|(/[a-z0-9-]{0,3}){0,7}(/\\*)?") {
            prop_assert_eq!(check(&pattern).is_ok(), is_of_the_grammar(&pattern), "{}", pattern);
        }
    }

    #[test]
    fn check_18_the_most_specific_pattern_wins() {
        let all = ["/*", "/a/*", "/a/b/*", "/a/b/c"];
        // Each order of four.
        for order in 0..256_usize {
            let order = [order % 4, order / 4 % 4, order / 16 % 4, order / 64];
            if (0..4).any(|index| !order.contains(&index)) {
                continue;
            }
            let mut patterns = Patterns::default();
            for index in order {
                patterns.add(all[index], all[index]).unwrap();
            }
            for (channel, expected) in [
                ("/a/b/c", "/a/b/c"),
                ("/a/b/d", "/a/b/*"),
                ("/a/b/c/d", "/a/b/*"),
                ("/a/b", "/a/*"),
                ("/a", "/*"),
                ("/A/b", "/*"),
                ("/a/*", "/a/*"),
                ("/a/b/*", "/a/b/*"),
                ("/*", "/*"),
            ] {
                assert_eq!(patterns.get(channel), Some(&expected), "{channel}");
            }
        }
        let mut patterns = Patterns::default();
        patterns.add("/a/*", ()).unwrap();
        for channel in ["/a", "/A/b", "/ab", "/ab/c", "", "a", "/", "/*"] {
            assert_eq!(patterns.get(channel), None, "{channel}");
        }
    }
}
