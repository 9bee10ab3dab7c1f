//! Removes parameters from a query as text: `a=1&b=2`, or a URL that ends in one.

use std::borrow::Cow;

use super::path::{Step, decoded};

/// Returns the text without the parameters that these steps name, or `None` if a step does not lead to a parameter.
pub(super) fn without(text: &str, steps: &[&Step], mask: Option<&str>) -> Option<String> {
    let is_of_url = |step: &&Step| matches!(step, Step::OfUrl(_));
    if !steps.iter().all(|step| is_of_url(step) || matches!(step, Step::Parameter(_))) {
        return None;
    }
    let (before, query) = match text.split_once('?') {
        Some((before, query)) if steps.iter().any(is_of_url) => (Some(before), query),
        None if steps.iter().any(is_of_url) => return Some(text.to_owned()),
        _ => (None, text),
    };
    let is_hidden = |name: &str| {
        let name = decoded(name);
        steps.iter().any(|step| match step {
            Step::Parameter(hidden) | Step::OfUrl(Some(hidden)) => name == *hidden,
            Step::OfUrl(None) => true,
            _ => false,
        })
    };
    let pairs = query.split('&').filter_map(|pair| {
        let name = pair.split('=').next().unwrap_or(pair);
        match is_hidden(name) {
            false => Some(Cow::Borrowed(pair)),
            true => mask.map(|mask| Cow::Owned(format!("{name}={mask}"))),
        }
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    Some(before.map_or_else(|| query.clone(), |before| format!("{before}?{query}")))
}
