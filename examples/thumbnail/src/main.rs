//! Keeps a thumbnail under `thumbnails/` for each image under `uploads/`. To run it locally:
//! `cargo run -p thumbnail -- examples/thumbnail/events/upload.json`

mod bucket;
mod thumbnail;
mod uploads;

#[cfg(test)]
mod tests;

use pilaster::records::RecordError;
use pilaster::{BoxError, Client, S3Object, lambda_handler};

use crate::uploads::{Upload, Uploads, thumbnail_key};

#[lambda_handler(warm(Client<Uploads>))]
async fn update(Client(uploads): Client<Uploads>, object: S3Object) -> Result<(), BoxError> {
    let (bucket, key) = (object.bucket(), object.key());
    // In particular, a thumbnail gets no thumbnail: otherwise the function would call itself for ever.
    let Some(thumbnail) = thumbnail_key(key) else {
        return Err(RecordError::discard("the object is not an upload: its key is too long or elsewhere").into());
    };
    match uploads.update(bucket, key, &thumbnail).await? {
        Upload::Ready { width, height, .. } => tracing::info!(key, thumbnail, width, height, "created the thumbnail"),
        // The metric filter in `template.yaml` counts this line.
        Upload::Rejected { reason } => tracing::warn!(key, reason, "rejected the upload"),
        Upload::Deleted => tracing::info!(key, "the upload is deleted, and so is its thumbnail"),
    }
    Ok(())
}
