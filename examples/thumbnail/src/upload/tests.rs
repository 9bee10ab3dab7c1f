use std::fs;
use std::path::PathBuf;

use uuid::Uuid;

use super::*;

const SAMPLE: &[u8] = include_bytes!("../../bucket/uploads/sample.jpg");

/// A temporary folder as the bucket, removed after the test.
struct Bucket(PathBuf);

impl Bucket {
    fn with(key: &str, bytes: &[u8]) -> Self {
        let bucket = Self(std::env::temp_dir().join(format!("thumbnail-{}", Uuid::now_v7())));
        bucket.put(key, bytes);
        bucket
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        let path = self.0.join(key);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, bytes).expect("written");
    }

    fn read(&self, key: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(key)).ok()
    }

    async fn process(&self, key: &str, sequencer: &str) -> Result<Metadata, UploadError> {
        let upload = Upload { bucket: "pictures", key, size: None, sequencer: Some(sequencer) };
        process(&Store::in_folder(&self.0), upload).await
    }

    fn recorded(&self, key: &str) -> Option<Metadata> {
        self.read(&format!("metadata/{key}.json")).map(|json| serde_json::from_slice(&json).expect("metadata"))
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn each_upload_has_its_own_thumbnail() {
    assert_eq!(thumbnail_key("uploads/cats/tom.png").expect("a key"), "thumbnails/cats/tom.png.jpg");
    assert_ne!(thumbnail_key("uploads/tom.png").expect("a key"), thumbnail_key("uploads/tom.jpg").expect("a key"));
}

#[test]
fn only_files_under_uploads_are_uploads() {
    let own = thumbnail_key("uploads/tom.png").expect("a key");
    for key in
        [&own, "thumbnails/", "uploads/", "uploads/cats/", "uploads", "Uploads/a", "/uploads/a", "", "a/uploads/b"]
    {
        assert!(thumbnail_key(key).is_err(), "{key:?}");
    }
}

#[tokio::test]
async fn an_upload_gets_its_thumbnail_and_its_metadata() {
    let bucket = Bucket::with("uploads/hills.jpg", SAMPLE);
    let metadata = bucket.process("uploads/hills.jpg", "0055AED6DCD90281E5").await.expect("a thumbnail");
    assert_eq!(
        metadata,
        Metadata {
            object: "pictures/uploads/hills.jpg".into(),
            thumbnail: "thumbnails/hills.jpg.jpg".into(),
            content_type: "image/jpeg".into(),
            bytes: SAMPLE.len() as u64,
            width: 400,
            height: 600,
            thumbnail_width: 171,
            thumbnail_height: 256,
            e_tag: None,
            version_id: None,
            sequencer: Some("0055AED6DCD90281E5".into()),
        }
    );
    assert_eq!(bucket.recorded("uploads/hills.jpg"), Some(metadata));
    let thumbnail = bucket.read("thumbnails/hills.jpg.jpg").expect("a thumbnail");
    assert!(thumbnail.starts_with(&[0xFF, 0xD8]) && thumbnail.len() < SAMPLE.len());
}

#[tokio::test]
async fn a_duplicate_event_changes_nothing() {
    let bucket = Bucket::with("uploads/a.jpg", SAMPLE);
    let first = bucket.process("uploads/a.jpg", "1").await.expect("a thumbnail");
    let thumbnail = bucket.read("thumbnails/a.jpg.jpg");
    assert_eq!(bucket.process("uploads/a.jpg", "1").await.expect("a thumbnail"), first);
    assert_eq!(bucket.read("thumbnails/a.jpg.jpg"), thumbnail);
}

#[tokio::test]
async fn an_earlier_event_that_arrives_later_does_not_overwrite_newer_metadata() {
    let bucket = Bucket::with("uploads/a", SAMPLE);
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(30, 20).write_to(&mut png, image::ImageFormat::Png).expect("written");
    bucket.put("uploads/a", png.get_ref());

    bucket.process("uploads/a", "2").await.expect("a thumbnail");
    let thumbnail = bucket.read("thumbnails/a.jpg");
    bucket.process("uploads/a", "1").await.expect("the same thumbnail");
    assert_eq!(bucket.read("thumbnails/a.jpg"), thumbnail);
    let recorded = bucket.recorded("uploads/a").expect("recorded");
    assert_eq!((recorded.sequencer.as_deref(), recorded.width), (Some("2"), 30));

    bucket.put("uploads/a", SAMPLE);
    bucket.process("uploads/a", "3").await.expect("a thumbnail");
    assert_eq!(bucket.recorded("uploads/a").expect("recorded").width, 400);
}

#[tokio::test]
async fn nothing_is_written_for_a_corrupt_image_and_the_error_contains_its_key() {
    let bucket = Bucket::with("uploads/corrupt.jpg", &SAMPLE[..SAMPLE.len() / 2]);
    let error = bucket.process("uploads/corrupt.jpg", "1").await.expect_err("a corrupt image");
    assert_eq!(error.to_string(), r#"cannot create a thumbnail of "uploads/corrupt.jpg""#);
    let source = std::error::Error::source(&error).expect("a reason").to_string();
    assert_eq!(source, "truncated JPEG");
    assert!(bucket.read("thumbnails/corrupt.jpg.jpg").is_none() && bucket.recorded("uploads/corrupt.jpg").is_none());
}

#[tokio::test]
async fn a_file_that_is_too_large_is_rejected_by_its_event_or_while_reading() {
    let limit = Limits::default().bytes;
    let bucket = Bucket::with("uploads/huge.png", &vec![0; usize::try_from(limit).expect("fits into usize") + 1]);
    let store = Store::in_folder(&bucket.0);
    let size_in_event = Upload { bucket: "pictures", key: "uploads/nowhere", size: Some(limit + 1), sequencer: None };
    let size_while_reading = Upload { key: "uploads/huge.png", size: Some(1), ..size_in_event };
    for upload in [size_in_event, size_while_reading] {
        let error = process(&store, upload).await.expect_err("too large");
        let source = ThumbnailError::TooManyBytes { limit };
        assert!(
            matches!(&error, UploadError::Thumbnail { source: ThumbnailError::TooManyBytes { .. }, .. }),
            "{error:?}"
        );
        assert_eq!(std::error::Error::source(&error).expect("a reason").to_string(), source.to_string());
    }
}

#[tokio::test]
async fn a_missing_object_or_a_path_outside_the_folder_is_a_store_error() {
    let bucket = Bucket::with("uploads/a.jpg", SAMPLE);
    fs::write(bucket.0.with_extension("secret.jpg"), SAMPLE).expect("written");
    let outside = format!("uploads/../../{}.secret.jpg", bucket.0.file_name().expect("a name").display());
    for key in ["uploads/gone.jpg", &outside] {
        let error = bucket.process(key, "1").await.expect_err("no such object");
        assert!(matches!(error, UploadError::Store { .. }), "{error:?}");
    }
    fs::remove_file(bucket.0.with_extension("secret.jpg")).expect("removed");
}
