//! The request of a route, as an OpenAPI action group calls it.

use axum_core::body::Body;
use http::{HeaderValue, Method, Request, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::coerce::coerce_declared;
use super::decode::{self, Parameter};

/// The characters of a segment or a query that need no encoding (RFC 3986, unreserved).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The most bytes of a path and a query that `http::Uri` takes.
const LONGEST_TARGET: usize = u16::MAX as usize - 1;

/// Builds the request: the template filled with parameters, the other parameters as the query, the properties as the
/// body.
///
/// # Errors
///
/// A sentence for the model that names the parameter or the property.
pub(super) fn request(
    template: &str,
    method: &str,
    parameters: &[Parameter],
    body: Option<decode::Body>,
) -> Result<Request<Body>, String> {
    if !template.starts_with('/') || template.contains(['?', '#']) {
        return Err(NO_PATH.to_owned());
    }
    let (path, query) = target(template, parameters)?;
    let target = if query.is_empty() { path } else { format!("{path}?{query}") };
    if target.len() > LONGEST_TARGET {
        return Err(format!("the path and the query have more than {LONGEST_TARGET} bytes: send less in parameters"));
    }
    let uri = Uri::try_from(target).map_err(|_| NO_PATH.to_owned())?;
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
    let method = method.map_err(|_| "`httpMethod` is not a method".to_owned())?;
    let (media_type, body) = match body {
        None => (None, Body::empty()),
        Some(body) => {
            let text = properties(&body.properties)?.to_string();
            (Some(HeaderValue::try_from(body.media_type)), Body::from(text))
        }
    };
    let mut request = Request::new(body);
    *request.uri_mut() = uri;
    *request.method_mut() = method;
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(media_type) = media_type {
        let media_type = media_type.map_err(|_| "`requestBody` has a content type that is not valid".to_owned())?;
        request.headers_mut().insert(header::CONTENT_TYPE, media_type);
    }
    Ok(request)
}

const NO_PATH: &str = "`apiPath` is not a path";

/// Returns the path, filled with those parameters that it names, and the query of the others.
fn target(template: &str, parameters: &[Parameter]) -> Result<(String, String), String> {
    let mut path = String::new();
    let mut used = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            path.push_str("%7B");
            rest = after;
            continue;
        };
        let shown = || crate::core::error::shown(name);
        let mut of_name = parameters.iter().filter(|parameter| parameter.name == name);
        // Without a value the path is that of another route.
        let value = of_name.next().map(|parameter| &*parameter.value).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| format!("the path parameter {} is missing or empty", shown()))?;
        if of_name.next().is_some() {
            return Err(format!("the path parameter {} is sent twice", shown()));
        }
        used.push(name);
        path.extend(utf8_percent_encode(value, RESERVED));
        rest = after;
    }
    path.push_str(rest);
    let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let others = parameters.iter().filter(|parameter| !used.contains(&&*parameter.name));
    let query = others.map(|parameter| format!("{}={}", encoded(&parameter.name), encoded(&parameter.value)));
    Ok((path, query.collect::<Vec<_>>().join("&")))
}

/// Returns the properties as an object, each by its declared type: the schema of the body is the router's.
fn properties(properties: &[Parameter]) -> Result<Value, String> {
    let mut members = Map::new();
    for Parameter { name, declared, value } in properties {
        let value = coerce_declared(value, declared)
            .map_err(|mistake| format!("the property {}: {mistake}", crate::core::error::shown(name)))?;
        if members.insert(name.clone(), value).is_some() {
            return Err(format!("the property {} is sent twice", crate::core::error::shown(name)));
        }
    }
    Ok(Value::Object(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, declared: &str, value: &str) -> Parameter {
        Parameter { name: name.into(), declared: declared.into(), value: value.into() }
    }

    #[test]
    fn a_template_is_filled_and_the_rest_is_the_query() {
        let parameters = [parameter("b", "string", "x&y=z"), parameter("claimId", "string", "a/b é")];
        let request = request("/claims/{claimId}/x", "get", &parameters, None).unwrap();
        assert_eq!(request.uri(), "/claims/a%2Fb%20%C3%A9/x?b=x%26y%3Dz");
        assert_eq!(request.method(), "GET");
        assert_eq!(target("/a/{open", &[]), Ok(("/a/%7Bopen".to_owned(), String::new())));
        let dots = [parameter("id", "string", "..")];
        assert_eq!(target("/a/{id}", &dots).unwrap().0, "/a/..");
    }

    #[test]
    fn a_path_parameter_has_one_value_that_is_not_empty() {
        let of = |value| parameter("id", "string", value);
        for (parameters, expected) in [
            (vec![], "the path parameter \"id\" is missing or empty"),
            (vec![of("")], "the path parameter \"id\" is missing or empty"),
            (vec![parameter("ID", "string", "hunter2")], "the path parameter \"id\" is missing or empty"),
            (vec![of(""), of("hunter2")], "the path parameter \"id\" is missing or empty"),
            (vec![of("hunter2"), of("2")], "the path parameter \"id\" is sent twice"),
            (vec![of("hunter2"), of("")], "the path parameter \"id\" is sent twice"),
        ] {
            assert_eq!(request("/users/{id}", "DELETE", &parameters, None).unwrap_err(), expected);
        }
        assert_eq!(request("/a/{id}/{id}", "GET", &[of("1")], None).unwrap().uri(), "/a/1/1");
        let query = [parameter("q", "string", ""), parameter("q", "string", "2")];
        assert_eq!(request("/a", "GET", &query, None).unwrap().uri(), "/a?q=&q=2");
    }

    #[test]
    fn a_template_is_a_path_and_a_long_query_has_its_own_sentence() {
        for template in ["", "claims", "*", "http://evil.example/q", "/q?x=1", "/q#f", "/a b", "/q\n"] {
            assert_eq!(request(template, "GET", &[], None).unwrap_err(), NO_PATH, "{template}");
        }
        let of = |length: usize| [parameter("q", "string", &"x".repeat(length))];
        let longest = LONGEST_TARGET - "/a?q=".len();
        assert_eq!(request("/a", "GET", &of(longest), None).unwrap().uri().to_string().len(), LONGEST_TARGET);
        let longer = request("/a", "GET", &of(longest + 1), None).unwrap_err();
        assert!(longer.starts_with("the path and the query have more than 65534 bytes"), "{longer}");
    }

    #[test]
    fn properties_have_their_declared_type_or_are_refused_by_name() {
        let body = properties(&[
            parameter("a", "integer", "12"),
            parameter("b", "boolean", "TRUE"),
            parameter("c", "array", "[x, y]"),
            parameter("d", "object", r#"{"e":1}"#),
            parameter("f", "string", "42"),
            parameter("g", "other", "1"),
        ]);
        let expected = serde_json::json!({ "a": 12, "b": true, "c": ["x", "y"], "d": { "e": 1 }, "f": "42", "g": "1" });
        assert_eq!(body.unwrap(), expected);
        let wrong = properties(&[parameter("a", "integer", "hunter2")]).unwrap_err();
        assert!(wrong.contains("\"a\"") && !wrong.contains("hunter2"), "{wrong}");
        let twice = [parameter("a", "string", "1"), parameter("a", "string", "2")];
        assert!(properties(&twice).unwrap_err().contains("twice"));
    }
}
