//! The requirements of the records that hold a value.

use crate::core::check::probe::check;
use crate::core::check::{Argument, Deserializable, Holds};
use crate::records::{Change, EventBridge, Firehose, Kafka, Kinesis, MqMessage, Sns, Sqs};

check! {
    Argument => Deserializable: Sqs<T>, Kinesis<T>, Firehose<T>, Sns<T>, MqMessage<T>, EventBridge<T>;
}

impl<T, Old, Keys> Holds<Argument> for Change<T, Old, Keys> {
    type Requires = Deserializable<T>;
}

impl<K, T> Holds<Argument> for Kafka<K, T> {
    type Requires = Deserializable<T>;
}
