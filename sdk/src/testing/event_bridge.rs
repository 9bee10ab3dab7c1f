//! Events of EventBridge (<https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>), and those
//! of its schedules.
//!
//! # Example
//!
//! ```
//! use pilaster::testing::{event_bridge, schedule};
//! use serde_json::json;
//!
//! let paid = event_bridge("com.example.shop", "OrderPaid", json!({ "order": 7 }));
//! assert_eq!(paid.event()["detail"]["order"], 7);
//! assert_eq!(schedule("nightly").event()["detail-type"], "Scheduled Event");
//! ```

use serde::Serialize;
use serde_json::{Value, json};

use super::content::{ACCOUNT, REGION, TIME, built, uuid};
use super::sqs::{SqsEvent, sqs};

/// Builds an event with a source, a detail type and a detail.
///
/// # Panics
///
/// If the detail cannot be serialized as JSON.
pub fn event_bridge(
    source: impl Into<String>,
    detail_type: impl Into<String>,
    detail: impl Serialize,
) -> EventBridgeEvent {
    let detail = match serde_json::to_value(detail) {
        Ok(detail) => detail,
        Err(error) => panic!("the detail of an event cannot be serialized as JSON: {error}"),
    };
    // EventBridge uses seconds.
    let time = format!("{}Z", TIME.split('.').next().unwrap_or(TIME));
    EventBridgeEvent {
        source: source.into(),
        detail_type: detail_type.into(),
        detail,
        resources: Vec::new(),
        time,
        id: uuid(6, 1),
    }
}

/// Builds the event of the scheduled rule (`rate(…)`, `cron(…)`) with this name.
pub fn schedule(rule: &str) -> EventBridgeEvent {
    event_bridge("aws.events", "Scheduled Event", json!({}))
        .resource(format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"))
}

/// Builds the event of the EventBridge Scheduler schedule with this name and without an input. Its detail is text.
pub fn scheduler(name: &str) -> EventBridgeEvent {
    event_bridge("aws.scheduler", "Scheduled Event", "{}")
        .resource(format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"))
}

/// A builder of an event of EventBridge. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct EventBridgeEvent {
    source: String,
    detail_type: String,
    detail: Value,
    resources: Vec<String>,
    time: String,
    id: String,
}

impl EventBridgeEvent {
    /// Adds the ARN of a resource.
    pub fn resource(mut self, arn: impl Into<String>) -> Self {
        self.resources.push(arn.into());
        self
    }

    /// Sets the time, as RFC 3339.
    pub fn time(mut self, time: impl Into<String>) -> Self {
        self.time = time.into();
        self
    }

    /// Sets the id; the default is a fixed UUID.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Returns the event as the body of a message, in the way a rule sends it to a queue.
    pub fn through_sqs(&self) -> SqsEvent {
        sqs([self])
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        json!({
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": ACCOUNT,
            "time": self.time,
            "region": REGION,
            "resources": self.resources,
            "detail": self.detail,
        })
    }
}

built!(EventBridgeEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shape;

    #[test]
    fn an_event_has_the_fields_of_a_real_one() {
        let detail = json!({ "instance_id": "i-1", "state": "terminated" });
        let event = event_bridge("aws.ec2", "EC2 Instance State-change Notification", detail).resource("arn");
        shape::same("python/eventBridgeEvent.json", &event.event(), &["replay-name"]);
        shape::same("python-later/eventBridgeSchedulerEvent.json", &scheduler("a").event(), &[]);
        shape::same("java/serialization/scheduled_event.json", &schedule("a").event(), &["version", "detail"]);
        assert_eq!(event.id("7").time("2026-01-01T00:00:00Z").event()["time"], "2026-01-01T00:00:00Z");
    }
}
