//! A folder as the bucket, for `cargo run` and tests.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::BoxError;

use super::Source;
use crate::upload::Metadata;

#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: Arc<Path>,
    /// Serializes the read-compare-write of metadata.
    recording: Arc<Mutex<()>>,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root: root.into(), recording: Arc::default() }
    }

    pub(super) async fn read(&self, _bucket: &str, key: &str, limit: u64) -> Result<Option<Source>, BoxError> {
        let path = self.path(key)?;
        let read = move || {
            let mut bytes = Vec::new();
            let file = File::open(&path).map_err(|error| named(error, &path))?;
            file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
            Ok((bytes.len() as u64 <= limit).then_some(Source { bytes, e_tag: None, version_id: None }))
        };
        tokio::task::spawn_blocking(read).await?
    }

    pub(super) async fn write(&self, _bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), BoxError> {
        let path = self.path(key)?;
        tokio::task::spawn_blocking(move || write(&path, &jpeg)).await?
    }

    pub(super) async fn record(&self, metadata: &Metadata) -> Result<bool, BoxError> {
        let (_bucket, key) = metadata.object.split_once('/').unwrap_or_default();
        let path = self.path(&format!("metadata/{key}.json"))?;
        let (metadata, recording) = (metadata.clone(), Arc::clone(&self.recording));
        let record = move || {
            // Poisoning is ignored: a panic leaves no partial state.
            let _recording = recording.lock().unwrap_or_else(PoisonError::into_inner);
            let recorded = fs::read(&path).ok().and_then(|json| serde_json::from_slice::<Metadata>(&json).ok());
            if recorded.is_some_and(|recorded| recorded.sequencer > metadata.sequencer) {
                return Ok(false);
            }
            write(&path, &serde_json::to_vec_pretty(&metadata)?)?;
            Ok(true)
        };
        tokio::task::spawn_blocking(record).await?
    }

    /// Returns the path of a key's file, which is always below the folder.
    fn path(&self, key: &str) -> io::Result<PathBuf> {
        let name = |part| match part {
            Component::Normal(name) => name.to_str(),
            // `..`, `.`, `/`, and prefixes of other systems.
            _ => None,
        };
        let names: Option<Vec<_>> = Path::new(key).components().map(name).collect();
        match names {
            // Keys must be normalized: `a//b` and `a/./b` are not `a/b`.
            Some(names) if !key.is_empty() && names.join("/") == key => Ok(self.root.join(key)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{key:?} is not a valid file name"))),
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BoxError> {
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        fs::write(path, bytes)
    };
    Ok(write().map_err(|error| named(error, path))?)
}

fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_never_outside_the_folder() {
        let folder = Folder::new("/bucket".into());
        let outside = ["..", "../a", "uploads/../../a", "uploads/..", "/etc/passwd", "//etc", ".", "", "/"];
        let not_normalized = ["a//b", "a/./b", "a/", "./a"];
        for key in outside.into_iter().chain(not_normalized) {
            assert!(folder.path(key).is_err(), "{key:?}");
        }
        for key in ["uploads/a.jpg", "uploads/..a", "uploads/a..", "uploads/.a/b c", "uploads/ä+%2e%2e%2f"] {
            assert_eq!(folder.path(key).expect("a name"), Path::new("/bucket").join(key));
        }
    }
}
