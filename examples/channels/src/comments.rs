//! Comments, which are checked one by one.

use pilaster::FunctionError;
use pilaster::channels::{LambdaContext, Payload};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
pub struct NewComment {
    text: String,
}

#[derive(Debug, Serialize)]
pub struct Comment {
    author: String,
    text: String,
}

/// The context of the authorizer.
#[derive(Debug, Deserialize)]
pub struct Client {
    name: String,
}

/// The author is the client that the authorizer let in: a payload cannot name another one. An empty comment is not broadcast.
pub async fn comment(
    LambdaContext(client): LambdaContext<Client>,
    Payload(new): Payload<NewComment>,
) -> Result<Option<Comment>, FunctionError> {
    let text = new.text.trim();
    if text.len() > 500 {
        return Err(FunctionError::new("CommentTooLong", "a comment has at most 500 bytes"));
    }
    Ok((!text.is_empty()).then(|| Comment { author: client.name, text: text.to_owned() }))
}
