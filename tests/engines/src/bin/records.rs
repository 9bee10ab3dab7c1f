//! A record function for the tests to run as a built binary. The body of a record sets its outcome; the work that was done is
//! written into a table, so that the test can count it. `SOURCE` chooses what the function takes one of.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use pilaster::records::{Batch, RecordError};
use pilaster::{BoxError, Change, Client, Clients, EventBridge, FromClients, Kinesis, S3Object, Sns, Sqs, StartError};
use serde::Deserialize;

/// The body of a record.
#[derive(Deserialize)]
struct Instruction {
    id: String,
    /// Within which order counts.
    group: Option<String>,
    #[serde(default)]
    what: What,
    /// It is done at this delivery and at the ones before it; at the next all is well. Without it, always.
    until: Option<u32>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    #[default]
    Ok,
    Fail,
    Panic,
    Hang,
    Discard,
    /// Ends the process, with all that runs beside the record.
    Crash,
}

/// A table that remembers what was done. Without `TABLE_NAME` there is none.
#[derive(Clone)]
struct Ledger(Option<(aws_sdk_dynamodb::Client, String)>);

impl FromClients for Ledger {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        match std::env::var("TABLE_NAME") {
            Ok(table) => Ok(Self(Some((clients.get().await?, table)))),
            Err(_) => Ok(Self(None)),
        }
    }
}

impl Ledger {
    /// Adds one to a number of an item.
    async fn count(&self, id: &str, what: &str) -> Result<(), BoxError> {
        self.update(id, "ADD #of :add", what, AttributeValue::N("1".to_owned())).await
    }

    /// Puts a text at the end of a list of an item.
    async fn append(&self, id: &str, list: &str, text: &str) -> Result<(), BoxError> {
        let texts = AttributeValue::L(vec![AttributeValue::S(text.to_owned())]);
        self.update(id, "SET #of = list_append(if_not_exists(#of, :none), :add)", list, texts).await
    }

    async fn update(&self, id: &str, update: &str, of: &str, add: AttributeValue) -> Result<(), BoxError> {
        let Some((client, table)) = &self.0 else { return Ok(()) };
        let mut item = client
            .update_item()
            .table_name(table)
            .key("id", AttributeValue::S(id.to_owned()))
            .update_expression(update)
            .expression_attribute_names("#of", of)
            .expression_attribute_values(":add", add);
        if update.contains(":none") {
            item = item.expression_attribute_values(":none", AttributeValue::L(Vec::new()));
        }
        item.send().await?;
        Ok(())
    }
}

/// Does what the record says, and writes down the delivery before and the deed after.
async fn act(ledger: &Ledger, instruction: &Instruction, delivery: u32) -> Result<(), BoxError> {
    let id = format!("record#{}", instruction.id);
    ledger.append(&id, "begun", &delivery.to_string()).await?;
    let what = if instruction.until.is_some_and(|until| delivery > until) { What::Ok } else { instruction.what };
    match what {
        What::Ok => {}
        What::Fail => return Err("asked to fail".into()),
        What::Panic => panic!("asked to panic"),
        What::Hang => std::future::pending().await,
        What::Discard => return Err(RecordError::discard("asked to give up").into()),
        What::Crash => {
            ledger.count(&id, "crashes").await?;
            // The others of the batch are under way by now.
            tokio::time::sleep(Duration::from_millis(5)).await;
            std::process::exit(1);
        }
    }
    if let Some(group) = &instruction.group {
        ledger.append(&format!("group#{group}"), "order", &instruction.id).await?;
    }
    ledger.append(&id, "done", &delivery.to_string()).await
}

async fn sqs(Client(ledger): Client<Ledger>, instruction: Sqs<Instruction>) -> Result<(), BoxError> {
    act(&ledger, &instruction, instruction.message.receive_count()).await
}

async fn kinesis(Client(ledger): Client<Ledger>, instruction: Kinesis<Instruction>) -> Result<(), BoxError> {
    act(&ledger, &instruction, 1).await?;
    let key = instruction.record.partition_key().unwrap_or_default();
    ledger.append(&format!("key#{key}"), "order", &instruction.id).await
}

#[derive(Deserialize)]
struct Account {
    id: String,
    version: u32,
    /// Of 38 digits.
    balance: String,
}

async fn dynamodb(Client(ledger): Client<Ledger>, change: Change<Account>) -> Result<(), BoxError> {
    let (id, what) = match change {
        Change::Insert { new, .. } => (new.id, format!("new {}: {}", new.version, new.balance)),
        Change::Modify { old, new, .. } => (new.id, format!("{} to {}: {}", old.version, new.version, new.balance)),
        Change::Remove { old, .. } => (old.id, format!("{} gone", old.version)),
    };
    ledger.append(&format!("key#{id}"), "order", &what).await
}

async fn sns(Client(ledger): Client<Ledger>, instruction: Sns<Instruction>) -> Result<(), BoxError> {
    let notification = &instruction.notification;
    let seen = [notification.topic_name(), notification.subject().map(Into::into)].map(Option::unwrap_or_default);
    ledger.append(&format!("record#{}", instruction.id), "seen", &seen.join("/")).await?;
    act(&ledger, &instruction, 1).await
}

async fn event_bridge(Client(ledger): Client<Ledger>, instruction: EventBridge<Instruction>) -> Result<(), BoxError> {
    let seen = format!("{}/{}", instruction.source, instruction.detail_type);
    // The event has an id as well.
    ledger.append(&format!("record#{}", instruction.detail.id), "seen", &seen).await?;
    act(&ledger, &instruction.detail, 1).await
}

async fn s3(Client(ledger): Client<Ledger>, object: S3Object) -> Result<(), BoxError> {
    let seen = format!("{} bytes, created: {}", object.size().unwrap_or_default(), object.is_created());
    ledger.append(&format!("record#{}", object.key()), "done", &seen).await
}

fn main() -> Result<(), StartError> {
    let mut batch = Batch::new();
    if let Ok(records) = std::env::var("CONCURRENCY") {
        batch = batch.concurrency(records.parse().expect("a number"));
    }
    match std::env::var("SOURCE").as_deref() {
        Err(_) => pilaster::run(pilaster::handler(sqs).batch(batch)),
        Ok("kinesis") => pilaster::run(pilaster::handler(kinesis).batch(batch)),
        Ok("dynamodb") => pilaster::run(pilaster::handler(dynamodb).batch(batch)),
        Ok("sns") => pilaster::run(pilaster::handler(sns).batch(batch)),
        Ok("eventbridge") => pilaster::run(pilaster::handler(event_bridge).batch(batch)),
        Ok("s3") => pilaster::run(pilaster::handler(s3).batch(batch)),
        Ok(other) => panic!("there is no function for {other}"),
    }
}
