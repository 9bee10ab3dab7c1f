//! The invocations of a phase: which are sent, which are answered, and when.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::oneshot;

use super::{Reply, request_id};
use crate::expect;
use crate::suite::Case;

/// As many failures are reported with their cause; the others are counted.
const TOLD: usize = 5;

/// What came of a phase.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// From the first hand-out to the last response.
    pub(crate) wall: Duration,
    /// From the last hand-out to its response: that of a phase of one invocation.
    pub(crate) last: Duration,
    /// What is wrong with the responses.
    pub(crate) failures: Vec<String>,
    /// How many are wrong.
    pub(crate) failed: usize,
    /// Case and request id of each invocation, where asked for.
    pub(crate) names: Vec<(usize, String)>,
}

#[derive(Debug)]
pub(super) struct State {
    cases: Rc<[Case]>,
    phase: Vec<usize>,
    count: usize,
    sent: usize,
    done: usize,
    began: Option<Instant>,
    keeps_names: bool,
    outcome: Outcome,
    out: HashMap<u64, (usize, Instant)>,
    next_id: u64,
    waiting: Vec<oneshot::Sender<Reply>>,
    pub(super) first_poll: Option<Instant>,
    pub(super) init_error: Option<String>,
    /// By case, responses that were right: one like them is only compared.
    right: Vec<Vec<Bytes>>,
}

impl State {
    pub(super) fn new(cases: Rc<[Case]>) -> Self {
        Self {
            phase: Vec::new(),
            count: 0,
            sent: 0,
            done: 0,
            began: None,
            keeps_names: false,
            outcome: Outcome::default(),
            out: HashMap::new(),
            next_id: 1,
            waiting: Vec::new(),
            first_poll: None,
            init_error: None,
            right: vec![Vec::new(); cases.len()],
            cases,
        }
    }

    pub(super) fn begin(&mut self, cases: &[usize], count: usize, names: bool) {
        (self.phase, self.count, self.keeps_names) = (cases.to_vec(), count, names);
        (self.sent, self.done) = (0, 0);
        self.outcome = Outcome::default();
        self.began = Some(Instant::now());
        while self.sent < self.count
            && let Some(poll) = self.waiting.pop()
        {
            // A poll whose connection is gone gets none.
            if !poll.is_closed()
                && let Some(invocation) = self.hand_out()
            {
                let _ = poll.send(invocation);
            }
        }
    }

    /// Keeps a poll until the next phase.
    pub(super) fn wait(&mut self, poll: oneshot::Sender<Reply>) {
        self.first_poll.get_or_insert_with(Instant::now);
        self.waiting.push(poll);
    }

    /// The next invocation, if the phase has one left.
    pub(super) fn hand_out(&mut self) -> Option<Reply> {
        if self.sent == self.count {
            return None;
        }
        let case = self.phase[self.sent % self.phase.len()];
        let number = self.next_id;
        self.sent += 1;
        self.next_id += 1;
        let mut response = Response::new(Full::new(self.cases[case].event.clone()));
        *response.headers_mut() = headers(number);
        self.out.insert(number, (case, Instant::now()));
        Some(response)
    }

    /// Takes a response, and returns whether it is the last of the phase. `None` is an id that is not out.
    pub(super) fn finish(&mut self, number: u64, response: expect::Response) -> Option<bool> {
        let (case, sent) = self.out.remove(&number)?;
        self.done += 1;
        self.outcome.last = sent.elapsed();
        if self.keeps_names {
            self.outcome.names.push((case, request_id(number)));
        }
        let known = !response.is_error && self.right[case].contains(&response.start);
        if !known {
            match self.cases[case].expect.check(&response) {
                Ok(()) if self.right[case].len() < 4 && !response.is_streamed => self.right[case].push(response.start),
                Ok(()) => {}
                Err(error) => {
                    self.outcome.failed += 1;
                    if self.outcome.failures.len() < TOLD {
                        self.outcome.failures.push(format!("{}: {error:#}", self.cases[case].name));
                    }
                }
            }
        }
        let is_last = self.done == self.count;
        if is_last {
            self.outcome.wall = self.began.map(|began| began.elapsed()).unwrap_or_default();
        }
        Some(is_last)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.done == self.count && !self.waiting.is_empty()
    }

    pub(super) fn outcome(&mut self) -> Outcome {
        std::mem::take(&mut self.outcome)
    }
}

/// The headers of an invocation. The trace differs each time, as on Lambda.
fn headers(number: u64) -> HeaderMap {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut put = |name, value: String| {
        // Every value is made of visible ASCII.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    put("lambda-runtime-aws-request-id", request_id(number));
    put("lambda-runtime-deadline-ms", (now.as_millis() + 30_000).to_string());
    put("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:bench".to_owned());
    put("lambda-runtime-trace-id", format!("Root=1-5e1fab1e-{number:024x};Parent={number:016x};Sampled=0"));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::Expect;

    fn state(expect: &str) -> State {
        let expect: Expect = serde_json::from_str(expect).unwrap();
        let case = Case { name: "a".to_owned(), event: Bytes::from_static(b"{}"), measured: true, expect };
        State::new([case].into())
    }

    fn response(text: &'static str) -> expect::Response {
        expect::Response {
            is_error: false,
            is_streamed: false,
            start: Bytes::from_static(text.as_bytes()),
            length: text.len(),
        }
    }

    #[test]
    fn a_phase_ends_with_its_last_response() {
        let mut state = state("{}");
        state.begin(&[0], 2, true);
        assert!(state.hand_out().is_some() && state.hand_out().is_some());
        assert!(state.hand_out().is_none(), "only two are sent");
        assert_eq!(state.finish(2, response("{}")), Some(false));
        assert_eq!(state.finish(2, response("{}")), None, "it is answered already");
        assert_eq!(state.finish(1, response("{}")), Some(true));
        assert_eq!(state.outcome().names.len(), 2);
    }

    #[test]
    fn each_wrong_response_counts() {
        let mut state = state(r#"{"body": {"n": 1}}"#);
        state.begin(&[0], 3, false);
        for number in 1..=3 {
            assert!(state.hand_out().is_some());
            let text = if number == 1 { r#"{"n":1}"# } else { r#"{"n":2}"# };
            assert!(state.finish(number, response(text)).is_some());
        }
        let outcome = state.outcome();
        assert_eq!((outcome.failed, outcome.failures.len()), (2, 2));
    }

    #[test]
    fn a_poll_that_waits_gets_the_first_invocation() {
        let mut state = state("{}");
        let (sender, mut poll) = oneshot::channel();
        state.wait(sender);
        assert!(state.is_idle());
        state.begin(&[0], 1, false);
        assert_eq!(poll.try_recv().unwrap().headers()["lambda-runtime-aws-request-id"], request_id(1));
        assert!(!state.is_idle());
    }
}
