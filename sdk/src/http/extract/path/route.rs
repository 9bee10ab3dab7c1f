//! Detects a route that lacks the parameters of a `Path` before the first request.

use serde::de::DeserializeOwned;

use super::params::{Mismatch, Params};

/// Texts that plain and common types accept as a parameter, in the order in which they are tried.
const SAMPLES: [&str; 5] = ["1", "a", "00000000-0000-0000-0000-000000000000", "2000-01-01T00:00:00Z", "::1"];

/// Returns the reason why no request of this route (`GET /users/{id}`) has the parameters of `T`; `None` if a request
/// has them, or if `T` accepts none of the samples.
pub(in crate::http::extract) fn route_mismatch<T: DeserializeOwned>(route: &str) -> Option<String> {
    let mut params: Vec<(String, String)> = names(route).map(|name| (name.to_owned(), SAMPLES[0].to_owned())).collect();
    let mut tried = vec![0; params.len()];
    loop {
        let (wrong, expected) = match T::deserialize(Params(&params)) {
            Ok(_) | Err(Mismatch::Rejected(_) | Mismatch::Unparsed(_)) => return None,
            Err(Mismatch::Shape(message)) if params.is_empty() => {
                return Some(format!("`Path` does not fit the route `{route}`, which has no parameters ({message})"));
            }
            Err(Mismatch::Shape(message)) => {
                return Some(format!("`Path` does not fit the route `{route}`: {message}"));
            }
            Err(Mismatch::Value { name, expected }) => (name, expected),
        };
        let at = params.iter().position(|(name, _)| *name == wrong)?;
        tried[at] += 1;
        // "expected `cat` or `dog`" contains a valid value.
        let named = expected.split('`').nth(1).filter(|_| tried[at] == 1);
        let sample = named.or_else(|| SAMPLES.get(tried[at]).copied())?;
        params[at].1 = sample.to_owned();
    }
}

/// Returns the parameters of a route: `{id}` and `{path+}`.
fn names(route: &str) -> impl Iterator<Item = &str> {
    let segments = route.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    segments.map(|name| name.strip_suffix('+').unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        Cat,
        Dog,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code)]
    struct Pet {
        pet_kind: Kind,
        is_wild: bool,
        address: std::net::IpAddr,
        id: u32,
        tail: Option<u8>,
    }

    #[test]
    fn a_route_with_the_parameters_fits() {
        assert_eq!(route_mismatch::<u64>("GET /users/{id}"), None);
        assert_eq!(route_mismatch::<String>("ANY /files/{path+}"), None);
        assert_eq!(route_mismatch::<(String, Kind)>("GET /{a}/{b}"), None);
        assert_eq!(route_mismatch::<Option<u8>>("GET /"), None);
        assert_eq!(route_mismatch::<Pet>("GET /{petKind}/{isWild}/{address}/{id}"), None);
        assert_eq!(route_mismatch::<std::collections::HashMap<String, String>>("GET /"), None);
        let _ = Kind::Dog;
    }

    #[test]
    fn a_route_without_a_parameter_is_a_mismatch() {
        let mismatch = |found: Option<String>| found.unwrap_or_default();
        let found = mismatch(route_mismatch::<Pet>("GET /{petKind}/{isWild}/{address}/{pet}"));
        assert_eq!(
            found,
            "`Path` does not fit the route `GET /{petKind}/{isWild}/{address}/{pet}`: the route has no parameter `id`"
        );
        assert!(mismatch(route_mismatch::<u64>("GET /users")).contains("which has no parameters"));
        assert!(mismatch(route_mismatch::<u64>("GET /{a}/{b}")).contains("one parameter, but the route has 2"));
        assert!(mismatch(route_mismatch::<(u8, u8)>("GET /{a}")).contains("2 parameters, but the route has 1"));
    }
}
