//! Finds the operation of a request.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::sent::Sent;

/// The operation of a request.
pub(super) struct Operation<'d> {
    method: String,
    path: &'d str,
    /// The operation in the document.
    pub(super) value: &'d Value,
    /// The operations of the path.
    pub(super) item: &'d Value,
    /// The decoded parameters of the path.
    pub(super) parameters: Vec<(&'d str, String)>,
}

impl Operation<'_> {
    /// Returns the name for messages.
    pub(super) fn name(&self) -> String {
        let route = format!("{} {}", self.method.to_ascii_uppercase(), self.path);
        match self.value.get("operationId").and_then(Value::as_str) {
            Some(id) => format!("the operation `{id}` (`{route}`)"),
            None => format!("the operation `{route}`"),
        }
    }
}

/// Returns the operation of a request, whose response has this status.
pub(super) fn operation<'d>(document: &'d Value, sent: &Sent, status: u16) -> Option<Operation<'d>> {
    let mut method = sent.method.to_ascii_lowercase();
    let paths = without_base(document, &sent.path);
    let templates = document.get("paths").and_then(Value::as_object)?;
    let mut best: Option<(usize, Operation<'d>)> = None;
    let is_greedy = |pass: usize| pass == 1;
    // A parameter for the rest of the path, which OpenAPI cannot express, takes what no other path does.
    for pass in 0..if matches!(status, 404 | 405) { 1 } else { 2 } {
        for (template, item) in templates {
            for path in &paths {
                let Some((fixed, parameters)) = matched(template, path, is_greedy(pass)) else { continue };
                if method == "head" && item.get("head").is_none() {
                    method = "get".to_owned();
                }
                let Some(value) = item.get(&method) else { continue };
                if best.as_ref().is_none_or(|(known, _)| fixed > *known) {
                    best = Some((fixed, Operation { method: method.clone(), path: template, value, item, parameters }));
                }
            }
        }
        if best.is_some() {
            break;
        }
    }
    best.map(|(_, operation)| operation)
}

/// Returns the path, and what is left of it without the path of each server.
fn without_base<'p>(document: &Value, path: &'p str) -> Vec<&'p str> {
    let urls = document.get("servers").and_then(Value::as_array).into_iter().flatten();
    let urls = urls.filter_map(|server| server.get("url")?.as_str());
    let bases = urls.map(|url| match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => url,
    });
    let stripped = bases.map(|base| base.trim_end_matches('/')).filter(|base| !base.is_empty());
    let stripped = stripped.filter_map(|base| path.strip_prefix(base).filter(|rest| rest.starts_with('/')));
    std::iter::once(path).chain(stripped).collect()
}

/// Returns the number of fixed segments and the parameters, if a path has the form of a template.
fn matched<'t>(template: &'t str, path: &str, is_greedy: bool) -> Option<(usize, Vec<(&'t str, String)>)> {
    let (mut fixed, mut parameters) = (0, Vec::new());
    let mut segments = path.split('/');
    let mut names = template.split('/').peekable();
    while let Some(name) = names.next() {
        let segment = segments.next()?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if is_greedy && names.peek().is_none() => {
                let rest = std::iter::once(segment).chain(segments.by_ref()).collect::<Vec<_>>().join("/");
                parameters.push((name, decoded(&rest)));
            }
            Some(_) if segment.is_empty() => return None,
            Some(name) => parameters.push((name, decoded(segment))),
            None if name == segment || name == decoded(segment) => fixed += 1,
            None => return None,
        }
    }
    segments.next().is_none().then_some((fixed, parameters))
}
