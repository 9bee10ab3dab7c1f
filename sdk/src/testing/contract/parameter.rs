//! The texts of a parameter, by its place, its `style` and its `explode`
//! ([OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.0#style-values)).

use http::header;
use serde_json::Value;

use super::Contract;
use super::find::Operation;
use super::sent::Sent;
use super::shape::{self, Shape};

/// The texts of a parameter.
#[derive(Debug, PartialEq)]
pub(super) enum Texts {
    One(String),
    List(Vec<String>),
    Members(Vec<(String, String)>),
}

/// How a parameter is written.
pub(super) struct Form<'d> {
    pub(super) place: &'d str,
    pub(super) name: &'d str,
    style: &'d str,
    explode: bool,
}

impl<'d> Form<'d> {
    pub(super) fn of(parameter: &'d Value) -> Self {
        let member = |name: &str| parameter.get(name).and_then(Value::as_str);
        let place = member("in").unwrap_or_default();
        let usual = if matches!(place, "query" | "cookie") { "form" } else { "simple" };
        let style = member("style").unwrap_or(usual);
        let explode = parameter.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
        Self { place, name: member("name").unwrap_or_default(), style, explode }
    }

    /// Returns the name for messages.
    pub(super) fn what(&self) -> String {
        format!("the {} parameter `{}`", self.place, self.name)
    }

    fn unknown(&self, shape: Shape) -> String {
        let explode = if self.explode { " and `explode`" } else { "" };
        format!(
            "{}: tests do not know {shape} with the style `{}`{explode} in the {}",
            self.what(),
            self.style,
            self.place
        )
    }

    /// Returns the values as they were sent: decoded, and as in the query string.
    fn values(&self, operation: &Operation<'_>, sent: &Sent) -> Result<Vec<(String, String)>, String> {
        let same = |text: String| (text.clone(), text);
        Ok(match self.place {
            "path" => {
                let of_name = operation.parameters.iter().filter(|(known, _)| *known == self.name);
                of_name.map(|(_, value)| same(value.clone())).collect()
            }
            "query" => {
                let of_name = sent.query.iter().zip(&sent.raw_query).filter(|((known, _), _)| known == self.name);
                of_name.map(|((_, value), raw)| (value.clone(), raw.clone())).collect()
            }
            "header" => {
                let lines = sent.headers.get_all(self.name).iter();
                lines.map(|value| same(String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
            }
            "cookie" => {
                let lines = sent.headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
                let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
                pairs.filter(|(known, _)| *known == self.name).map(|(_, value)| same(value.to_owned())).collect()
            }
            place => return Err(format!("{}: tests do not know parameters in `{place}`", self.what())),
        })
    }

    /// Returns the texts of a parameter of this shape; `None` if it was not sent.
    pub(super) fn read(
        &self,
        contract: &Contract,
        schema: &Value,
        operation: &Operation<'_>,
        sent: &Sent,
    ) -> Result<Option<Texts>, String> {
        let shape = shape::of(contract, schema)?;
        // An object whose members are parameters of their own.
        if shape == Shape::Object && self.place == "query" {
            let members = match (self.style, self.explode) {
                ("deepObject", _) => Some(self.deep(sent)?),
                ("form", true) => Some(self.exploded(contract, schema, operation, sent)?),
                _ => None,
            };
            if let Some(members) = members {
                return Ok(Some(members).filter(|members| !members.is_empty()).map(Texts::Members));
            }
        }
        let values = self.values(operation, sent)?;
        let Some((text, raw)) = values.first() else { return Ok(None) };
        let list = |separator: char| {
            let texts: Vec<_> = split(text, separator);
            Ok(Some(Texts::List(texts)))
        };
        match (self.place, self.style, shape) {
            ("header", "simple", Shape::List) => {
                let items = values.iter().flat_map(|(line, _)| line.split(',')).map(|item| item.trim().to_owned());
                Ok(Some(Texts::List(items.collect())))
            }
            ("query" | "cookie", "form", Shape::List) if !self.explode => {
                Ok(Some(Texts::List(split(raw, ',').iter().map(|item| decoded(item)).collect())))
            }
            ("query", "form" | "spaceDelimited" | "pipeDelimited", Shape::List) if self.explode => {
                Ok(Some(Texts::List(values.into_iter().map(|(value, _)| value).collect())))
            }
            (_, _, Shape::Text) if values.len() > 1 => Err(format!("{} is sent more than once", self.what())),
            ("query" | "cookie", "form", Shape::Text) | ("path" | "header", "simple", Shape::Text) => {
                Ok(Some(Texts::One(text.clone())))
            }
            ("query", "spaceDelimited", Shape::List) => list(' '),
            ("query", "pipeDelimited", Shape::List) => list('|'),
            ("path", "simple", Shape::List) => list(','),
            ("query", "form", Shape::Object) => {
                let items: Vec<_> = split(raw, ',').iter().map(|item| decoded(item)).collect();
                self.pairs(&items).map(Some)
            }
            ("query", "spaceDelimited", Shape::Object) if !self.explode => self.pairs(&split(text, ' ')).map(Some),
            ("query", "pipeDelimited", Shape::Object) if !self.explode => self.pairs(&split(text, '|')).map(Some),
            ("path" | "header", "simple", Shape::Object) => self.members(text, ',').map(Some),
            ("path", "label", _) => {
                let text = text.strip_prefix('.').ok_or_else(|| format!("{} does not begin with `.`", self.what()))?;
                let separator = if self.explode { '.' } else { ',' };
                match shape {
                    Shape::Text => Ok(Some(Texts::One(text.to_owned()))),
                    Shape::List => Ok(Some(Texts::List(split(text, separator)))),
                    Shape::Object => self.members(text, separator).map(Some),
                }
            }
            ("path", "matrix", _) => self.matrix(text, shape).map(Some),
            _ => Err(self.unknown(shape)),
        }
    }

    /// Reads `filter[name]=a&filter[age]=1`.
    fn deep(&self, sent: &Sent) -> Result<Vec<(String, String)>, String> {
        let inner = sent.query.iter().filter_map(|(key, value)| {
            let inner = key.strip_prefix(self.name)?.strip_prefix('[')?.strip_suffix(']')?;
            Some((inner.to_owned(), value.clone()))
        });
        let members: Vec<_> = inner.collect();
        match members.iter().any(|(name, _)| name.contains(['[', ']'])) {
            true => Err(format!("{} is nested: tests do not know objects in objects of a query", self.what())),
            false => Ok(members),
        }
    }

    /// Reads `name=a&age=1`.
    fn exploded(
        &self,
        contract: &Contract,
        schema: &Value,
        operation: &Operation<'_>,
        sent: &Sent,
    ) -> Result<Vec<(String, String)>, String> {
        let others = names_of_query(contract, operation)?;
        let mut members = Vec::new();
        for (name, value) in &sent.query {
            let is_open = shape::is_open(contract, schema)? && !others.contains(&name.as_str());
            if is_open || shape::member(contract, schema, name)?.is_some() {
                members.push((name.clone(), value.clone()));
            }
        }
        Ok(members)
    }

    /// Reads `name,a,age,1`.
    fn pairs(&self, items: &[String]) -> Result<Texts, String> {
        match items.len() % 2 {
            0 => {
                let pairs = items.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
                Ok(Texts::Members(pairs.collect()))
            }
            _ => Err(format!("{} has a name without a value", self.what())),
        }
    }

    /// Reads `name=a,age=1`, or the names and values in turn.
    fn members(&self, text: &str, separator: char) -> Result<Texts, String> {
        if !self.explode {
            return self.pairs(&split(text, ','));
        }
        let pairs = text.split(separator).map(|pair| {
            let pair = pair.trim().split_once('=').ok_or_else(|| format!("{} has a name without a value", self.what()));
            pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        });
        pairs.collect::<Result<_, _>>().map(Texts::Members)
    }

    /// Reads `;id=1`, `;id=1;id=2`, `;id=1,2`, `;name=a;age=1` or `;user=name,a,age,1`.
    fn matrix(&self, text: &str, shape: Shape) -> Result<Texts, String> {
        let text = text.strip_prefix(';').ok_or_else(|| format!("{} does not begin with `;`", self.what()))?;
        if shape == Shape::Object && self.explode {
            return self.members(text, ';');
        }
        let values = text.split(';').map(|pair| {
            let value = pair.split_once('=').filter(|(name, _)| *name == self.name).map(|(_, value)| value.to_owned());
            value.ok_or_else(|| format!("{} does not have the form `;{}=value`", self.what(), self.name))
        });
        let mut values = values.collect::<Result<Vec<_>, _>>()?;
        match (shape, values.len()) {
            (Shape::List, _) if self.explode => Ok(Texts::List(values)),
            (_, 2..) => Err(format!("{} is sent more than once", self.what())),
            (Shape::Text, _) => Ok(Texts::One(values.remove(0))),
            (Shape::List, _) => Ok(Texts::List(split(&values[0], ','))),
            (Shape::Object, _) => self.pairs(&split(&values[0], ',')),
        }
    }
}

/// Returns the items; none of an empty text.
fn split(text: &str, separator: char) -> Vec<String> {
    let items = if text.is_empty() { Vec::new() } else { text.split(separator).collect() };
    items.into_iter().map(str::to_owned).collect()
}

fn decoded(raw: &str) -> String {
    percent_encoding::percent_decode_str(&raw.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Returns the names of an operation's parameters in the query.
fn names_of_query<'c>(contract: &'c Contract, operation: &'c Operation<'_>) -> Result<Vec<&'c str>, String> {
    let mut names = Vec::new();
    for parameter in operation.declared() {
        let form = Form::of(contract.resolve(parameter)?);
        names.extend((form.place == "query").then_some(form.name));
    }
    Ok(names)
}
