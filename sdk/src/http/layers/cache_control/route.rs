//! [`Route`]: a path with parameters.

use super::error::CacheControlError;

/// A route such as `/users/{id}` or `/assets/{path+}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    segments: Vec<Segment>,
    /// The route ends with a parameter of one or more segments.
    is_greedy: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Text(String),
    Any,
}

impl Route {
    pub(super) fn parse(route: &str) -> Result<Self, CacheControlError> {
        let invalid = || {
            CacheControlError::new(format!(
                "{route:?} is not a route: use a path such as `/users/{{id}}` or `/assets/{{path+}}`, without a method"
            ))
        };
        let mut rest = route.strip_prefix('/').ok_or_else(invalid)?;
        let mut is_greedy = false;
        if let Some((before, name)) = rest.rsplit_once('/').or(Some(("", rest)))
            && let Some(name) = name.strip_prefix('{').and_then(|name| name.strip_suffix("+}"))
        {
            if !is_name(name) {
                return Err(invalid());
            }
            (rest, is_greedy) = (before, true);
        }
        let segment = |segment: &str| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if is_name(name) => Ok(Segment::Any),
            None if !segment.is_empty() && !segment.contains(['{', '}', '?', '#', ' ']) => {
                Ok(Segment::Text(segment.to_owned()))
            }
            _ => Err(invalid()),
        };
        let rest = rest.trim_end_matches('/');
        let segments = match rest {
            "" => Vec::new(),
            rest => rest.split('/').map(segment).collect::<Result<_, _>>()?,
        };
        Ok(Self { segments, is_greedy })
    }

    /// Returns whether a path is of this route, with or without a slash at its end.
    pub(super) fn matches(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix('/') else { return false };
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut given = path.split('/');
        if path.is_empty() {
            given.next();
        }
        let is_of = |segment: &Segment| match (segment, given.next()) {
            (Segment::Text(text), Some(given)) => text == given,
            (Segment::Any, Some(given)) => !given.is_empty(),
            (_, None) => false,
        };
        self.segments.iter().all(is_of) && given.next().is_some() == self.is_greedy
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}
