//! Checks a request by its operation.

use http::header;
use serde_json::{Map, Value};

use super::find::Operation;
use super::parameter::{Form, Texts};
use super::sent::Sent;
use super::{Contract, check_body, is_json, shape};

pub(super) fn check(contract: &Contract, operation: &Operation<'_>, sent: &Sent) -> Result<(), String> {
    let declared = operation.declared().map(|parameter| contract.resolve(parameter));
    let mut declared = declared.collect::<Result<Vec<_>, _>>()?;
    while let Some(parameter) = declared.pop() {
        check_parameter(contract, parameter, operation, sent)?;
        // The operation's own replaces that of the path.
        declared.retain(|other| ["in", "name"].iter().any(|member| other[member] != parameter[member]));
    }
    let Some(body) = operation.value.get("requestBody") else { return Ok(()) };
    let body = contract.resolve(body)?;
    if sent.body.is_empty() {
        let is_required = body.get("required") == Some(&Value::Bool(true));
        return if is_required { Err("the body is required".to_owned()) } else { Ok(()) };
    }
    let media_type = sent.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content = body.get("content").unwrap_or(&Value::Null);
    // Without a media type, such as in `Bytes`.
    let media_type = media_type.or_else(|| content.get("*/*").map(|_| "application/octet-stream"));
    check_body(contract, content, media_type, &sent.body, "the body")
}

fn check_parameter(
    contract: &Contract,
    parameter: &Value,
    operation: &Operation<'_>,
    sent: &Sent,
) -> Result<(), String> {
    let form = Form::of(parameter);
    let what = form.what();
    let any = Value::Object(Map::new());
    let (schema, media_type) =
        match parameter.get("content").and_then(Value::as_object).and_then(|all| all.iter().next()) {
            Some((media_type, entry)) => (entry.get("schema"), Some(media_type)),
            None => (parameter.get("schema"), None),
        };
    let schema = schema.unwrap_or(&any);
    // A parameter with a media type is one text, whatever its schema is.
    let read_as = if media_type.is_some() { &any } else { schema };
    let Some(texts) = form.read(contract, read_as, operation, sent)? else {
        let is_required = parameter.get("required") == Some(&Value::Bool(true));
        return if is_required { Err(format!("{what} is required")) } else { Ok(()) };
    };
    let may_be_empty = parameter.get("allowEmptyValue") == Some(&Value::Bool(true));
    if may_be_empty && is_empty(&texts) {
        return Ok(());
    }
    let value = match (media_type, texts) {
        (Some(media_type), Texts::One(text)) if is_json(media_type) => {
            serde_json::from_str(&text).map_err(|_| format!("{what} is not JSON"))?
        }
        (Some(media_type), _) => {
            return Err(format!("{what} has the media type `{media_type}`: tests know JSON alone"));
        }
        (None, texts) => value(contract, schema, texts, &what)?,
    };
    contract.schemas.check(schema, &value, &what)
}

fn is_empty(texts: &Texts) -> bool {
    match texts {
        Texts::One(text) => text.is_empty(),
        Texts::List(texts) => texts.iter().all(String::is_empty),
        Texts::Members(_) => false,
    }
}

/// Returns the value of a parameter's texts.
fn value(contract: &Contract, schema: &Value, texts: Texts, what: &str) -> Result<Value, String> {
    let any = Value::Object(Map::new());
    match texts {
        Texts::One(text) => Ok(typed(contract, schema, &text)),
        Texts::List(texts) => {
            let items = texts.iter().enumerate().map(|(at, text)| {
                let item = shape::item(contract, schema, at)?.unwrap_or(&any);
                Ok(typed(contract, item, text))
            });
            items.collect()
        }
        Texts::Members(members) => {
            let mut object = Map::new();
            for (name, text) in members {
                let own = shape::member(contract, schema, &name)?;
                let member = own.map_or_else(|| shape::others(contract, schema), |own| Ok(Some(own)))?.unwrap_or(&any);
                if shape::of(contract, member)? == shape::Shape::List {
                    let item = shape::item(contract, member, 0)?.unwrap_or(&any);
                    let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                    list.as_array_mut().into_iter().for_each(|list| list.push(typed(contract, item, &text)));
                } else if object.insert(name.clone(), typed(contract, member, &text)).is_some() {
                    return Err(format!("{what} has `{name}` more than once"));
                }
            }
            Ok(object.into())
        }
    }
}

/// Returns a text as it is if the schema allows that, otherwise the number, the boolean or `null` that it is.
fn typed(contract: &Contract, schema: &Value, text: &str) -> Value {
    if contract.schemas.check(schema, &text.into(), "").is_ok() {
        return text.into();
    }
    let value = serde_json::from_str::<Value>(text).ok();
    value.filter(|value| !value.is_array() && !value.is_object()).unwrap_or_else(|| text.into())
}
