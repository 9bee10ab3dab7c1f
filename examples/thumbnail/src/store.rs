//! The [`Store`] of images, thumbnails and metadata, backed by S3 and DynamoDB or by a folder.

#[cfg(feature = "aws")]
mod aws;
mod folder;

use std::path::PathBuf;

use pilaster::{BoxError, Clients, FromClients};
use thiserror::Error;

use crate::upload::Metadata;

/// A store of objects and metadata. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    backend: Backend,
}

#[derive(Clone, Debug)]
enum Backend {
    Folder(folder::Folder),
    #[cfg(feature = "aws")]
    Aws(aws::Aws),
}

/// An object that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The content.
    pub bytes: Vec<u8>,
    /// The ETag.
    pub e_tag: Option<String>,
    /// The version, if the bucket is versioned.
    pub version_id: Option<String>,
}

/// `TABLE_NAME` requires AWS clients, which this build does not contain.
#[derive(Clone, Copy, Debug, Error)]
#[error("TABLE_NAME is set, but this build has no AWS clients: build it with `--features aws`")]
pub struct NoClients;

/// Calls the function of the configured backend.
macro_rules! store {
    ($store:ident.$function:ident($($argument:expr),*)) => {
        match &$store.backend {
            Backend::Folder(store) => store.$function($($argument),*).await,
            #[cfg(feature = "aws")]
            Backend::Aws(store) => store.$function($($argument),*).await,
        }
    };
}

impl Store {
    /// Creates a store in a folder, which serves as every bucket. Metadata are files under `metadata`.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { backend: Backend::Folder(folder::Folder::new(folder.into())) }
    }

    /// Creates a store in S3 and a DynamoDB table; `template.yaml` defines the schema.
    #[cfg(feature = "aws")]
    pub fn in_aws(s3: aws_sdk_s3::Client, dynamodb: aws_sdk_dynamodb::Client, table: impl Into<String>) -> Self {
        Self { backend: Backend::Aws(aws::Aws::new(s3, dynamodb, table.into())) }
    }

    /// Reads an object. Returns `None` if it is larger than `limit` bytes.
    ///
    /// # Errors
    ///
    /// The object does not exist or cannot be read.
    pub async fn read(&self, bucket: &str, key: &str, limit: u64) -> Result<Option<Source>, BoxError> {
        store!(self.read(bucket, key, limit))
    }

    /// Writes a JPEG.
    ///
    /// # Errors
    ///
    /// The backend cannot be written.
    pub async fn write(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), BoxError> {
        store!(self.write(bucket, key, jpeg))
    }

    /// Writes metadata. Returns `false` if metadata of a later event exist.
    ///
    /// # Errors
    ///
    /// The backend cannot be written.
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
            // Without AWS clients, thumbnails would silently be written to a folder.
            #[cfg(not(feature = "aws"))]
            Some(_) => Err(NoClients.into()),
            None => {
                let _ = clients;
                let folder = variable("THUMBNAIL_DIR").map_or_else(sample_folder, PathBuf::from);
                tracing::warn!(folder = %folder.display(), "TABLE_NAME is not set: using a folder as the bucket");
                Ok(Self::in_folder(folder))
            }
        }
    }
}

/// Returns the sample folder of this example.
fn sample_folder() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/bucket").into()
}
