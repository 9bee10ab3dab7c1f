//! A streaming function: `?mb=n` sends as many megabytes, `?fail=1` breaks off after the first, `?deny=1` is refused before it.

use std::convert::Infallible;

use futures_util::{StreamExt, stream};
use pilaster::http::{Body, HttpError, IntoResponse, Query, Response};
use pilaster::{BoxError, lambda_handler};
use serde::Deserialize;

#[derive(Deserialize)]
struct Ask {
    mb: usize,
    #[serde(default)]
    fail: bool,
    #[serde(default)]
    deny: bool,
}

#[lambda_handler(streaming)]
async fn send(Query(ask): Query<Ask>) -> Result<Response, HttpError> {
    if ask.deny {
        return Err(HttpError::forbidden("not for you"));
    }
    let megabyte = |_| Ok::<_, Infallible>("x".repeat(1024 * 1024));
    let chunks = stream::iter(0..ask.mb).map(megabyte).map(|chunk| chunk.map_err(BoxError::from));
    let body = match ask.fail {
        true => {
            let broken = stream::once(async {
                tracing::warn!("the second megabyte is missing");
                Err("db password is hunter2".into())
            });
            Body::from_stream(chunks.take(1).chain(broken))
        }
        false => Body::from_stream(chunks),
    };
    Ok(([("content-type", "text/plain"), ("set-cookie", "a=1")], body).into_response())
}
