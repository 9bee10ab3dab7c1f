//! `POST /users` over one socket, with the least of the event borrowed from its text.

use std::borrow::Cow;
use std::io;

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "requestContext")]
    context: Context<'a>,
    #[serde(borrow)]
    body: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Context<'a> {
    #[serde(borrow, rename = "requestId")]
    request_id: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    status_code: u16,
    headers: Headers,
    body: &'a str,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Headers {
    content_type: &'static str,
    access_control_allow_origin: &'static str,
    access_control_allow_headers: &'static str,
    access_control_allow_methods: &'static str,
}

const HEADERS: Headers = Headers {
    content_type: "application/json",
    access_control_allow_origin: work::ORIGIN,
    access_control_allow_headers: "content-type",
    access_control_allow_methods: "POST",
};

fn main() -> io::Result<()> {
    std_floor::run(|invocation, out| {
        let event: Event<'_> = serde_json::from_slice(invocation.event)?;
        let outcome = work::create_user(event.body.as_bytes(), &event.context.request_id);
        let status_code = outcome.status();
        work::log("POST /users", invocation.arn, invocation.request_id, invocation.trace, status_code, outcome.error());
        let body = outcome.body();
        let body = std::str::from_utf8(&body).unwrap_or("");
        serde_json::to_writer(out, &Reply { status_code, headers: HEADERS, body, is_base64_encoded: false })?;
        Ok(())
    })
}
