//! The requirements of record types that hold a value.

use super::dynamodb::Change;
use super::event_bridge::EventBridge;
use super::firehose::Firehose;
use super::kafka::Kafka;
use super::kinesis::Kinesis;
use super::mq::MqMessage;
use super::sns::Sns;
use super::sqs::Sqs;
use crate::core::check::probe::check;
use crate::core::check::{Argument, Deserializable, Holds};

check! {
    Argument => Deserializable: Sqs<T>, Kinesis<T>, Firehose<T>, Sns<T>, MqMessage<T>, EventBridge<T>;
}

impl<T, Old, Keys> Holds<Argument> for Change<T, Old, Keys> {
    type Requires = Deserializable<T>;
}

impl<K, T> Holds<Argument> for Kafka<K, T> {
    type Requires = Deserializable<T>;
}
