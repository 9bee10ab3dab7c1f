//! Counts the words of each text under `uploads/`, and writes the result under `results/`. To run it locally:
//! `cargo run --no-default-features -- events/upload.json`

mod bucket;
mod summary;
#[cfg(test)]
mod tests;

use pilaster::records::RecordError;
use pilaster::{BoxError, Client, S3Object, lambda_handler};

use crate::bucket::Bucket;
use crate::summary::{result_key, summarize};

#[lambda_handler(warm(Client<Bucket>))]
async fn count(Client(bucket): Client<Bucket>, object: S3Object) -> Result<(), BoxError> {
    // Results, too, have another prefix: otherwise the function would be called by its own output, for ever.
    let Some(result) = result_key(object.key()) else {
        return Err(RecordError::discard("the object is not an upload").into());
    };
    // The current object, whatever the event: S3 may deliver events twice, late, and in any order.
    match bucket.read(object.bucket(), object.key()).await? {
        Some(text) => bucket.write(object.bucket(), &result, serde_json::to_vec(&summarize(&text))?).await?,
        None => bucket.delete(object.bucket(), &result).await?,
    }
    tracing::info!(key = object.key(), result, "the result is up to date");
    Ok(())
}
