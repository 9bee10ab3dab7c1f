//! The function as it is deployed, with a temporary folder as the bucket and a table in memory.

mod image;

use std::path::PathBuf;
use std::{env, fs};

use pilaster::observe::logging::CapturedLogs;
use pilaster::table::Table;
use pilaster::testing::{Caller, s3_delete, s3_put};
use pilaster::{Clients, FunctionError, RawService};
use serde_json::Value;
use uuid::Uuid;

use crate::bucket::Bucket;
use crate::thumbnail::Limits;
use crate::uploads::{Upload, Uploads, thumbnail_key};

const SAMPLE: &[u8] = include_bytes!("../bucket/uploads/sample.jpg");

struct Tested<R> {
    function: Caller<R>,
    uploads: Uploads,
    folder: PathBuf,
    logs: CapturedLogs,
}

fn tested() -> Tested<impl RawService> {
    let folder = env::temp_dir().join(format!("thumbnail-{}", Uuid::now_v7()));
    let uploads = Uploads { bucket: Bucket::Folder(folder.clone()), table: Table::in_memory() };
    let (clients, logs) = (Clients::new(), CapturedLogs::default());
    clients.insert(uploads.clone());
    let function = Caller::new(crate::update::function()).with_clients(clients).with_logs(&logs);
    Tested { function, uploads, folder, logs }
}

impl<R: RawService> Tested<R> {
    fn put(&self, key: &str, bytes: &[u8]) {
        let path = self.folder.join(key);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, bytes).expect("written");
    }

    fn delete(&self, key: &str) {
        fs::remove_file(self.folder.join(key)).expect("deleted");
    }

    fn read(&self, key: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.join(key)).ok()
    }

    /// Calls the function with the event that S3 sends for a new object, through EventBridge.
    async fn created(&self, key: &str) -> Result<Value, FunctionError> {
        self.function.call(s3_put("pictures", key).through_event_bridge()).await
    }

    async fn deleted(&self, key: &str) -> Result<Value, FunctionError> {
        self.function.call(s3_delete("pictures", key).through_event_bridge()).await
    }

    async fn item(&self, key: &str) -> Option<Upload> {
        self.uploads.table.get(format!("pictures/{key}")).await.expect("an item")
    }

    fn lines(&self, message: &str) -> usize {
        self.logs.lines().iter().filter(|line| line["message"] == message).count()
    }
}

impl<R> Drop for Tested<R> {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn an_upload_gets_a_thumbnail_and_an_item() -> Result<(), FunctionError> {
    let tested = tested();
    tested.put("uploads/a b+c.jpg", SAMPLE);
    tested.created("uploads/a b+c.jpg").await?;
    let thumbnail = tested.read("thumbnails/a b+c.jpg.jpg").expect("a thumbnail");
    assert!(thumbnail.starts_with(&[0xFF, 0xD8]) && thumbnail.len() < SAMPLE.len());
    let expected = Upload::Ready {
        thumbnail: "thumbnails/a b+c.jpg.jpg".into(),
        content_type: "image/jpeg".into(),
        bytes: SAMPLE.len() as u64,
        width: 400,
        height: 600,
        e_tag: None,
    };
    assert_eq!(tested.item("uploads/a b+c.jpg").await, Some(expected));

    tested.created("uploads/a b+c.jpg").await?;
    assert_eq!(tested.read("thumbnails/a b+c.jpg.jpg"), Some(thumbnail), "a duplicate event changes nothing");
    Ok(())
}

#[tokio::test]
async fn the_events_of_a_bucket_notification_are_handled_too() -> Result<(), FunctionError> {
    let tested = tested();
    tested.put("uploads/a b.jpg", SAMPLE);
    tested.function.call(s3_put("pictures", "uploads/a b.jpg")).await?;
    assert!(tested.read("thumbnails/a b.jpg.jpg").is_some());
    Ok(())
}

#[test]
fn each_upload_has_its_own_thumbnail_and_nothing_else_has_one() {
    assert_eq!(thumbnail_key("uploads/cats/tom.png").as_deref(), Some("thumbnails/cats/tom.png.jpg"));
    assert_ne!(thumbnail_key("uploads/tom.png"), thumbnail_key("uploads/tom.jpg"));
    for key in
        ["thumbnails/tom.png.jpg", "uploads/", "uploads/cats/", "uploads", "Uploads/a", "/uploads/a", "", "a/uploads/b"]
    {
        assert_eq!(thumbnail_key(key), None, "{key:?}");
    }
}

#[tokio::test]
async fn an_upload_whose_thumbnail_would_have_too_long_a_key_is_not_retried() -> Result<(), FunctionError> {
    let tested = tested();
    for length in [900, 1_000, 1_008, 1_009, 1_010, 1_015, 1_016] {
        // An upload has at most 1,024 bytes: `uploads/` and 1,016.
        let key = format!("uploads/{}", "é".repeat(length / 2) + &"a".repeat(length % 2));
        assert_eq!(thumbnail_key(&key).is_some(), length <= 1_009, "{length}");
        if length > 1_009 {
            tested.created(&key).await?;
            assert_eq!(tested.item(&key).await, None);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_thumbnail_gets_no_thumbnail_and_its_event_is_not_retried() -> Result<(), FunctionError> {
    let tested = tested();
    tested.put("thumbnails/a.jpg", SAMPLE);
    tested.created("thumbnails/a.jpg").await?;
    tested.deleted("thumbnails/a.jpg").await?;
    assert!(tested.read("thumbnails/a.jpg.jpg").is_none() && tested.read("thumbnails/a.jpg").is_some());
    assert_eq!(tested.item("thumbnails/a.jpg").await, None);
    Ok(())
}

#[tokio::test]
async fn an_upload_that_was_deleted_before_its_event_was_handled_is_not_retried() -> Result<(), FunctionError> {
    let tested = tested();
    tested.created("uploads/gone.jpg").await?;
    assert_eq!(tested.item("uploads/gone.jpg").await, Some(Upload::Deleted));
    assert!(tested.read("thumbnails/gone.jpg.jpg").is_none());
    Ok(())
}

#[tokio::test]
async fn the_thumbnail_of_a_deleted_upload_is_deleted() -> Result<(), FunctionError> {
    let tested = tested();
    tested.put("uploads/a.jpg", SAMPLE);
    tested.created("uploads/a.jpg").await?;
    tested.delete("uploads/a.jpg");
    tested.deleted("uploads/a.jpg").await?;
    assert!(tested.read("thumbnails/a.jpg.jpg").is_none());
    assert_eq!(tested.item("uploads/a.jpg").await, Some(Upload::Deleted));

    // The event of the deletion comes once more, after the next upload.
    tested.put("uploads/a.jpg", SAMPLE);
    tested.created("uploads/a.jpg").await?;
    tested.deleted("uploads/a.jpg").await?;
    assert!(tested.read("thumbnails/a.jpg.jpg").is_some(), "the thumbnail is that of the current object");
    Ok(())
}

#[tokio::test]
async fn what_is_no_image_is_rejected_at_once_and_loses_the_thumbnail_of_its_predecessor() -> Result<(), FunctionError>
{
    let tested = tested();
    let too_large = vec![0xFF; usize::try_from(Limits::default().bytes).expect("fits") + 1];
    let cases: [(&[u8], &str); 3] = [
        (b"%PDF-1.7", "the file is not a JPEG, PNG or WebP image"),
        (&SAMPLE[..SAMPLE.len() / 2], "the end of the JPEG is missing"),
        (&too_large, "the file is larger than 20971520 bytes"),
    ];
    for (rejected, (bytes, reason)) in cases.into_iter().enumerate() {
        tested.put("uploads/a.jpg", SAMPLE);
        tested.created("uploads/a.jpg").await?;
        tested.put("uploads/a.jpg", bytes);
        // The invocation succeeds, so Lambda does not retry it.
        tested.created("uploads/a.jpg").await?;
        assert_eq!(tested.item("uploads/a.jpg").await, Some(Upload::Rejected { reason: reason.into() }));
        assert!(tested.read("thumbnails/a.jpg.jpg").is_none(), "{reason}");
        assert_eq!(tested.lines("rejected the upload"), rejected + 1, "a line for the metric filter");
    }
    Ok(())
}

#[tokio::test]
async fn an_error_of_the_bucket_fails_the_invocation_so_that_lambda_retries_it() {
    let tested = tested();
    tested.put("uploads/folder/a.jpg", SAMPLE);
    tested.created("uploads/folder").await.expect_err("a folder is no object");
    assert_eq!(tested.item("uploads/folder").await, None);
}

#[tokio::test]
async fn a_key_outside_of_the_folder_is_not_read() {
    let tested = tested();
    fs::write(tested.folder.with_extension("jpg"), SAMPLE).expect("written");
    let name = tested.folder.file_name().expect("a name").to_string_lossy().into_owned();
    for key in [format!("uploads/../../{name}.jpg"), "uploads//etc/../../passwd".to_owned()] {
        tested.created(&key).await.expect_err("outside of the bucket");
    }
    fs::remove_file(tested.folder.with_extension("jpg")).expect("removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_key_at_the_same_time_and_in_any_order_end_with_the_state_of_the_object() {
    let tested = tested();
    let mut png = std::io::Cursor::new(Vec::new());
    ::image::GrayImage::new(30, 20).write_to(&mut png, ::image::ImageFormat::Png).expect("written");
    for round in 0..30 {
        let key = format!("uploads/{round}");
        tested.put(&key, SAMPLE);
        let change = async {
            tokio::task::yield_now().await;
            match round % 3 {
                0 => tested.delete(&key),
                _ => tested.put(&key, png.get_ref()),
            }
            // The event of the change, and the first one once more.
            tokio::join!(tested.deleted(&key), tested.created(&key))
        };
        let (first, (second, third)) = tokio::join!(tested.created(&key), change);
        for outcome in [first, second, third] {
            outcome.expect("no failure");
        }
        let thumbnail = tested.read(&thumbnail_key(&key).expect("an upload"));
        match tested.item(&key).await {
            Some(Upload::Deleted) => assert!(round % 3 == 0 && thumbnail.is_none(), "round {round}"),
            Some(Upload::Ready { width, .. }) => assert!(width == 30 && thumbnail.is_some(), "round {round}"),
            other => panic!("round {round}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_table_is_opened_before_the_first_event() {
    let clients = Clients::new();
    Caller::new(crate::update::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Uploads>());
}
