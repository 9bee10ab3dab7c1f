//! Creates a thumbnail under `thumbnails/` for each image under `uploads/`. To run it locally, in the folder of this
//! example: `cargo run -- event.json`.

use ::thumbnail::store::Store;
use ::thumbnail::upload::{Upload, UploadError, process};
use pilaster::records::RecordError;
use pilaster::{BoxError, Client, S3Object, lambda_handler};

#[lambda_handler(warm(Client<Store>))]
async fn thumbnail(Client(store): Client<Store>, object: S3Object) -> Result<(), BoxError> {
    if !object.is_created() {
        return Ok(());
    }
    let upload =
        Upload { bucket: object.bucket(), key: object.key(), size: object.size(), sequencer: object.sequencer() };
    match process(&store, upload).await {
        Ok(made) => {
            tracing::info!(object = made.object, thumbnail = made.thumbnail, bytes = made.bytes, "created a thumbnail");
            Ok(())
        }
        // Permanent and uninteresting: drop it instead of retrying.
        Err(error @ UploadError::NotAnUpload(_)) => Err(RecordError::discard(error).into()),
        // Transient, corrupt or too large: after its retries, the event moves to the dead-letter queue.
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::{env, fs};

    use pilaster::testing::Caller;
    use pilaster::{Clients, FunctionError, RawService, handler};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    const SAMPLE: &[u8] = include_bytes!("../bucket/uploads/sample.jpg");

    /// The function with a temporary folder as the bucket, removed after the test.
    struct Tested<R> {
        function: Caller<R>,
        bucket: PathBuf,
    }

    fn tested() -> Tested<impl RawService> {
        let bucket = env::temp_dir().join(format!("thumbnail-{}", Uuid::now_v7()));
        let clients = Clients::new();
        clients.insert(Store::in_folder(&bucket));
        Tested { function: Caller::new(handler(thumbnail)).with_clients(clients), bucket }
    }

    impl<R: RawService> Tested<R> {
        async fn call(&self, name: &str, key: &str) -> Result<Value, FunctionError> {
            let mut event: Value = serde_json::from_str(include_str!("../event.json")).expect("an event");
            event["Records"][0]["eventName"] = json!(name);
            event["Records"][0]["s3"]["object"]["key"] = json!(key);
            self.function.call(event).await
        }

        fn put(&self, key: &str, bytes: &[u8]) {
            let path = self.bucket.join(key);
            fs::create_dir_all(path.parent().expect("a folder")).expect("created");
            fs::write(path, bytes).expect("written");
        }

        fn has(&self, key: &str) -> bool {
            self.bucket.join(key).exists()
        }
    }

    impl<R> Drop for Tested<R> {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.bucket);
        }
    }

    #[tokio::test]
    async fn an_upload_gets_a_thumbnail_under_its_own_key() -> Result<(), FunctionError> {
        let tested = tested();
        tested.put("uploads/a b+c.jpg", SAMPLE);
        tested.call("ObjectCreated:CompleteMultipartUpload", "uploads/a+b%2Bc.jpg").await?;
        assert!(tested.has("thumbnails/a b+c.jpg.jpg") && tested.has("metadata/uploads/a b+c.jpg.json"));
        Ok(())
    }

    #[tokio::test]
    async fn a_thumbnail_does_not_get_a_thumbnail_and_its_event_is_not_retried() -> Result<(), FunctionError> {
        let tested = tested();
        tested.put("thumbnails/a.jpg", SAMPLE);
        tested.call("ObjectCreated:Put", "thumbnails/a.jpg").await?;
        assert!(!tested.has("thumbnails/a.jpg.jpg") && !tested.has("metadata"));
        Ok(())
    }

    #[tokio::test]
    async fn a_removed_image_is_ignored() -> Result<(), FunctionError> {
        let tested = tested();
        tested.call("ObjectRemoved:Delete", "uploads/a.jpg").await?;
        assert!(!tested.has("thumbnails") && !tested.has("metadata"));
        Ok(())
    }

    #[tokio::test]
    async fn a_corrupt_image_fails_the_invocation_so_that_its_event_is_dead_lettered() {
        let tested = tested();
        tested.put("uploads/corrupt.jpg", &SAMPLE[..SAMPLE.len() / 2]);
        let error = tested.call("ObjectCreated:Put", "uploads/corrupt.jpg").await.expect_err("an error");
        assert!(error.to_string().contains("uploads/corrupt.jpg"), "{error}");
        assert!(!tested.has("thumbnails/corrupt.jpg.jpg"));
    }

    #[tokio::test]
    async fn a_key_outside_the_folder_fails() {
        let tested = tested();
        tested.put("uploads/a.jpg", SAMPLE);
        for key in ["uploads/../uploads/a.jpg", "uploads/%2e%2e/uploads/a.jpg"] {
            let error = tested.call("ObjectCreated:Put", key).await.expect_err("an error");
            assert!(error.to_string().contains("uploads/../uploads/a.jpg"), "{error}");
        }
    }
}
