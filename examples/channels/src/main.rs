//! Comments and reactions of live matches over AppSync Events. To run it locally:
//! `cargo run -p channels -- examples/channels/events/comments.json`

mod comments;

use std::collections::BTreeMap;

use pilaster::channels::{Channel, Handlers, Outgoing, Publish, Unauthorized};
use pilaster::{BoxError, IntoService, StartError};
use serde::Deserialize;

use crate::comments::comment;

#[derive(Debug, Deserialize)]
struct Reaction {
    emoji: String,
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
