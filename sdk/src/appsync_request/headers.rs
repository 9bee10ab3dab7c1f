//! [`RequestHeaders`]: the headers of the client's request.

use std::fmt;

use serde_json::value::RawValue;

use crate::core::json::members::{Members, member};

/// The headers of the client's request, as AppSync passes them: names in lower case, a repeated header with each of its
/// values, and never `cookie`.
///
/// A value is what the client sent, so it proves nothing about the client, except what AppSync itself verified.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::appsync::RequestHeaders;
///
/// async fn country(headers: RequestHeaders) -> Result<Option<String>, BoxError> {
///     Ok(headers.get("cloudfront-viewer-country").map(str::to_owned))
/// }
/// # let _ = pilaster::handler(country);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RequestHeaders {
    headers: Vec<(String, String)>,
    domain_name: Option<String>,
}

impl RequestHeaders {
    /// Reads the member `request` of an event; a value that is not a header is skipped.
    pub(crate) fn parse(request: &str) -> Self {
        let domain_name = member(request, "domainName").and_then(|name| serde_json::from_str(name.get()).ok());
        Self { headers: read(member(request, "headers")), domain_name }
    }

    /// Reads the headers of an event of an authorizer.
    pub(crate) fn of_authorizer(event: &str) -> Self {
        Self { headers: read(member(event, "requestHeaders")), domain_name: None }
    }

    /// Returns the first value of a header by its case-insensitive name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// Returns all values of a header by its case-insensitive name, in their order.
    pub fn get_all<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h str> {
        let is_it = move |own: &str| own.eq_ignore_ascii_case(name);
        self.headers.iter().filter(move |(own, _)| is_it(own)).map(|(_, value)| value.as_str())
    }

    /// Returns each header with each of its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the custom domain of the API; `None` for its default domain.
    pub fn domain_name(&self) -> Option<&str> {
        self.domain_name.as_deref()
    }
}

/// Returns each header of an object with each of its values.
fn read(object: Option<&RawValue>) -> Vec<(String, String)> {
    let Members(members) = object.and_then(|object| serde_json::from_str(object.get()).ok()).unwrap_or_default();
    let mut headers = Vec::with_capacity(members.len());
    for (name, value) in members {
        let name = name.to_ascii_lowercase();
        // A text, or a list of texts for a header that was repeated.
        match text(value) {
            Some(value) => headers.push((name, value)),
            None => {
                let values = serde_json::from_str::<Vec<&RawValue>>(value.get()).unwrap_or_default();
                headers.extend(values.into_iter().filter_map(text).map(|value| (name.clone(), value)));
            }
        }
    }
    headers
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// Values may be tokens: only the names are shown.
impl fmt::Debug for RequestHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>();
        f.debug_struct("RequestHeaders").field("names", &names).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_header_has_each_of_its_values_in_order() {
        let request = r#"{"headers":{"x-forwarded-for":["1.1.1.1","2.2.2.2"],"host":"h","odd":7},"domainName":"api.example.com"}"#;
        let headers = RequestHeaders::parse(request);
        assert_eq!(headers.get_all("X-Forwarded-For").collect::<Vec<_>>(), ["1.1.1.1", "2.2.2.2"]);
        assert_eq!((headers.get("host"), headers.get("odd")), (Some("h"), None));
        assert_eq!(headers.domain_name(), Some("api.example.com"));
        assert_eq!(headers.iter().count(), 3);
    }

    #[test]
    fn a_value_that_is_not_a_text_loses_no_other() {
        let headers =
            RequestHeaders::parse(r#"{"headers":{"a":["1",5,"2",null],"b":5,"c":[],"d":null,"e":[["x"]],"f":"3"}}"#);
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("a", "1"), ("a", "2"), ("f", "3")]);
    }

    #[test]
    fn a_request_without_headers_has_none() {
        for request in ["null", "{}", r#"{"headers":null,"domainName":null}"#, "7", r#"{"headers":[]}"#] {
            assert_eq!(RequestHeaders::parse(request), RequestHeaders::default(), "{request}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let headers = RequestHeaders::parse(r#"{"headers":{"authorization":"hunter2"}}"#);
        let shown = format!("{headers:?}");
        assert!(shown.contains("authorization") && !shown.contains("hunter2"), "{shown}");
    }
}
