//! Where images, thumbnails and metadata are: [`Store`], over S3 and DynamoDB or over a folder.

#[cfg(feature = "aws")]
mod aws;
mod folder;

use std::path::PathBuf;

use pilaster::{BoxError, Clients, FromClients};
use thiserror::Error;

use crate::upload::Metadata;

/// Buckets and a table. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Folder(folder::Folder),
    #[cfg(feature = "aws")]
    Aws(aws::Aws),
}

/// An object that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Which content this is.
    pub e_tag: Option<String>,
    /// Which version this is, if the bucket keeps versions.
    pub version_id: Option<String>,
}

/// The environment asks for what this build has not.
#[derive(Clone, Copy, Debug, Error)]
#[error("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`")]
pub struct NoClients;

/// Calls the same function of whichever store there is.
macro_rules! store {
    ($store:ident.$function:ident($($argument:expr),*)) => {
        match &$store.kind {
            Kind::Folder(store) => store.$function($($argument),*).await,
            #[cfg(feature = "aws")]
            Kind::Aws(store) => store.$function($($argument),*).await,
        }
    };
}

impl Store {
    /// A folder as the bucket, whatever its name; the metadata in it too, as files under `metadata`.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { kind: Kind::Folder(folder::Folder::new(folder.into())) }
    }

    /// S3, and a table that `template.yaml` describes.
    #[cfg(feature = "aws")]
    pub fn in_aws(s3: aws_sdk_s3::Client, dynamodb: aws_sdk_dynamodb::Client, table: impl Into<String>) -> Self {
        Self { kind: Kind::Aws(aws::Aws::new(s3, dynamodb, table.into())) }
    }

    /// Reads an object, or nothing if it has more bytes than this.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being read, also that there is none.
    pub async fn read(&self, bucket: &str, key: &str, limit: u64) -> Result<Option<Source>, BoxError> {
        store!(self.read(bucket, key, limit))
    }

    /// Writes a JPEG.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being written.
    pub async fn write(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), BoxError> {
        store!(self.write(bucket, key, jpeg))
    }

    /// Writes metadata, unless there is some of a later event; whether it was written.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being written.
    pub async fn record(&self, metadata: &Metadata) -> Result<bool, BoxError> {
        store!(self.record(metadata))
    }
}

impl FromClients for Store {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        match variable("TABLE_NAME") {
            #[cfg(feature = "aws")]
            Some(table) => Ok(Self::in_aws(clients.get().await?, clients.get().await?, table)),
            // Without AWS clients, thumbnails would silently be kept in a folder.
            #[cfg(not(feature = "aws"))]
            Some(_) => Err(NoClients.into()),
            None => {
                let _ = clients;
                let folder = variable("THUMBNAIL_DIR").map_or_else(sample_folder, PathBuf::from);
                tracing::warn!(folder = %folder.display(), "TABLE_NAME is not set: a folder is the bucket");
                Ok(Self::in_folder(folder))
            }
        }
    }
}

/// The folder of this example, with an image to begin with.
fn sample_folder() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/bucket").into()
}
