//! What a deployment weighs.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// Bytes of a deployment, as they are and deflated as a zip does.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Size {
    pub(crate) raw: u64,
    pub(crate) deflated: u64,
}

/// Adds up these files and the files in these folders.
pub(crate) fn size(paths: &[PathBuf]) -> io::Result<Size> {
    let mut size = Size::default();
    for path in paths {
        add(path, &mut size)?;
    }
    Ok(size)
}

fn add(path: &Path, size: &mut Size) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            add(&entry?.path(), size)?;
        }
        return Ok(());
    }
    let bytes = fs::read(path)?;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    size.raw += bytes.len() as u64;
    size.deflated += encoder.finish()?.len() as u64;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_counts_all_files_in_it() {
        let folder = std::env::temp_dir().join(format!("bench-size-{}", std::process::id()));
        fs::create_dir_all(folder.join("in")).unwrap();
        fs::write(folder.join("a"), [0; 1000]).unwrap();
        fs::write(folder.join("in/b"), [0; 1000]).unwrap();
        let both = size(std::slice::from_ref(&folder)).unwrap();
        let one = size(&[folder.join("a")]).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((both.raw, both.deflated), (2 * one.raw, 2 * one.deflated));
        assert!(one.deflated < 50, "{one:?}");
    }
}
