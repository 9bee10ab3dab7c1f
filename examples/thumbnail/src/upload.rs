//! What is done for an uploaded image: read, made smaller, written, recorded. Knows no Lambda.
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

/// Where uploads are. The filter of `template.yaml` says it too.
pub const UPLOADS: &str = "uploads/";

/// Where thumbnails are.
pub const THUMBNAILS: &str = "thumbnails/";

/// An object that was created, as its event tells of it.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// The name of the bucket.
    pub bucket: &'a str,
    /// The key, decoded.
    pub key: &'a str,
    /// Bytes.
    pub size: Option<u64>,
    /// Of two events about one key, the later one has the greater sequencer.
    pub sequencer: Option<&'a str>,
}

/// What is kept about an image: an item in DynamoDB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The bucket and the key of the image, as `bucket/key`.
    pub object: String,
    /// The key of its thumbnail, in the same bucket.
    pub thumbnail: String,
    /// `image/jpeg`, `image/png` or `image/webp`.
    pub content_type: String,
    /// Bytes of the image.
    pub bytes: u64,
    /// Pixels of the image from left to right.
    pub width: u32,
    /// Pixels of the image from top to bottom.
    pub height: u32,
    /// Pixels of the thumbnail from left to right.
    pub thumbnail_width: u32,
    /// Pixels of the thumbnail from top to bottom.
    pub thumbnail_height: u32,
    /// Which bytes the thumbnail was made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e_tag: Option<String>,
    /// Which version of the object the thumbnail was made of, if the bucket keeps versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Of the event. An earlier event does not overwrite what a later one recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
}

/// This key is none of an upload: no thumbnail is made of it. Above all not of a thumbnail, or the function would call itself
/// for ever.
#[derive(Clone, Debug, Error)]
#[error("{0:?} is no upload: uploads are under {UPLOADS}, and an empty folder is none")]
pub struct NotAnUpload(pub String);

/// Why there is no thumbnail.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant is its type")]
pub enum UploadError {
    #[error("{0}")]
    NotAnUpload(#[from] NotAnUpload),
    #[error("no thumbnail can be made of {key:?}")]
    Thumbnail { key: String, source: ThumbnailError },
    #[error("the decoder panicked at {key:?}")]
    Panicked { key: String, source: tokio::task::JoinError },
    #[error("the bucket or the table failed at {key:?}")]
    Store { key: String, source: BoxError },
}

/// The key of an upload's thumbnail: one of its own for each upload.
///
/// # Errors
///
/// [`NotAnUpload`], thumbnails among them.
pub fn thumbnail_key(key: &str) -> Result<String, NotAnUpload> {
    match key.strip_prefix(UPLOADS) {
        Some(name) if !name.is_empty() && !name.ends_with('/') => Ok(format!("{THUMBNAILS}{name}.jpg")),
        _ => Err(NotAnUpload(key.to_owned())),
    }
}

/// Makes the thumbnail of an upload and records it. Done twice it gives the same as done once, and events that come in the wrong
/// order leave what the right order would have left.
///
/// # Errors
///
/// [`UploadError`].
pub async fn process(store: &Store, upload: Upload<'_>) -> Result<Metadata, UploadError> {
    let Upload { bucket, key, size, sequencer } = upload;
    let limits = Limits::default();
    let thumbnail_key = thumbnail_key(key)?;
    let of_thumbnail = |source| UploadError::Thumbnail { key: key.to_owned(), source };
    let of_store = |source| UploadError::Store { key: key.to_owned(), source };
    if size.is_some_and(|size| size > limits.bytes) {
        return Err(of_thumbnail(ThumbnailError::TooManyBytes { limit: limits.bytes }));
    }

    let mut tries = 2;
    loop {
        // What is there now, and not the version of the event: of two events that come in the wrong order, the second to come
        // then makes the same thumbnail once more.
        let Some(source) = store.read(bucket, key, limits.bytes).await.map_err(of_store)? else {
            return Err(of_thumbnail(ThumbnailError::TooManyBytes { limit: limits.bytes }));
        };
        let (bytes, limits) = (source.bytes.len() as u64, limits.clone());
        // Away from the thread that everything else runs on. It cannot be cancelled, but the limits bound it.
        let made = tokio::task::spawn_blocking(move || thumbnail::make(&source.bytes, &limits)).await;
        let made =
            made.map_err(|source| UploadError::Panicked { key: key.to_owned(), source })?.map_err(of_thumbnail)?;

        let metadata = Metadata {
            object: format!("{bucket}/{key}"),
            thumbnail: thumbnail_key.clone(),
            content_type: made.of.content_type.to_owned(),
            bytes,
            width: made.of.width,
            height: made.of.height,
            thumbnail_width: made.width,
            thumbnail_height: made.height,
            e_tag: source.e_tag,
            version_id: source.version_id,
            sequencer: sequencer.map(str::to_owned),
        };
        // The thumbnail first, so that what is recorded is there.
        store.write(bucket, &thumbnail_key, made.jpeg).await.map_err(of_store)?;
        let is_newest = store.record(&metadata).await.map_err(of_store)?;
        tries -= 1;
        if is_newest || tries == 0 {
            return Ok(metadata);
        }
        // A later event was quicker, and its thumbnail may just have been overwritten with an older one: once more.
    }
}

#[cfg(test)]
mod tests;
