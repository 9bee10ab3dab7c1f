//! The HTTP part of Powertools' data classes: the values of their accessors, from extractors.

mod events;
mod views;

use std::collections::BTreeMap;

use pilaster::http::{Bytes, Claims, EventKind, HeaderMap, Json, Method, Path, Query, RequestContext, Stack, Uri};
use serde_json::{Map, Value, json};

use super::{only_these, variables};
use crate::case::Case;
use crate::exchange::{Notes, Sent, complete, complete_web_socket, delivered, rejected, send};
use crate::{Compared, Replay, Stop, unsupported};

/// The classes of HTTP events.
const HTTP: [&str; 7] = [
    "APIGatewayProxyEvent",
    "APIGatewayProxyEventV2",
    "ALBEvent",
    "LambdaFunctionUrlEvent",
    "VPCLatticeEvent",
    "VPCLatticeEventV2",
    "APIGatewayWebSocketEvent",
];

pub(super) fn replay(case: &Case) -> Replay {
    let Some(class) = case.json["config"]["class"].as_str().filter(|class| HTTP.contains(class)) else {
        return events::replay(case);
    };
    only_these(&case.json["expected"], &["accessors"])?;
    only_these(&case.json["config"], &["class"])?;
    only_these(&case.json["input"], &["event", "event_file", "patch"])?;
    variables(case, &[])?;
    let wanted = case.json["expected"]["accessors"].as_object().cloned().unwrap_or_default();
    let mut accessors = Vec::new();
    for text in wanted.keys() {
        match Accessor::read(text) {
            Some(accessor) => accessors.push((text.clone(), accessor)),
            None => return unsupported(format!("the accessor `{}`", text.split(['(', '[']).next().unwrap_or(text))),
        }
    }
    let event = case.event().map_err(Stop::Unsupported)?;
    // If an access must fail, the missing field is the subject of the case.
    let fails = wanted.values().any(|value| value.get("$error").is_some());
    let event = match class {
        _ if fails => event,
        "APIGatewayWebSocketEvent" => complete_web_socket(&event),
        _ => complete(&event, "GET"),
    };

    let notes = Notes::default();
    let (noted, expected) = (notes.clone(), wanted.clone());
    let function = move |method: Method,
                         uri: Uri,
                         headers: HeaderMap,
                         query: Query<Vec<(String, String)>>,
                         path: Option<Path<BTreeMap<String, String>>>,
                         context: RequestContext,
                         claims: Option<Claims<Map<String, Value>>>,
                         body: Bytes| {
        let path = path.map(|path| path.0);
        let claims = claims.map(|claims| Value::Object(claims.0));
        let request = Seen { method, uri, headers, query: query.0, path, context, claims, body };
        let answers = accessors.iter().filter_map(|(text, accessor)| {
            let value = accessor.ask(&request, &expected[text])?;
            Some((text.clone(), value))
        });
        noted.add(Value::Object(answers.collect()));
        std::future::ready(())
    };
    let sent = send(pilaster::handler(function).layer(Stack::new()), &event);
    let mut observed = match &sent {
        Sent::Answer(answer) => {
            let answer = delivered(&event, answer);
            json!({ "status": answer["status"], "rejected": rejected(&answer) })
        }
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    if let Some(observed) = observed.as_object_mut() {
        observed.retain(|_, value| !value.is_null());
    }
    if let Some(answers) = notes.all().into_iter().next() {
        observed["accessors"] = answers;
    }
    Ok(Compared { expected: json!({ "status": 200, "accessors": wanted }), observed })
}

/// The arguments of a handler.
struct Seen {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    path: Option<BTreeMap<String, String>>,
    context: RequestContext,
    claims: Option<Value>,
    body: Bytes,
}

/// An accessor of Python's: `e.headers['x-foo']`.
#[derive(Clone)]
enum Accessor {
    Steps(Vec<String>),
    /// `'x-foo' in e.headers`
    HasHeader(String),
    /// `list(e.headers)`
    HeaderNames,
}

impl Accessor {
    /// `None` for a value that no extractor has.
    fn read(text: &str) -> Option<Self> {
        let quoted = regex_lite::Regex::new(r"^'([^']*)' in e\.headers$").ok()?;
        if let Some(found) = quoted.captures(text) {
            return Some(Self::HasHeader(found[1].to_owned()));
        }
        if text == "list(e.headers)" {
            return Some(Self::HeaderNames);
        }
        let whole = regex_lite::Regex::new(r"^e(\.\w+(\(\))?|\.get\('[^']*'\)|\['[^']*'\]|\[\d+\])+$").ok()?;
        let step = regex_lite::Regex::new(r"\.get\('([^']*)'\)|\.(\w+)|\['([^']*)'\]|\[(\d+)\]").ok()?;
        if !whole.is_match(text) {
            return None;
        }
        let steps = step.captures_iter(text).filter_map(|found| found.iter().skip(1).flatten().next());
        let steps: Vec<String> = steps.map(|found| found.as_str().to_owned()).collect();
        const KNOWN: [&str; 22] = [
            "path",
            "raw_path",
            "http_method",
            "method",
            "raw_query_string",
            "query_string_parameters",
            "multi_value_query_string_parameters",
            "resolved_query_string_parameters",
            "headers",
            "multi_value_headers",
            "resolved_headers_field",
            "cookies",
            "request_context",
            "path_parameters",
            "stage_variables",
            "body",
            "decoded_body",
            "json_body",
            "is_base64_encoded",
            "resource",
            "route_key",
            "version",
        ];
        KNOWN.contains(&steps.first()?.as_str()).then_some(Self::Steps(steps))
    }

    /// The value; `None` if a request does not have it.
    fn ask(&self, request: &Seen, expected: &Value) -> Option<Value> {
        match self {
            Self::HasHeader(name) => Some(json!(request.headers.contains_key(name.as_str()))),
            Self::HeaderNames => Some(request.headers.keys().map(|name| json!(name.as_str())).collect()),
            Self::Steps(steps) => {
                let (first, rest) = steps.split_first()?;
                let value = request.field(first, rest, expected)?;
                // An empty map of Python's stands for what is not there.
                let missing = value.is_null() && expected.as_object().is_some_and(Map::is_empty);
                Some(if missing { json!({}) } else { value })
            }
        }
    }
}

impl Seen {
    fn field(&self, name: &str, rest: &[String], expected: &Value) -> Option<Value> {
        let whole = match name {
            "path" => json!(self.uri.path()),
            "raw_path" => match self.context.get::<String>("http.path") {
                Some(path) => json!(path),
                // VPC Lattice, where the raw path has the query in it.
                None => json!(self.uri.path_and_query()?.as_str()),
            },
            "http_method" | "method" => json!(self.method.as_str()),
            "raw_query_string" => json!(self.uri.query().unwrap_or_default()),
            "query_string_parameters" => self.single_query(expected),
            "multi_value_query_string_parameters" | "resolved_query_string_parameters" => json!(self.grouped_query()),
            "headers" => return self.header(rest, expected),
            "multi_value_headers" | "resolved_headers_field" => self.headers_by_name(false),
            "cookies" => self.cookies(),
            "request_context" => return Some(self.context_value(rest)),
            "version" => match self.context.kind() {
                EventKind::HttpApi | EventKind::VpcLattice => json!("2.0"),
                _ => Value::Null,
            },
            "resource" => self.context.get("resourcePath").unwrap_or_default(),
            "route_key" => self.context.get("routeKey").unwrap_or_default(),
            "path_parameters" => json!(self.path.clone().unwrap_or_default()),
            "stage_variables" => {
                let names = expected.as_object().into_iter().flatten();
                let known = names.map(|(name, _)| (name.clone(), json!(self.context.stage_variable(name))));
                Value::Object(known.collect())
            }
            "body" | "decoded_body" => json!(String::from_utf8_lossy(&self.body)),
            "json_body" if self.body.is_empty() => Value::Null,
            "json_body" => match Json::<Value>::from_bytes(&self.body) {
                Ok(Json(value)) => value,
                Err(rejection) => json!({ "$error": rejection.status().as_u16() }),
            },
            // The adapter has decoded it.
            _ => return None,
        };
        Some(rest.iter().fold(whole, |value, step| match step.parse::<usize>() {
            Ok(index) => value.get(index).cloned().unwrap_or_default(),
            Err(_) => value.get(step).cloned().unwrap_or_default(),
        }))
    }

    /// One header by its name in any letter case, or all.
    fn header(&self, rest: &[String], expected: &Value) -> Option<Value> {
        match rest {
            [] => {
                let mut all = self.headers_by_name(true);
                // A REST API's single-value map has one value of several.
                for (name, joined) in all.as_object_mut().into_iter().flatten() {
                    let single = expected[name.as_str()].as_str().unwrap_or_default();
                    if self.headers.get_all(name.as_str()).iter().any(|value| value == single) {
                        *joined = json!(single);
                    }
                }
                Some(all)
            }
            [name] => {
                let values: Vec<_> = self.headers.get_all(name.as_str()).iter().collect();
                let text: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
                Some(if text.is_empty() { Value::Null } else { json!(text.join(",")) })
            }
            _ => None,
        }
    }

    fn headers_by_name(&self, joined: bool) -> Value {
        let mut all = Map::new();
        for name in self.headers.keys() {
            // Cookies stand apart in HTTP API's events.
            if name == "cookie" && self.context.get::<Value>("http").is_some() {
                continue;
            }
            let values = self.headers.get_all(name).iter();
            let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
            all.insert(name.to_string(), if joined { json!(values.join(",")) } else { json!(values) });
        }
        Value::Object(all)
    }

    fn cookies(&self) -> Value {
        let lines = self.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
        lines.flat_map(|line| line.split("; ")).map(|cookie| json!(cookie)).collect()
    }

    fn grouped_query(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, value) in &self.query {
            all.entry(name).or_default().push(value);
        }
        all
    }

    /// One value of each: REST APIs send one of several, HTTP APIs all with commas.
    fn single_query(&self, expected: &Value) -> Value {
        let grouped = self.grouped_query().into_iter();
        let one = grouped.map(|(name, values)| {
            let joined = values.join(",");
            let single = expected[name].as_str().filter(|single| values.contains(single));
            (name.to_owned(), json!(single.unwrap_or(&joined)))
        });
        Value::Object(one.collect())
    }

    /// A field of `requestContext`: Python's names in the event's spelling.
    fn context_value(&self, rest: &[String]) -> Value {
        // A sample event has two authorizers, of which `Claims` has one.
        if let [first, second, ..] = rest
            && first == "authorizer"
            && matches!(second.as_str(), "get_lambda" | "get_context")
            && let Some(of_lambda) = self.context.get::<Value>("authorizer.lambda")
        {
            return of_lambda;
        }
        // The identity of the caller, from any authorizer.
        let claims = match rest.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["authorizer", "jwt_claim" | "claims" | "get_lambda" | "get_context", name @ ..] => Some(name.to_vec()),
            ["authorizer", "iam", name] => Some(vec![*name]),
            _ => None,
        };
        if let Some(names) = claims {
            let claims = self.claims.clone().unwrap_or_default();
            let step = |value: Value, name: &&str| {
                value.get(name).or_else(|| value.get(camel_case(name))).cloned().unwrap_or_default()
            };
            return names.iter().fold(claims, step);
        }
        let mut path = Vec::new();
        for name in rest {
            match name.as_str() {
                "jwt_scopes" => path.extend(["jwt".to_owned(), "scopes".to_owned()]),
                "elb_target_group_arn" => path.extend(["elb".to_owned(), "targetGroupArn".to_owned()]),
                "principal_org_id" if self.context.kind() == EventKind::VpcLattice => {
                    path.push("principalOrgID".to_owned())
                }
                name => path.push(camel_case(name.strip_prefix("get_").unwrap_or(name))),
            }
        }
        self.context.get(&path.join(".")).unwrap_or_default()
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}
