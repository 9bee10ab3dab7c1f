//! [`Table`]: parameters in a DynamoDB table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{ParameterId, ParameterPath, ParameterSource, ParameterValue, ParameterValues};
use crate::config::aws;
use crate::config::cache::Refused;
use crate::core::error::BoxError;

/// Parameters in a DynamoDB table: an item has the name in `id` and the value in `value`, as in Powertools.
///
/// The function needs `dynamodb:GetItem` to read a parameter, and `dynamodb:Query` for those
/// [`below`](super::Parameters::below) a path: all items of a partition key; each is named by its sort key, `sk`. A
/// value that is a DynamoDB number, list or map is returned as JSON.
///
/// # Example
///
/// ```
/// use pilaster::config::parameters::{Parameters, Table};
/// use pilaster::{BoxError, Clients};
///
/// async fn limit(clients: &Clients) -> Result<u32, BoxError> {
///     let table = Table::new(clients.get().await?, "settings").value("limit");
///     Ok(Parameters::from_source(table).get("shop").json().await?)
/// }
/// # let _ = limit;
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    table: String,
    key: String,
    sort: String,
    value: String,
    consistent: bool,
}

impl Table {
    /// Creates a source from the parameters in this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        let (key, sort, value) = ("id".to_owned(), "sk".to_owned(), "value".to_owned());
        Self { client, table: table.into(), key, sort, value, consistent: false }
    }

    /// Sets the name of the partition key: `id` by default.
    #[must_use]
    pub fn key(mut self, attribute: impl Into<String>) -> Self {
        self.key = attribute.into();
        self
    }

    /// Sets the name of the sort key: `sk` by default.
    #[must_use]
    pub fn sort(mut self, attribute: impl Into<String>) -> Self {
        self.sort = attribute.into();
        self
    }

    /// Sets the name of the attribute with the value: `value` by default.
    #[must_use]
    pub fn value(mut self, attribute: impl Into<String>) -> Self {
        self.value = attribute.into();
        self
    }

    /// Uses strongly consistent reads, at twice the cost.
    #[must_use]
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    fn read(&self, id: &ParameterId, value: Option<&AttributeValue>) -> Result<ParameterValue, BoxError> {
        let value = value.ok_or_else(|| Refused::new(format!("its item has no attribute `{}`", self.value)))?;
        Ok(match value {
            AttributeValue::S(text) => ParameterValue::from_text(id, text.as_str()),
            AttributeValue::B(bytes) => ParameterValue::from_bytes(id, bytes.as_ref()),
            other => ParameterValue::from_text(id, json(other)?.to_string()),
        })
    }
}

impl ParameterSource for Table {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        let key = AttributeValue::S(id.name().to_owned());
        let request = self.client.get_item().table_name(&self.table).key(&self.key, key);
        let request = request.consistent_read(self.consistent);
        let output = aws::send(|| request.clone().send()).await.map_err(aws::failed)?;
        let item = output.item.ok_or_else(|| Refused::new("the table has no such item"))?;
        self.read(id, item.get(&self.value))
    }

    async fn fetch_below(&self, path: &ParameterPath) -> Result<ParameterValues, BoxError> {
        let request = self.client.query().table_name(&self.table).consistent_read(self.consistent);
        let request = request.key_condition_expression("#key = :key").expression_attribute_names("#key", &self.key);
        let request = request.expression_attribute_values(":key", AttributeValue::S(path.path().to_owned()));
        let mut values = ParameterValues::new();
        let mut start = None;
        loop {
            let page = request.clone().set_exclusive_start_key(start);
            let output = aws::send(|| page.clone().send()).await.map_err(aws::failed)?;
            for item in output.items() {
                let name = match item.get(&self.sort) {
                    Some(AttributeValue::S(name) | AttributeValue::N(name)) => name.clone(),
                    _ => return Err(format!("the sort key `{}` of an item must be text or a number", self.sort).into()),
                };
                let id = ParameterId::new(name.clone());
                values.insert(name, self.read(&id, item.get(&self.value))?);
            }
            start = output.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(values);
            }
        }
    }
}

/// Converts DynamoDB's value to JSON; bytes become base64. A number is exact if it is an integer of 64 bits or
/// a double.
fn json(value: &AttributeValue) -> Result<Value, BoxError> {
    let number =
        |text: &String| serde_json::from_str::<Value>(text).map_err(|_| "it contains a number that is not valid JSON");
    Ok(match value {
        AttributeValue::S(text) => Value::from(text.as_str()),
        AttributeValue::N(text) => number(text)?,
        AttributeValue::Bool(value) => Value::from(*value),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::B(bytes) => Value::from(STANDARD.encode(bytes)),
        AttributeValue::L(items) => Value::Array(items.iter().map(json).collect::<Result<_, _>>()?),
        AttributeValue::M(members) => {
            let members = members.iter().map(|(name, value)| Ok((name.clone(), json(value)?)));
            Value::Object(members.collect::<Result<Map<_, _>, BoxError>>()?)
        }
        AttributeValue::Ss(texts) => Value::from(texts.clone()),
        AttributeValue::Ns(texts) => Value::Array(texts.iter().map(number).collect::<Result<_, _>>()?),
        AttributeValue::Bs(all) => all.iter().map(|bytes| STANDARD.encode(bytes)).collect(),
        _ => return Err("its value has an unknown DynamoDB type".into()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn lists_maps_and_numbers_of_dynamodb_read_as_json() {
        let value = AttributeValue::M(HashMap::from([
            ("limit".to_owned(), AttributeValue::N("20".to_owned())),
            ("open".to_owned(), AttributeValue::Bool(true)),
            ("days".to_owned(), AttributeValue::L(vec![AttributeValue::S("MONDAY".to_owned())])),
        ]));
        assert_eq!(json(&value).unwrap(), serde_json::json!({ "limit": 20, "open": true, "days": ["MONDAY"] }));
    }
}
