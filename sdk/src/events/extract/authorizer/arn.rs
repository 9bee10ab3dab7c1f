//! [`MethodArn`]: a method that a client requests or a policy allows.

use std::fmt;

/// The ARN of a method of a REST API, or of a route of an HTTP or WebSocket API, parsed into its parts:
/// `arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod/GET/users/7`
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html>).
///
/// # Example
///
/// ```
/// use pilaster::events::authorizer::MethodArn;
///
/// let api = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5";
/// let arn = MethodArn::parse(&format!("{api}/prod/GET/users/7")).unwrap();
/// assert_eq!((arn.stage(), arn.method(), arn.path()), ("prod", "GET", "users/7"));
/// assert_eq!(arn.all(), format!("{api}/prod/*"));
/// assert_eq!(arn.route("GET", "/users/*"), format!("{api}/prod/GET/users/*"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MethodArn {
    text: String,
    /// The ends of the parts: the prefix with the API's id, the stage, the method.
    ends: [usize; 3],
}

impl MethodArn {
    /// Parses an ARN; `None` for any other ARN or text.
    pub fn parse(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (Some("arn"), Some(_), Some("execute-api"), Some(_), Some(_), Some(rest)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let start = arn.len() - rest.len();
        let mut ends = [arn.len(); 3];
        for (end, (at, _)) in ends.iter_mut().zip(rest.match_indices('/')) {
            *end = start + at;
        }
        // The API and its stage are always present.
        (ends[0] < arn.len() && ends[0] > start).then(|| Self { text: arn.to_owned(), ends })
    }

    /// Returns the region.
    pub fn region(&self) -> &str {
        self.text.split(':').nth(3).unwrap_or_default()
    }

    /// Returns the account.
    pub fn account(&self) -> &str {
        self.text.split(':').nth(4).unwrap_or_default()
    }

    /// Returns the id of the API.
    pub fn api_id(&self) -> &str {
        self.text[..self.ends[0]].rsplit(':').next().unwrap_or_default()
    }

    /// Returns the stage.
    pub fn stage(&self) -> &str {
        self.between(0, 1)
    }

    /// Returns the method, such as `GET`; the route's key in a WebSocket API.
    pub fn method(&self) -> &str {
        self.between(1, 2)
    }

    /// Returns the path, without its leading `/`, as sent by the client.
    pub fn path(&self) -> &str {
        self.text.get(self.ends[2] + 1..).unwrap_or_default()
    }

    /// Returns the ARN of all methods and paths of this stage of the API, for a cached policy.
    pub fn all(&self) -> String {
        format!("{}/*", &self.text[..self.ends[1]])
    }

    /// Returns the ARN of a method and a path of this stage, for a policy. In both, `*` matches any text, even across
    /// `/`, and `?` matches one character, so do not pass the caller's input.
    pub fn route(&self, method: &str, path: &str) -> String {
        format!("{}/{method}/{}", &self.text[..self.ends[1]], path.trim_start_matches('/'))
    }

    fn between(&self, start: usize, end: usize) -> &str {
        self.text.get(self.ends[start] + 1..self.ends[end]).unwrap_or_default()
    }
}

impl fmt::Display for MethodArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
