//! Server-sent events: <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt as _};
use pilaster::BoxError;
use tokio::time::{Instant, sleep};

use crate::log::EventLog;

/// How often the table is asked for new events.
const POLL: Duration = Duration::from_millis(500);

/// The longest silence. Clients and proxies close a connection that is silent for longer, often after 30 or 60 s.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Streams the events of an order after this one, until the order is delivered, the time has passed or the table fails.
pub(crate) fn stream(
    log: EventLog,
    order: String,
    after: u64,
    time: Duration,
) -> impl Stream<Item = Result<String, BoxError>> + Send {
    let follower = Follower { log, order, after, sent: Instant::now(), ends: Instant::now() + time, is_final: false };
    // Sent at once, so that the client knows that it is connected. It connects again a second after the end.
    stream::once(async { Ok("retry: 1000\n\n".to_owned()) }).chain(stream::try_unfold(follower, Follower::next))
}

struct Follower {
    log: EventLog,
    order: String,
    after: u64,
    sent: Instant,
    ends: Instant,
    is_final: bool,
}

impl Follower {
    /// Waits for the next events, or for the time of a heartbeat. `None` ends the stream.
    async fn next(mut self) -> Result<Option<(String, Self)>, BoxError> {
        while !self.is_final && Instant::now() < self.ends {
            let mut text = String::new();
            for event in self.log.after(&self.order, self.after).await? {
                // JSON has no line breaks in it, so its text is one line.
                text += &format!("id: {}\ndata: {}\n\n", event.id, serde_json::to_string(&event)?);
                (self.after, self.is_final) = (event.id, event.is_final());
            }
            if text.is_empty() && self.sent.elapsed() >= HEARTBEAT {
                text += ": heartbeat\n\n";
            }
            if !text.is_empty() {
                self.sent = Instant::now();
                return Ok(Some((text, self)));
            }
            sleep(POLL).await;
        }
        Ok(None)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let is_early = !self.is_final && Instant::now() < self.ends;
        tracing::info!(order = self.order, last_event_id = self.after, is_early, "the stream ended");
    }
}
