//! Items in a DynamoDB table.

use std::collections::HashMap;
use std::ops::Bound;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};

use super::Committed;
use super::error::TableError;
use super::item::{Expected, OWN, Row, Write, Written};
use super::key::Key;
use super::limits::is_same_number;
use super::query::Range;
use crate::clients::attribute_value::{from_json, number, text, to_json};
use crate::clients::{THROTTLED_REASONS, unique};
use crate::core::error::BoxError;

const INDEX: &str = "index";

type Attributes = HashMap<String, AttributeValue>;

#[derive(Clone)]
pub(super) struct DynamoDb {
    client: Client,
    table: String,
}

impl DynamoDb {
    pub(super) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub(super) async fn get(&self, key: &Key) -> Result<Option<Row>, TableError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key_attributes(key)));
        let item = get.consistent_read(true).send().await.map_err(TableError::failed)?.item;
        item.map(read).transpose()
    }

    /// Sends all writes as one transaction, also a single one: a retry of the SDK after a lost response then has no effect,
    /// whatever others have written in between.
    pub(super) async fn commit(&self, mut writes: Vec<Write>) -> Result<Committed, TableError> {
        let token = unique();
        for write in &mut writes {
            if let Written::Put(row) = &mut write.row {
                row.revision = Some(token.clone());
            }
        }
        let items = writes.iter().map(|write| self.transaction_item(write)).collect::<Result<Vec<_>, _>>();
        let request = self.client.transact_write_items().client_request_token(token);
        let request = request.set_transact_items(Some(items.map_err(TableError::failed)?));
        let Err(error) = request.send().await else { return Ok(Committed::Yes) };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
            _ => &[],
        };
        if !is_conflict(reasons) {
            return Err(TableError::failed(error));
        }
        let found = reasons.iter().find_map(|reason| reason.item().filter(|item| !item.is_empty()));
        Ok(Committed::No { writes, found: found.cloned().map(read).transpose()? })
    }

    fn transaction_item(&self, write: &Write) -> Result<TransactWriteItem, BoxError> {
        let (condition, values) = condition(&write.expected);
        let item = TransactWriteItem::builder();
        Ok(match &write.row {
            Written::Put(row) => {
                let put = Put::builder().table_name(&self.table).set_item(Some(attributes(row)));
                let put = put.set_condition_expression(condition).set_expression_attribute_values(values);
                let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
                item.put(put.build()?).build()
            }
            Written::Delete(key) => {
                let delete = Delete::builder().table_name(&self.table).set_key(Some(key_attributes(key)));
                let delete = delete.set_condition_expression(condition).set_expression_attribute_values(values);
                item.delete(delete.build()?).build()
            }
            Written::Unchanged(key) => {
                let check = ConditionCheck::builder().table_name(&self.table).set_key(Some(key_attributes(key)));
                let check = check.set_condition_expression(condition).set_expression_attribute_values(values);
                item.condition_check(check.build()?).build()
            }
        })
    }

    /// Returns up to `limit` rows of a range that have not expired.
    pub(super) async fn query(&self, range: &Range, limit: usize) -> Result<Vec<Row>, TableError> {
        let (pk, sk) = if range.index { ("index_pk", "index_sk") } else { ("pk", "sk") };
        let (from, above) = match &range.from {
            Bound::Included(from) => (Some(from), ">="),
            Bound::Excluded(after) => (Some(after), ">"),
            Bound::Unbounded => (None, ""),
        };
        let sort = match (from, &range.before) {
            (None, None) => String::new(),
            (Some(_), None) => format!(" AND {sk} {above} :from"),
            (None, Some(_)) => format!(" AND {sk} < :before"),
            // BETWEEN includes both, which are left out below.
            (Some(_), Some(_)) => format!(" AND {sk} BETWEEN :from AND :before"),
        };
        let query = self.client.query().table_name(&self.table).scan_index_forward(!range.descending);
        let query = match range.index {
            true => query.index_name(INDEX),
            false => query.consistent_read(true),
        };
        let query = query.key_condition_expression(format!("{pk} = :partition{sort}"));
        let mut query = query.expression_attribute_values(":partition", text(&range.partition));
        for (name, value) in [(":from", from), (":before", range.before.as_ref())] {
            if let Some(value) = value {
                query = query.expression_attribute_values(name, text(value));
            }
        }
        let (mut rows, mut start) = (Vec::new(), None);
        // Both ends of BETWEEN may be left out.
        let mut size = limit.saturating_add(2);
        loop {
            let page = query
                .clone()
                .limit(i32::try_from(size).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await;
            let page = page.map_err(TableError::failed)?;
            for item in page.items.unwrap_or_default() {
                let row = read(item)?;
                if range.key_of(&row).is_some_and(|key| range.contains(key)) && !row.has_expired() {
                    rows.push(row);
                }
            }
            start = page.last_evaluated_key;
            // Items that have expired may be many.
            size = size.saturating_mul(2);
            if start.is_none() || rows.len() >= limit {
                rows.truncate(limit);
                return Ok(rows);
            }
        }
    }
}

/// Returns `true` if the transaction may succeed when its work has run again.
fn is_conflict(reasons: &[CancellationReason]) -> bool {
    let codes = || reasons.iter().filter_map(|reason| reason.code()).filter(|code| *code != "None");
    let is_one = |code: &str| matches!(code, "ConditionalCheckFailed" | "TransactionConflict");
    codes().any(is_one) && codes().all(|code| is_one(code) || THROTTLED_REASONS.contains(&code))
}

fn condition(expected: &Expected) -> (Option<String>, Option<Attributes>) {
    let condition = match expected {
        Expected::Anything => return (None, None),
        Expected::Absent => "attribute_not_exists(pk)",
        Expected::Revision(None) => "attribute_exists(pk) AND attribute_not_exists(revision)",
        Expected::Revision(Some(_)) => "revision = :revision",
    };
    let values = match expected {
        Expected::Revision(Some(revision)) => Some(HashMap::from([(":revision".to_owned(), text(revision))])),
        _ => None,
    };
    (Some(condition.to_owned()), values)
}

fn key_attributes(key: &Key) -> Attributes {
    HashMap::from([("pk".to_owned(), text(&key.partition)), ("sk".to_owned(), text(&key.sort))])
}

fn attributes(row: &Row) -> Attributes {
    let mut item = key_attributes(&row.key);
    item.extend(row.value.iter().map(|(name, value)| (name.clone(), from_json(value.clone()))));
    item.extend(row.revision.iter().map(|revision| ("revision".to_owned(), text(revision))));
    item.extend(row.expires_at.iter().map(|at| ("expires_at".to_owned(), number(*at))));
    if let Some(index) = &row.index {
        item.insert("index_pk".to_owned(), text(&index.partition));
        item.insert("index_sk".to_owned(), text(&index.sort));
    }
    item
}

/// Reads an item, which another program may have written.
fn read(mut item: Attributes) -> Result<Row, TableError> {
    let [partition, sort, revision, expires_at, index_partition, index_sort] = OWN.map(|name| item.remove(name));
    let text = |value: Option<AttributeValue>| match value {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    };
    let (Some(partition), Some(sort)) = (text(partition), text(sort)) else {
        return Err(TableError::invalid(
            "the table must have the partition key `pk` and the sort key `sk`, both strings",
        ));
    };
    if revision.as_ref().is_some_and(|revision| !revision.is_s()) {
        return Err(TableError::invalid("the attribute `revision` of an item must be a string"));
    }
    if !item.values().all(is_exact) {
        return Err(TableError::invalid("an item has a number with more digits than its value can hold"));
    }
    let seconds = expires_at.as_ref().and_then(|value| value.as_n().ok()).and_then(|text| text.parse::<f64>().ok());
    let value = item.into_iter().map(|(name, value)| Ok((name, to_json(value)?))).collect::<Result<_, BoxError>>();
    Ok(Row {
        key: Key { partition, sort },
        revision: text(revision),
        // Zero and less do not expire in DynamoDB either.
        expires_at: seconds.filter(|seconds| *seconds >= 1.0).map(|seconds| seconds as u64),
        index: text(index_partition).zip(text(index_sort)).map(|(partition, sort)| Key { partition, sort }),
        value: value.map_err(|error| TableError::unreadable("an item of the table cannot be read", error))?,
    })
}

/// Returns `true` if all numbers of a value are read without a change.
fn is_exact(value: &AttributeValue) -> bool {
    let is_exact_number = |text: &String| {
        text.parse::<serde_json::Number>().is_ok_and(|number| is_same_number(&number.to_string(), text))
    };
    match value {
        AttributeValue::N(text) => is_exact_number(text),
        AttributeValue::Ns(texts) => texts.iter().all(is_exact_number),
        AttributeValue::L(items) => items.iter().all(is_exact),
        AttributeValue::M(members) => members.values().all(is_exact),
        _ => true,
    }
}
