//! Objects in S3, or files in a folder in tests and in a local run without `BUCKET_NAME`. It serves as every bucket.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Component, Path, PathBuf};

use pilaster::{BoxError, Clients, FromClients};

#[derive(Clone)]
pub enum Bucket {
    #[cfg(feature = "aws")]
    S3(aws_sdk_s3::Client),
    Folder(PathBuf),
}

impl FromClients for Bucket {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        #[cfg(feature = "aws")]
        let s3 = async |_| Ok(Self::S3(clients.get().await?));
        #[cfg(not(feature = "aws"))]
        let s3 = async |_| Err("BUCKET_NAME needs the feature `aws`".into());
        clients.env_or("BUCKET_NAME", s3, || Self::Folder(concat!(env!("CARGO_MANIFEST_DIR"), "/bucket").into())).await
    }
}

#[cfg_attr(not(feature = "aws"), expect(unused_variables))] // The name of the bucket.
impl Bucket {
    /// Reads an object, which must fit into the memory of the function; `None` if there is none.
    pub async fn read(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, BoxError> {
        match self {
            #[cfg(feature = "aws")]
            Self::S3(s3) => match s3.get_object().bucket(bucket).key(key).send().await {
                Ok(object) => Ok(Some(object.body.collect().await?.to_vec())),
                // Without `s3:ListBucket`, S3 answers 403 instead.
                Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => Ok(None),
                Err(error) => Err(error.into()),
            },
            Self::Folder(folder) => found(fs::read(path(folder, key)?)),
        }
    }

    /// Writes a JSON file.
    pub async fn write(&self, bucket: &str, key: &str, json: Vec<u8>) -> Result<(), BoxError> {
        match self {
            #[cfg(feature = "aws")]
            Self::S3(s3) => {
                let put = s3.put_object().bucket(bucket).key(key).content_type("application/json");
                put.body(json.into()).send().await?;
            }
            Self::Folder(folder) => {
                let path = path(folder, key)?;
                fs::create_dir_all(path.parent().unwrap_or(folder))?;
                fs::write(path, json)?;
            }
        }
        Ok(())
    }

    /// Deletes an object, if there is one.
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<(), BoxError> {
        match self {
            #[cfg(feature = "aws")]
            Self::S3(s3) => drop(s3.delete_object().bucket(bucket).key(key).send().await?),
            Self::Folder(folder) => drop(found(fs::remove_file(path(folder, key)?))?),
        }
        Ok(())
    }
}

/// Returns `None` for a missing file.
fn found<T>(result: Result<T, Error>) -> Result<Option<T>, BoxError> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        result => Ok(Some(result?)),
    }
}

/// Returns the path of a key's file, which is always in the folder.
fn path(folder: &Path, key: &str) -> Result<PathBuf, Error> {
    match Path::new(key).components().all(|part| matches!(part, Component::Normal(_))) {
        true => Ok(folder.join(key)),
        false => Err(Error::new(ErrorKind::InvalidInput, "the key is not the path of a file")),
    }
}
