//! Records, alone and in batches.

use super::*;

/// Each source's record with each of the bodies.
macro_rules! records {
    ($build:expr) => {
        bodies().into_iter().map(|body| Value::from($build([body])))
    };
}

async fn shown<R: FromRecord<Response = ()> + std::fmt::Debug>(record: R) -> Result<(), BoxError> {
    tracing::info!(?record, "shown");
    Ok(())
}

#[tokio::test]
async fn of_records() {
    keeps_secrets!(async |card: Sqs<Card>| shown(card).await, records!(sqs));
    keeps_secrets!(async |card: Sns<Card>| shown(card).await, records!(sns));
    keeps_secrets!(async |card: Kinesis<Card>| shown(card).await, records!(kinesis));
    keeps_secrets!(async |card: Kafka<Value, Card>| shown(card).await, records!(|body| kafka("orders", 0, body)));
    keeps_secrets!(async |card: MqMessage<Card>| shown(card).await, records!(|body| active_mq("orders", body)));
    keeps_secrets!(async |card: MqMessage<Card>| shown(card).await, records!(|body| rabbit_mq("orders", body)));
    // Firehose gets a failed record back unchanged, to store it with the reason.
    for event in records!(firehose) {
        let seen = Seen::default();
        let (lines, spans) = (seen.lines.clone(), seen.spans.clone());
        let function = pilaster::handler(async |card: Firehose<Card>| {
            tracing::info!(?card, "shown");
            Ok::<_, BoxError>(pilaster::records::TransformedRecord::Dropped)
        });
        let function = function.outer(LoggingLayer::new()).outer(seen.traces()).outer(seen.metrics());
        seen.call(Caller::new(function), &event, LogFormat::Json).await;
        let out = format!("{}{}", lines.text(), Value::from(spans.spans()));
        assert!(!out.lines().any(|line| holds(line, SECRET)) && out.contains("the record failed"), "{out}");
    }
    keeps_secrets!(
        async |log: LogRecord| {
            tracing::info!(?log, error = log.json::<Card>().map(drop).unwrap_err().to_string(), "shown");
            Ok::<_, BoxError>(())
        },
        records!(logs)
    );
    let change = |item: Value| Value::from(insert(item));
    keeps_secrets!(
        async |change: Change<Card>| {
            tracing::info!(?change, "shown");
            Ok::<_, BoxError>(())
        },
        [
            change(json!({"id": "1", "number": SECRET, "kind": "Credit"})),
            change(json!({"id": "1", "number": 1, "kind": SECRET}))
        ]
    );
    keeps_secrets!(
        async |record: Record, _: Sqs<Value>| {
            tracing::info!(?record, "shown");
            Err::<(), BoxError>("it failed".into())
        },
        records!(sqs)
    );
    keeps_secrets!(async |_: SesMessage| Ok::<_, BoxError>(()), records!(sqs));
    keeps_secrets!(
        async |card: EventBridge<Card>| shown(card).await,
        bodies().into_iter().map(|body| Value::from(event_bridge("shop", "Sold", body)))
    );
}

#[tokio::test]
async fn of_batches_with_layers() {
    for body in bodies() {
        let seen = Seen::default();
        let layer = from_fn(async |record: Record, next: Next| {
            tracing::info!(?record, "shown");
            next.run(record).await
        });
        let function = pilaster::handler(async |card: Sqs<Card>| shown(card).await).layer(layer);
        let function = function.outer(LoggingLayer::new()).outer(seen.traces()).outer(seen.metrics());
        let out = seen.call(Caller::new(function), &Value::from(sqs([body])), LogFormat::Json).await;
        assert!(!holds(&out, SECRET), "{out}");
    }
}
