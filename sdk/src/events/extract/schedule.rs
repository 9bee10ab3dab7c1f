//! [`Schedule`]: an invocation by EventBridge at a scheduled time.

use std::fmt;
use std::time::SystemTime;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::core::error::{FunctionError, shown};
use crate::core::json::{self, JsonError};
use crate::core::raw::{Incoming, RawEvent};
use crate::core::source::{is_scheduled, is_scheduler};
use crate::events::extract::event::decode_object;
use crate::events::handler::FromEvent;

/// An invocation by an EventBridge rule with a schedule, or by EventBridge Scheduler. Its time is the scheduled one,
/// even if the invocation is late or retried, so that each attempt computes the same result.
///
/// It accepts three formats:
///
/// - the event of a rule with `rate(…)` or `cron(…)` (`aws.events`, `Scheduled Event`);
/// - the event of Scheduler, if the schedule has no custom input (`aws.scheduler`, `Scheduled Event`);
/// - a custom input of Scheduler with the context attributes under their own names
///   (<https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html>). The time is
///   required, and other fields may be added for [`json`](Self::json):
///
/// ```json
/// {
///   "scheduled-time": "<aws.scheduler.scheduled-time>",
///   "schedule-arn": "<aws.scheduler.schedule-arn>",
///   "execution-id": "<aws.scheduler.execution-id>",
///   "attempt-number": "<aws.scheduler.attempt-number>",
///   "report": "daily"
/// }
/// ```
///
/// Any other event fails the invocation with `InvalidEvent`, including a constant input, for which you can use
/// [`Event<T>`](crate::events::Event).
///
/// # Example
///
/// ```
/// use pilaster::{BoxError, Schedule};
///
/// async fn report(schedule: Schedule) -> Result<(), BoxError> {
///     // For the scheduled day, even in a later retry.
///     let day = schedule.time().get(..10);
///     tracing::info!(day, schedule = schedule.name(), "the report is made");
///     Ok(())
/// }
/// # let _ = pilaster::handler(report);
/// ```
#[derive(Clone)]
pub struct Schedule {
    text: RawEvent,
    time: String,
    at: SystemTime,
    arn: Option<String>,
    execution_id: Option<String>,
    attempt: Option<u32>,
}

/// The input of a schedule may be a secret and is not shown.
impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule")
            .field("time", &self.time)
            .field("arn", &self.arn)
            .field("execution_id", &self.execution_id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl Schedule {
    /// Returns the scheduled time: RFC 3339, such as `2026-01-02T03:04:00Z`.
    pub fn time(&self) -> &str {
        &self.time
    }

    /// Returns the scheduled time.
    pub fn at(&self) -> SystemTime {
        self.at
    }

    /// Returns the ARN of the rule or the schedule; `None` in a custom input without it.
    pub fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }

    /// Returns the name of the rule or the schedule: the end of its ARN.
    pub fn name(&self) -> Option<&str> {
        self.arn()?.rsplit('/').next()
    }

    /// Returns the id of the rule's event or the schedule's execution.
    pub fn execution_id(&self) -> Option<&str> {
        self.execution_id.as_deref()
    }

    /// Returns the number of the attempt, from 1; `None` if the input of the schedule lacks it.
    pub fn attempt(&self) -> Option<u32> {
        self.attempt
    }

    /// Decodes the whole event, for other fields of a custom input.
    ///
    /// # Errors
    ///
    /// The event is not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        json::decode(self.text.get().as_bytes())
    }
}

/// The fields of all formats.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ScheduledEvent {
    #[serde(default)]
    detail_type: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    resources: Option<Vec<String>>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    scheduled_time: Option<String>,
    #[serde(default)]
    schedule_arn: Option<String>,
    #[serde(default)]
    execution_id: Option<String>,
    #[serde(default)]
    attempt_number: Option<Number>,
}

/// Scheduler inserts it as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(u32),
    Text(String),
    Other(IgnoredAny),
}

impl FromEvent for Schedule {
    fn from_event(incoming: &Incoming) -> Result<Self, FunctionError> {
        let event: ScheduledEvent = decode_object(incoming)?;
        let is_event =
            event.detail_type.as_deref().is_some_and(is_scheduled) && event.source.as_deref().is_some_and(is_scheduler);
        let (time, arn, execution_id, attempt) = if is_event {
            (event.time, event.resources.and_then(|arns| arns.into_iter().next()), event.id, None)
        } else {
            let attempt = event.attempt_number.and_then(|number| match number {
                Number::Whole(number) => Some(number),
                Number::Text(text) => text.parse().ok(),
                Number::Other(_) => None,
            });
            (event.scheduled_time, event.schedule_arn, event.execution_id, attempt)
        };
        let wrong = |why: String| FunctionError::new("InvalidEvent", why);
        let time = time.ok_or_else(|| wrong("the event is not from a schedule, or its time is missing".to_owned()))?;
        let at = read(&time)
            .ok_or_else(|| wrong(format!("the time of the schedule is not valid RFC 3339 in UTC: {}", shown(&time))))?;
        Ok(Self { text: incoming.event.clone(), time, at, arn, execution_id, attempt })
    }
}

/// Parses a time of EventBridge: `2026-01-02T03:04:05Z`, optionally with fractional seconds. It is always in UTC.
fn read(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use serde_json::{Value, json};

    use super::*;
    use crate::core::invocation::Invocation;

    fn schedule(event: &Value) -> Result<Schedule, FunctionError> {
        let event = crate::RawEvent::parse(event.to_string()).unwrap();
        let invocation = Invocation::new(lambda_runtime::Context::default());
        Schedule::from_event(&Incoming { event, invocation })
    }

    fn fixture(path: &str) -> Value {
        let path = format!("{}/../tests/fixtures/events/{path}", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn seconds(time: SystemTime) -> u64 {
        time.duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    #[test]
    fn a_rule_and_a_schedule_say_their_time_and_their_name() {
        let rule = schedule(&fixture("java/serialization/scheduled_event.json")).unwrap();
        assert_eq!((rule.time(), seconds(rule.at())), ("1970-01-01T00:00:00Z", 0));
        assert_eq!(rule.arn(), Some("arn:aws:events:eu-central-1:123456789012:rule/my-schedule"));
        assert_eq!((rule.name(), rule.attempt()), (Some("my-schedule"), None));
        assert_eq!(rule.execution_id(), Some("cdc73f9d-aea9-11e3-9d5a-835b769c0d9c"));

        let schedule = schedule(&fixture("python-later/eventBridgeSchedulerEvent.json")).unwrap();
        assert_eq!((schedule.name(), schedule.time()), (Some("aaaaa"), "2025-02-20T16:03:00Z"));
        assert_eq!(seconds(schedule.at()), 1_740_067_380);
    }

    #[test]
    fn a_custom_input_has_the_context_attributes() {
        let event = json!({
            "scheduled-time": "2022-03-22T18:59:43Z",
            "schedule-arn": "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/nightly",
            "execution-id": "d32c5kddcf5bb8c3",
            "attempt-number": "2",
            "report": "daily",
        });
        let nightly = schedule(&event).unwrap();
        assert_eq!((nightly.name(), nightly.attempt()), (Some("nightly"), Some(2)));
        assert_eq!((nightly.execution_id(), seconds(nightly.at())), (Some("d32c5kddcf5bb8c3"), 1_647_975_583));
        assert_eq!(nightly.json::<Value>().unwrap()["report"], "daily");
    }

    #[test]
    fn another_event_is_no_schedule() {
        for event in [
            json!({}),
            json!({ "detail-type": "Scheduled Event", "source": "shop", "time": "2026-01-01T00:00:00Z" }),
            json!({ "scheduled-time": "yesterday" }),
            json!(["Scheduled Event", "aws.events", "2026-01-01T00:00:00Z"]),
            json!([null, null, null, null, null, "2026-01-01T00:00:00Z"]),
            json!({ "scheduled-time": "<aws.scheduler.scheduled-time>" }),
            fixture("python/eventBridgeEvent.json"),
        ] {
            assert_eq!(schedule(&event).unwrap_err().error_type(), "InvalidEvent", "{event}");
        }
    }

    #[test]
    fn times_are_read_to_the_second() {
        for (text, expected) in [
            ("2000-02-29T23:59:59Z", Some(951_868_799)),
            ("2024-12-31T00:00:00.123Z", Some(1_735_603_200)),
            ("2100-03-01T00:00:00Z", Some(4_107_542_400)),
            ("2100-02-29T00:00:00Z", None),
            ("2023-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-01-01T24:00:00Z", None),
            ("2026-01-01T00:00:00", None),
            ("2026-1-1T00:00:00Z", None),
            ("2026-01-01-01T00:00:00Z", None),
            ("+026-01-01T00:00:00Z", None),
            ("2026-01-01T00:00:00+00:00", Some(1_767_225_600)),
            ("2026-01-01T01:00:00+01:00", None),
        ] {
            assert_eq!(read(text).map(seconds), expected, "{text}");
        }
    }
}
