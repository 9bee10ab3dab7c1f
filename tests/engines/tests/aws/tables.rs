//! `pilaster::table` over DynamoDB: it does what the table in memory does, call by call, and loses nothing when many write at once.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use pilaster::table::{Item, PutIfAbsent, Table, TableError};
use pilaster::{BoxError, Clients};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Creates a table with the schema of the module's docs.
pub(crate) async fn create(name: &str) -> Result<(aws_sdk_dynamodb::Client, Table), BoxError> {
    let dynamodb: aws_sdk_dynamodb::Client = Clients::new().get().await?;
    let text =
        |name| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name("index")
        .key_schema(key("index_pk", KeyType::Hash)?)
        .key_schema(key("index_sk", KeyType::Range)?)
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()?;
    let attributes = ["pk", "sk", "index_pk", "index_sk"].into_iter().map(text).collect::<Result<_, _>>()?;
    let create = dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let create = create.set_attribute_definitions(Some(attributes)).key_schema(key("pk", KeyType::Hash)?);
    create.key_schema(key("sk", KeyType::Range)?).global_secondary_indexes(index).send().await?;
    Ok((dynamodb.clone(), Table::new(dynamodb, name)))
}

/// A generator of numbers (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    fn one<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }
}

/// One call, which is made of a table of each kind.
#[derive(Clone, Debug)]
enum Call {
    Get(String, String),
    Put(String, String, Value, Option<bool>, Option<String>),
    PutIfAbsent(String, String, Value, Option<bool>),
    Delete(String, String),
    Query {
        partition: String,
        index: bool,
        prefix: String,
        after: String,
        before: String,
        limit: usize,
        back: bool,
    },
    /// Reads the first, writes or deletes the second, and fails if the last field is set.
    Atomically((String, String), (String, String), Option<Value>, bool),
}

fn random_call(random: &mut Random) -> Call {
    let sorts = ["-", "a", "a\u{0}", "ab", "a\u{10ffff}", "b", "é", "\u{1f600}"];
    let bounds = ["", "", "a", "ab", "b", "é", "\u{10ffff}"];
    let key = |random: &mut Random| (random.one(&["p", "q"]).to_owned(), random.one(&sorts).to_owned());
    let (partition, sort) = key(random);
    let values = [json!({}), json!({ "n": 1 }), json!({ "n": -0.5, "text": "", "list": [null, true, { "a": [] }] })];
    let value = values[random.below(3)].clone();
    let expiry = [None, None, Some(false), Some(true)][random.below(4)];
    match random.below(10) {
        0 => Call::Get(partition, sort),
        1 | 2 => {
            let index = (random.below(2) == 0).then(|| random.one(&["x", "y"]).to_owned());
            Call::Put(partition, sort, value, expiry, index)
        }
        3 | 4 => Call::PutIfAbsent(partition, sort, value, expiry),
        5 => Call::Delete(partition, sort),
        6 | 7 => Call::Query {
            index: random.below(2) == 0,
            partition: random.one(&["p", "q", "x", "y"]).to_owned(),
            prefix: random.one(&["", "", "a", "é"]).to_owned(),
            after: random.one(&bounds).to_owned(),
            before: random.one(&bounds).to_owned(),
            limit: random.below(4),
            back: random.below(2) == 0,
        },
        _ => {
            let written = key(random);
            let value = (random.below(3) > 0).then_some(value);
            Call::Atomically((partition, sort), written, value, random.below(4) == 0)
        }
    }
}

fn item(key: (String, String), value: &Value, expiry: Option<bool>) -> Result<Item, TableError> {
    let item = Item::new(key, value)?;
    let hour = Duration::from_secs(3600);
    let now = SystemTime::now();
    Ok(match expiry {
        None => item,
        Some(is_past) => item.expires_at(if is_past { now - hour } else { now + hour }),
    })
}

/// Makes a call, and returns its outcome as text.
async fn make(table: &Table, call: Call) -> Result<String, TableError> {
    Ok(match call {
        Call::Get(partition, sort) => format!("{:?}", table.get::<Value>((partition, sort)).await?),
        Call::Put(partition, sort, value, expiry, index) => {
            let mut item = item((partition, sort.clone()), &value, expiry)?;
            if let Some(index) = index {
                item = item.index((index, sort));
            }
            format!("{:?}", table.put_item(item).await?)
        }
        Call::PutIfAbsent(partition, sort, value, expiry) => {
            format!("{:?}", table.put_item_if_absent::<Value>(item((partition, sort), &value, expiry)?).await?)
        }
        Call::Delete(partition, sort) => format!("{:?}", table.delete((partition, sort)).await?),
        Call::Query { partition, index, prefix, after, before, limit, back } => {
            let mut query = table.query::<Value>(partition).prefix(&prefix).limit(limit);
            query = if after.is_empty() { query } else { query.after(&after) };
            query = if before.is_empty() { query } else { query.before(&before) };
            query = if index { query.index() } else { query };
            query = if back { query.descending() } else { query };
            // Two items of an index may have the same key there.
            let found = query.send().await?.into_iter().map(|found| found.key.sort().to_owned());
            format!("{:?}", found.collect::<Vec<_>>())
        }
        Call::Atomically(read, written, value, fails) => {
            let outcome = table.atomically(async |transaction| {
                let seen = transaction.get::<Value>(read.clone()).await?;
                match &value {
                    Some(value) => transaction.put(written.clone(), value)?,
                    None => transaction.delete(written.clone())?,
                }
                if fails { Err(BoxError::from("stop")) } else { Ok(seen) }
            });
            format!("{:?}", outcome.await)
        }
    })
}

#[tokio::test]
#[ignore = "started by its namesake with the engine's environment"]
async fn does_what_the_table_in_memory_does() -> Result<(), BoxError> {
    let (_, dynamodb) = create("model").await?;
    let memory = Table::in_memory();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut kinds = BTreeMap::<String, usize>::new();
    for n in 0..1_500 {
        let call = random_call(&mut random);
        let (ours, theirs) = (make(&memory, call.clone()).await, make(&dynamodb, call.clone()).await);
        let kind = format!("{call:?}").split(['(', ' ']).next().unwrap_or_default().to_owned();
        *kinds.entry(format!("{kind} {}", ours.is_ok())).or_default() += 1;
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "call {n}: {call:?}"),
            (Err(ours), Err(theirs)) => assert_eq!(ours.to_string(), theirs.to_string(), "call {n}: {call:?}"),
            (ours, theirs) => panic!("call {n}: {call:?}: {ours:?} in memory, {theirs:?} in DynamoDB"),
        }
    }
    assert!(kinds.len() >= 6, "{kinds:?}");
    Ok(())
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Account {
    cents: i64,
    transfers: u32,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by its namesake with the engine's environment"]
async fn loses_nothing_when_many_write_at_once() -> Result<(), BoxError> {
    let (_, table) = create("race").await?;
    let stored: tokio::task::JoinSet<_> = (0..20)
        .map(|n| {
            let table = table.clone();
            async move { table.put_if_absent("first", &Account { cents: n, transfers: 0 }).await }
        })
        .collect();
    let outcomes = stored.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == PutIfAbsent::Stored).count(), 1);

    let transfers: tokio::task::JoinSet<_> = (0..24_i64)
        .map(|n| {
            let table = table.clone();
            async move {
                let (payer, payee) = (format!("account#{}", n % 3), format!("account#{}", (n + 1) % 3));
                let moved = table.atomically(async |transaction| {
                    for (key, cents) in [(&payer, -n), (&payee, n)] {
                        let account = transaction.get::<Account>(key.clone()).await?.unwrap_or_default();
                        let changed = Account { cents: account.cents + cents, transfers: account.transfers + 1 };
                        transaction.put(key.clone(), &changed)?;
                    }
                    Ok::<_, TableError>(())
                });
                moved.await
            }
        })
        .collect();
    let moved = transfers.join_all().await;
    assert!(
        moved
            .iter()
            .all(|moved| moved.as_ref().is_ok_and(|()| true) || moved.as_ref().is_err_and(TableError::is_conflict))
    );
    let succeeded = moved.iter().filter(|moved| moved.is_ok()).count();
    let mut expected = [Account::default(); 3];
    for (n, _) in (0..24_i64).zip(&moved).filter(|(_, moved)| moved.is_ok()) {
        let n_index = usize::try_from(n)?;
        expected[n_index % 3].cents -= n;
        expected[(n_index + 1) % 3].cents += n;
        expected[n_index % 3].transfers += 1;
        expected[(n_index + 1) % 3].transfers += 1;
    }
    for (n, expected) in expected.into_iter().enumerate() {
        assert_eq!(table.get(format!("account#{n}")).await?, Some(expected));
    }
    assert!(succeeded >= 12, "{succeeded} of 24 transfers came through in 12 attempts each");
    Ok(())
}

#[tokio::test]
#[ignore = "started by its namesake with the engine's environment"]
async fn reads_what_another_program_wrote() -> Result<(), BoxError> {
    let (dynamodb, table) = create("foreign").await?;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |text: &str| AttributeValue::N(text.to_owned());
    let put = dynamodb.put_item().table_name("foreign").item("pk", text("account#1")).item("sk", text("-"));
    put.item("cents", number("7")).item("transfers", number("1")).send().await?;
    let account = Account { cents: 7, transfers: 1 };
    assert_eq!(table.put_if_absent("account#1", &Account::default()).await?, PutIfAbsent::Present(account));
    let changed = Account { cents: 8, transfers: 2 };
    let outcome = table.atomically(async |transaction| {
        let seen = transaction.get::<Account>("account#1").await?;
        transaction.put("account#1", &changed)?;
        Ok::<_, TableError>(seen)
    });
    assert_eq!(outcome.await?, Some(account));
    assert_eq!(table.get("account#1").await?, Some(changed));
    Ok(())
}
