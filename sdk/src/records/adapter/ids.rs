//! The id, the lane and the body of each record of an event.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::lanes;
use super::queue::{QueuedRecord, Step};
use crate::core::json::lenient::{MaybeText, Whole, skimmed};
use crate::records::error::DecodeError;
use crate::records::record::{BatchEvent, Body, EventRecord, Record, RecordId};
use crate::records::source::{ResponseFormat, Source};

skimmed! {
    /// The members of a record of any source that its id, its lane and its body are made from.
    struct RecordMembers {
        event_source: MaybeText<'a> = "eventSource" | "EventSource",
        arn: MaybeText<'a> = "eventSourceARN",
        message_id: MaybeText<'a> = "messageId",
        body: MaybeText<'a> = "body",
        attributes: Attributes<'a> = "attributes",
        kinesis: Kinesis<'a> = "kinesis",
        dynamodb: DynamoDb<'a> = "dynamodb",
        s3: S3<'a> = "s3",
        sns: Sns<'a> = "Sns",
        ses: Ses<'a> = "ses",
        record_id: MaybeText<'a> = "recordId",
        task_id: MaybeText<'a> = "taskId",
        mq_id: MaybeText<'a> = "messageID",
        offset: Whole = "offset",
    }
}

skimmed! {
    struct Attributes {
        group: MaybeText<'a> = "MessageGroupId",
        receive_count: MaybeText<'a> = "ApproximateReceiveCount",
    }
}

skimmed! {
    struct Kinesis {
        sequence_number: MaybeText<'a> = "sequenceNumber",
        partition_key: MaybeText<'a> = "partitionKey",
    }
}

skimmed! {
    struct DynamoDb {
        sequence_number: MaybeText<'a> = "SequenceNumber",
        keys: Option<&'a RawValue> = "Keys",
    }
}

skimmed! {
    struct S3 {
        bucket: Bucket<'a> = "bucket",
        object: Object<'a> = "object",
    }
}

skimmed! {
    struct Bucket {
        name: MaybeText<'a> = "name",
    }
}

skimmed! {
    struct Object {
        key: MaybeText<'a> = "key",
    }
}

skimmed! {
    struct Sns {
        message_id: MaybeText<'a> = "MessageId",
    }
}

skimmed! {
    struct Ses {
        mail: Mail<'a> = "mail",
    }
}

skimmed! {
    struct Mail {
        message_id: MaybeText<'a> = "messageId",
    }
}

/// A record of an event, before its id and its lane are made.
pub(super) struct LocatedRecord<'a> {
    pub(super) members: RecordMembers<'a>,
    pub(super) at: Option<Range<usize>>,
    /// The partition or queue, where the event groups its records, and the position in it.
    pub(super) group: Option<(Cow<'a, str>, usize)>,
}

impl LocatedRecord<'_> {
    pub(super) fn into_queued(self, text: &str, event: &Arc<BatchEvent>, index: usize) -> QueuedRecord {
        let Self { members, group, .. } = self;
        let (mut lane, mut body, mut receive_count) = (None, None, None);
        let id = |text: MaybeText<'_>| RecordId::of(text.0.map(|text| event.text.share(&text)));
        let mut id = match event.source {
            Source::Sqs => {
                // Only a FIFO queue is ordered: a standard queue has group ids as well, for fairness.
                let is_fifo = members.arn.0.is_some_and(|arn| arn.ends_with(".fifo"));
                lane = is_fifo.then(|| owned(members.attributes.group));
                body = members.body.0.map(|body| Body::of(&event.text, body));
                receive_count = members.attributes.receive_count.0.and_then(|count| count.parse().ok());
                id(members.message_id)
            }
            Source::Kinesis => {
                lane = Some(owned(members.kinesis.partition_key));
                id(members.kinesis.sequence_number)
            }
            Source::DynamoDb => {
                lane = Some(members.dynamodb.keys.map_or_else(String::new, |keys| lanes::of_item(keys.get())));
                id(members.dynamodb.sequence_number)
            }
            Source::Kafka => {
                let partition = group.map(|(partition, _)| partition.into_owned()).unwrap_or_default();
                let id = members.offset.0.map_or(RecordId::Unknown, |offset| RecordId::Offset {
                    partition: partition.as_str().into(),
                    offset,
                });
                lane = Some(partition);
                id
            }
            // A message names neither its queue nor, usually, its id.
            Source::RabbitMq => group
                .map_or(RecordId::Unknown, |(queue, position)| RecordId::Text(format!("{queue}#{position}").into())),
            Source::S3 => match (members.s3.bucket.name.0, members.s3.object.key.0) {
                (Some(bucket), Some(key)) => RecordId::Text(format!("{bucket}/{key}").into()),
                _ => RecordId::Unknown,
            },
            Source::Sns => id(members.sns.message_id),
            Source::Firehose => id(members.record_id),
            Source::S3Batch => id(members.task_id),
            Source::ActiveMq => id(members.mq_id),
            Source::Ses => id(members.ses.mail.message_id),
            Source::EventBridge => id(event.beside("id").unwrap_or_default()),
            Source::Logs => RecordId::Unknown,
        };
        let mut step = Step::Call;
        let original = event.text.get();
        if !std::ptr::eq(original, text) {
            // Lone surrogates were replaced, so a record with one in its metadata fails, or has no id.
            if let Err(error) = serde_json::from_str::<RecordMembers<'_>>(event.record(index)) {
                step = Step::Reject(DecodeError::new("the record", error));
            }
            let is_broken = matches!(&id, RecordId::Text(id) if id.contains(char::REPLACEMENT_CHARACTER));
            if is_broken && event.source.response_format() != ResponseFormat::WholeInvocation {
                id = RecordId::Unknown;
            }
        }
        let record = Record::new(EventRecord { event: Arc::clone(event), index, id, body, receive_count });
        QueuedRecord { record, lane, step }
    }
}

fn owned(text: MaybeText<'_>) -> String {
    text.0.map_or_else(String::new, Cow::into_owned)
}
