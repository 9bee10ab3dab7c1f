//! Processes an uploaded image: reads it, creates and writes the thumbnail, and records the metadata. Independent of
//! Lambda.
//!
//! | | key |
//! |---|---|
//! | an upload | `uploads/cats/tom.png` |
//! | its thumbnail | `thumbnails/cats/tom.png.jpg` |

use pilaster::BoxError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::store::Store;
use crate::thumbnail::{self, Limits, ThumbnailError};

/// The prefix of uploads. The filter in `template.yaml` must match it.
pub const UPLOADS: &str = "uploads/";

/// The prefix of thumbnails.
pub const THUMBNAILS: &str = "thumbnails/";

/// A created object, as described by its event.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// The name of the bucket.
    pub bucket: &'a str,
    /// The key, decoded.
    pub key: &'a str,
    /// The size in bytes.
    pub size: Option<u64>,
    /// The sequencer. Of two events for a key, the later one has the greater sequencer.
    pub sequencer: Option<&'a str>,
}

/// The metadata of an image: an item in DynamoDB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The bucket and the key of the image, as `bucket/key`.
    pub object: String,
    /// The key of its thumbnail, in the same bucket.
    pub thumbnail: String,
    /// `image/jpeg`, `image/png` or `image/webp`.
    pub content_type: String,
    /// The size of the image in bytes.
    pub bytes: u64,
    /// The width of the image in pixels.
    pub width: u32,
    /// The height of the image in pixels.
    pub height: u32,
    /// The width of the thumbnail in pixels.
    pub thumbnail_width: u32,
    /// The height of the thumbnail in pixels.
    pub thumbnail_height: u32,
    /// The ETag of the image that the thumbnail was created from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e_tag: Option<String>,
    /// The version of the image that the thumbnail was created from, if the bucket is versioned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The sequencer of the event. An earlier event does not overwrite the metadata of a later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
}

/// The key does not belong to an upload, so no thumbnail is created. In particular, a thumbnail is not an upload:
/// otherwise the function would trigger itself endlessly.
#[derive(Clone, Debug, Error)]
#[error("{0:?} is not an upload: the key must start with {UPLOADS} and name a file")]
pub struct NotAnUpload(pub String);

/// The reason why no thumbnail was created.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant is its type")]
pub enum UploadError {
    #[error("{0}")]
    NotAnUpload(#[from] NotAnUpload),
    #[error("cannot create a thumbnail of {key:?}")]
    Thumbnail { key: String, source: ThumbnailError },
    #[error("the decoder panicked on {key:?}")]
    Panicked { key: String, source: tokio::task::JoinError },
    #[error("the bucket or the table failed for {key:?}")]
    Store { key: String, source: BoxError },
}

/// Returns the key of the thumbnail of an upload, which is unique for each upload.
///
/// # Errors
///
/// [`NotAnUpload`], also for thumbnails.
pub fn thumbnail_key(key: &str) -> Result<String, NotAnUpload> {
    match key.strip_prefix(UPLOADS) {
        Some(name) if !name.is_empty() && !name.ends_with('/') => Ok(format!("{THUMBNAILS}{name}.jpg")),
        _ => Err(NotAnUpload(key.to_owned())),
    }
}

/// Creates the thumbnail of an upload and records its metadata. This is idempotent, and the final state does not depend
/// on the order of events.
///
/// # Errors
///
/// [`UploadError`].
pub async fn process(store: &Store, upload: Upload<'_>) -> Result<Metadata, UploadError> {
    let Upload { bucket, key, size, sequencer } = upload;
    let limits = Limits::default();
    let thumbnail_key = thumbnail_key(key)?;
    let thumbnail_error = |source| UploadError::Thumbnail { key: key.to_owned(), source };
    let store_error = |source| UploadError::Store { key: key.to_owned(), source };
    if size.is_some_and(|size| size > limits.bytes) {
        return Err(thumbnail_error(ThumbnailError::TooManyBytes { limit: limits.bytes }));
    }

    let mut tries = 2;
    loop {
        // The current object: after events out of order, the second one recreates the same thumbnail.
        let Some(source) = store.read(bucket, key, limits.bytes).await.map_err(store_error)? else {
            return Err(thumbnail_error(ThumbnailError::TooManyBytes { limit: limits.bytes }));
        };
        let (bytes, limits) = (source.bytes.len() as u64, limits.clone());
        // On the blocking thread pool. It cannot be cancelled, but the limits bound its duration.
        let made = tokio::task::spawn_blocking(move || thumbnail::make(&source.bytes, &limits)).await;
        let made =
            made.map_err(|source| UploadError::Panicked { key: key.to_owned(), source })?.map_err(thumbnail_error)?;

        let metadata = Metadata {
            object: format!("{bucket}/{key}"),
            thumbnail: thumbnail_key.clone(),
            content_type: made.original.content_type.to_owned(),
            bytes,
            width: made.original.width,
            height: made.original.height,
            thumbnail_width: made.width,
            thumbnail_height: made.height,
            e_tag: source.e_tag,
            version_id: source.version_id,
            sequencer: sequencer.map(str::to_owned),
        };
        // The thumbnail first, so that recorded metadata always refers to an existing thumbnail.
        store.write(bucket, &thumbnail_key, made.jpeg).await.map_err(store_error)?;
        let is_newest = store.record(&metadata).await.map_err(store_error)?;
        tries -= 1;
        if is_newest || tries == 0 {
            return Ok(metadata);
        }
        // A later event finished first, and its thumbnail may have been overwritten: process again.
    }
}

#[cfg(test)]
mod tests;
