//! Comments and reactions of live matches over AppSync Events. To run it locally:
//! `cargo run -p channels -- examples/channels/events/comments.json`

use std::collections::BTreeMap;

use pilaster::channels::{Channel, Handlers, LambdaContext, Outgoing, Payload, Publish, Unauthorized};
use pilaster::{BoxError, FunctionError, IntoService, StartError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
struct NewComment {
    text: String,
}

#[derive(Debug, Serialize)]
struct Comment {
    author: String,
    text: String,
}

/// The context of the authorizer.
#[derive(Debug, Deserialize)]
struct Client {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Reaction {
    emoji: String,
}

/// The author is the client that the authorizer let in: a payload cannot name another one. An empty comment is not broadcast.
async fn comment(
    LambdaContext(client): LambdaContext<Client>,
    Payload(new): Payload<NewComment>,
) -> Result<Option<Comment>, FunctionError> {
    let text = new.text.trim();
    if text.len() > 500 {
        return Err(FunctionError::new("CommentTooLong", "a comment has at most 500 bytes"));
    }
    Ok((!text.is_empty()).then(|| Comment { author: client.name, text: text.to_owned() }))
}

/// One event for all reactions of a publish; the others are not broadcast.
async fn react(reactions: Publish<Reaction>) -> Result<Vec<Outgoing>, BoxError> {
    let mut counts = BTreeMap::<_, u32>::new();
    for reaction in &reactions {
        *counts.entry(reaction.payload.emoji.clone()).or_default() += 1;
    }
    Ok(reactions.into_iter().take(1).map(|event| Outgoing::payload(event.id, &counts)).collect())
}

/// A client follows one match. A wildcard would be all of them.
async fn follow(channel: Channel) -> Result<(), BoxError> {
    if channel.is_wildcard() { Err(Unauthorized.into()) } else { Ok(()) }
}

fn function() -> impl IntoService {
    Handlers::new()
        .publish("/comments/*", comment)
        .publish_all("/reactions/*", react)
        .subscribe("/comments/*", follow)
        .subscribe("/reactions/*", follow)
}

fn main() -> Result<(), StartError> {
    pilaster::run(function())
}

#[cfg(test)]
mod tests;
