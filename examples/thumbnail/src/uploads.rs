//! Brings the thumbnail and the item of an upload in line with the object in the bucket.

use std::time::{Duration, SystemTime};

use pilaster::table::{Item, Table, Transaction};
use pilaster::{BoxError, Clients, FromClients};
use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;
use crate::thumbnail::{self, Limits};

/// How long the item of a deleted upload is kept: longer than any invocation that may still handle that upload.
const DELETED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The item of an upload, with the partition key `bucket/key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub(crate) enum Upload {
    /// The upload has a thumbnail. The dimensions are those of the upload, with the orientation applied.
    Ready { thumbnail: String, content_type: String, bytes: u64, width: u32, height: u32, e_tag: Option<String> },
    /// The upload cannot have a thumbnail.
    Rejected { reason: String },
    /// The upload has been deleted.
    Deleted,
}

/// The uploads in a bucket, and their items in a table.
#[derive(Clone, Debug)]
pub(crate) struct Uploads {
    pub(crate) bucket: Bucket,
    pub(crate) table: Table,
}

impl FromClients for Uploads {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let aws = async |table: String| {
            let bucket = Bucket::S3(clients.get().await?);
            Ok(Self { bucket, table: Table::new(clients.get().await?, table) })
        };
        clients.env_or("TABLE_NAME", aws, || Self { bucket: Bucket::sample(), table: Table::in_memory() }).await
    }
}

/// Returns the key of a thumbnail, such as `thumbnails/tom.png.jpg` for `uploads/tom.png`; `None` if it is too long for S3.
pub(crate) fn thumbnail_key(key: &str) -> Option<String> {
    let name = key.strip_prefix("uploads/").filter(|name| !name.is_empty() && !name.ends_with('/'))?;
    Some(format!("thumbnails/{name}.jpg")).filter(|key| key.len() <= 1_024)
}

impl Uploads {
    /// Reads the current object, writes or deletes its thumbnail, and records the outcome.
    ///
    /// Events may be duplicated, out of order and handled at the same time. The outcome is recorded on condition that no
    /// other event of this key was recorded since the start; otherwise the object is read again. So the last one to be
    /// recorded has seen the last state of the object, and wrote its thumbnail last.
    pub(crate) async fn update(&self, bucket: &str, key: &str, thumbnail: &str) -> Result<Upload, BoxError> {
        let item = format!("{bucket}/{key}");
        let work = async |transaction: Transaction| {
            transaction.get::<Upload>(&*item).await?;
            // The effect on the bucket is idempotent, so that this may run again.
            let upload = self.write_thumbnail(bucket, key, thumbnail).await?;
            let new = Item::new(&*item, &upload)?;
            transaction.put_item(match upload {
                Upload::Deleted => new.expires_at(SystemTime::now() + DELETED_FOR),
                _ => new,
            })?;
            Ok(upload)
        };
        self.table.atomically(work).await
    }

    async fn write_thumbnail(&self, bucket: &str, key: &str, thumbnail: &str) -> Result<Upload, BoxError> {
        let limits = Limits::default();
        let Some(object) = self.bucket.read(bucket, key, limits.bytes).await? else {
            self.bucket.delete(bucket, thumbnail).await?;
            return Ok(Upload::Deleted);
        };
        let bytes = object.bytes.len() as u64;
        let made = tokio::task::spawn_blocking(move || thumbnail::make(&object.bytes, &limits)).await;
        // The same bytes give the same error, also after a panic of the decoder: a retry is of no use.
        let reason = match made {
            Ok(Ok(made)) => {
                self.bucket.write(bucket, thumbnail, made.jpeg).await?;
                let (content_type, thumbnail) = (made.content_type.to_owned(), thumbnail.to_owned());
                let (width, height, e_tag) = (made.original_width, made.original_height, object.e_tag);
                return Ok(Upload::Ready { thumbnail, content_type, bytes, width, height, e_tag });
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the decoder panicked".to_owned(),
        };
        self.bucket.delete(bucket, thumbnail).await?;
        Ok(Upload::Rejected { reason })
    }
}
