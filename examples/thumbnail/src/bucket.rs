//! [`Bucket`]: objects in S3, or in a folder for a local run and for tests.

use std::fs;
use std::io::{Error, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use pilaster::BoxError;

/// A store of objects. A folder serves as every bucket.
#[derive(Clone, Debug)]
pub(crate) enum Bucket {
    S3(aws_sdk_s3::Client),
    Folder(PathBuf),
}

/// An object that was read.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) bytes: Vec<u8>,
    pub(crate) e_tag: Option<String>,
}

impl Bucket {
    /// Uses the folder `bucket` of this example.
    pub(crate) fn sample() -> Self {
        Self::Folder(concat!(env!("CARGO_MANIFEST_DIR"), "/bucket").into())
    }

    /// Reads an object, if there is one. Of a larger one than `limit`, more bytes than `limit` are returned, but not all.
    pub(crate) async fn read(&self, bucket: &str, key: &str, limit: u64) -> Result<Option<Object>, BoxError> {
        let mut bytes = Vec::new();
        match self {
            Self::S3(s3) => {
                let mut object = match s3.get_object().bucket(bucket).key(key).send().await {
                    Ok(object) => object,
                    // Without `s3:ListBucket`, S3 answers 403 instead.
                    Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => {
                        return Ok(None);
                    }
                    Err(error) => return Err(error.into()),
                };
                while bytes.len() as u64 <= limit
                    && let Some(part) = object.body.try_next().await?
                {
                    bytes.extend_from_slice(&part);
                }
                Ok(Some(Object { bytes, e_tag: object.e_tag }))
            }
            Self::Folder(folder) => match fs::File::open(path(folder, key)?) {
                Ok(file) => {
                    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
                    Ok(Some(Object { bytes, e_tag: None }))
                }
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Writes a JPEG.
    pub(crate) async fn write(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), BoxError> {
        match self {
            Self::S3(s3) => {
                let put = s3.put_object().bucket(bucket).key(key).content_type("image/jpeg");
                put.body(jpeg.into()).send().await?;
            }
            Self::Folder(folder) => {
                let path = path(folder, key)?;
                fs::create_dir_all(path.parent().unwrap_or(folder))?;
                fs::write(path, jpeg)?;
            }
        }
        Ok(())
    }

    /// Deletes an object, if there is one.
    pub(crate) async fn delete(&self, bucket: &str, key: &str) -> Result<(), BoxError> {
        match self {
            Self::S3(s3) => {
                s3.delete_object().bucket(bucket).key(key).send().await?;
            }
            Self::Folder(folder) => match fs::remove_file(path(folder, key)?) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            },
        }
        Ok(())
    }
}

/// Returns the path of a key's file, which is always in the folder.
fn path(folder: &Path, key: &str) -> Result<PathBuf, Error> {
    match Path::new(key).components().all(|part| matches!(part, Component::Normal(_))) {
        true => Ok(folder.join(key)),
        false => Err(Error::new(ErrorKind::InvalidInput, "the key is not the path of a file")),
    }
}
