//! The Runtime API: it hands out invocations, takes the responses, and notes the time.
//!
//! Everything runs on one thread. A *phase* is a number of invocations of some cases; between two phases the function's polls wait, as
//! on Lambda between two requests.

mod phase;

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

pub(crate) use self::phase::Outcome;
use self::phase::State;
use crate::expect;
use crate::suite::Case;

type Reply = Response<Full<Bytes>>;

/// As much of a streamed response is kept: its prelude is in there.
const KEPT: usize = 64 << 10;

const PREFIX: &str = "5e1fab1e-0000-4000-8000-";

/// One Runtime API, for one process.
#[derive(Debug)]
pub(crate) struct Emulator {
    state: RefCell<State>,
    /// Notified when a phase is over, a poll waits, or the start failed.
    pub(crate) changed: Notify,
}

fn reply(status: StatusCode, body: &'static str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

impl Emulator {
    pub(crate) fn new(cases: Rc<[Case]>) -> Rc<Self> {
        Rc::new(Self { state: RefCell::new(State::new(cases)), changed: Notify::new() })
    }

    /// Serves every connection until the task ends.
    pub(crate) async fn serve(self: Rc<Self>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            // Without it a response would wait for the function's acknowledgement; a failure costs only time.
            let _ = stream.set_nodelay(true);
            let this = Rc::clone(&self);
            tokio::task::spawn_local(async move {
                let service = service_fn(|request| {
                    let this = Rc::clone(&this);
                    async move { Ok::<_, Infallible>(this.answer(request).await) }
                });
                let mut builder = http1::Builder::new();
                // An error here is a function that went away.
                let _ = builder.title_case_headers(true).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let Some(path) = request.uri().path().strip_prefix("/2018-06-01/runtime/") else {
            return reply(StatusCode::NOT_FOUND, "{}");
        };
        if path == "invocation/next" && request.method() == Method::GET {
            return self.next().await;
        }
        let path = path.to_owned();
        let is_streamed = request
            .headers()
            .get("lambda-runtime-function-response-mode")
            .is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"streaming"));
        let Ok((start, length)) = received(request.into_body(), is_streamed).await else {
            return reply(StatusCode::BAD_REQUEST, r#"{"errorType":"BrokenBody"}"#);
        };
        if path == "init/error" {
            self.state.borrow_mut().init_error = Some(String::from_utf8_lossy(&start).into_owned());
            self.changed.notify_one();
            return reply(StatusCode::ACCEPTED, r#"{"status":"OK"}"#);
        }
        let invocation = path.strip_prefix("invocation/").and_then(|path| path.split_once('/'));
        let (id, is_error) = match invocation {
            Some((id, "response")) => (id, false),
            Some((id, "error")) => (id, true),
            _ => return reply(StatusCode::NOT_FOUND, "{}"),
        };
        let id = id.strip_prefix(PREFIX).and_then(|number| u64::from_str_radix(number, 16).ok());
        let response = expect::Response { is_error, is_streamed, start, length };
        let Some(is_last) = id.and_then(|id| self.state.borrow_mut().finish(id, response)) else {
            return reply(StatusCode::BAD_REQUEST, r#"{"errorType":"InvalidRequestID"}"#);
        };
        if is_last {
            self.changed.notify_one();
        }
        reply(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
    }

    async fn next(&self) -> Reply {
        let waits = {
            let mut state = self.state.borrow_mut();
            if let Some(invocation) = state.hand_out() {
                return invocation;
            }
            let (sender, waits) = oneshot::channel();
            state.wait(sender);
            waits
        };
        self.changed.notify_one();
        waits.await.unwrap_or_else(|_| reply(StatusCode::GONE, "{}"))
    }

    /// Begins a phase of `count` invocations of these cases in turn. Polls that wait get theirs at once. With `names` the outcome has
    /// the id of each.
    pub(crate) fn begin(&self, cases: &[usize], count: usize, names: bool) {
        self.state.borrow_mut().begin(cases, count, names);
    }

    /// When the function polled for the first time.
    pub(crate) fn first_poll(&self) -> Option<Instant> {
        self.state.borrow().first_poll
    }

    /// What the function said of a start that failed.
    pub(crate) fn init_error(&self) -> Option<String> {
        self.state.borrow().init_error.clone()
    }

    /// Whether all is answered and the function polls again.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.borrow().is_idle()
    }

    /// Takes what came of the phase.
    pub(crate) fn outcome(&self) -> Outcome {
        self.state.borrow_mut().outcome()
    }
}

/// Reads a body to its end, and returns it with its length. Of one that is streamed, only the beginning is kept: it may be larger than
/// the memory.
async fn received(mut body: Incoming, is_streamed: bool) -> hyper::Result<(Bytes, usize)> {
    let (mut start, mut length) = (BytesMut::new(), 0);
    let expected = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
    start.reserve(expected.unwrap_or_default());
    while let Some(frame) = body.frame().await.transpose()? {
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if !is_streamed || start.len() < KEPT {
            start.extend_from_slice(&data);
        }
    }
    Ok((start.freeze(), length))
}

/// The id of an invocation.
fn request_id(number: u64) -> String {
    format!("{PREFIX}{number:012x}")
}
