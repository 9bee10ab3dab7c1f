//! Finds the operation of a request.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::Contract;
use super::sent::Sent;

/// The operation of a request.
pub(super) struct Operation<'d> {
    method: String,
    path: &'d str,
    /// The operation in the document.
    pub(super) value: &'d Value,
    /// The operations of the path: those beside its reference, and those to which it leads.
    items: [&'d Value; 2],
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

    /// Returns the declared parameters: those of the path, then those of the operation. Of two of one name, the latter
    /// counts.
    pub(super) fn declared(&self) -> impl Iterator<Item = &Value> {
        let [beside, item] = self.items;
        let beside = (!std::ptr::eq(beside, item)).then_some(beside);
        let each = beside.into_iter().chain([item, self.value]);
        each.filter_map(|part| part.get("parameters")?.as_array()).flatten()
    }
}

/// Returns the operation of a request, whose response has this status.
pub(super) fn operation<'d>(contract: &'d Contract, sent: &Sent, status: u16) -> Result<Option<Operation<'d>>, String> {
    let document = &*contract.document;
    let paths = without_base(document, &sent.path);
    let Some(templates) = document.get("paths").and_then(Value::as_object) else { return Ok(None) };
    let of_form = |is_greedy: bool| {
        let mut found: Vec<_> = templates
            .iter()
            .flat_map(|(template, item)| paths.iter().map(move |path| (template, item, path)))
            .filter_map(|(template, item, path)| Some((template, item, matched(template, path, is_greedy)?)))
            .collect();
        // The path with the most fixed segments comes first.
        found.sort_by_key(|(.., (fixed, _))| std::cmp::Reverse(*fixed));
        found
    };
    let is_unknown = matches!(status, 404 | 405);
    let mut found = of_form(false);
    if is_unknown {
        // A router looks for the method in the first path alone.
        found.truncate(1);
    } else if found.is_empty() {
        // A parameter for the rest of the path, which OpenAPI cannot express, takes what no other path does.
        found = of_form(true);
    }
    for (path, beside, (_, parameters)) in found {
        let item = contract.resolve(beside)?;
        let items = [beside, item];
        let of = |method: &str| items.iter().find_map(|item| item.get(method));
        let method = sent.method.to_ascii_lowercase();
        let method = if method == "head" && of("head").is_none() { "get".to_owned() } else { method };
        if let Some(value) = of(&method) {
            return Ok(Some(Operation { method, path, value, items, parameters }));
        }
    }
    Ok(None)
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
