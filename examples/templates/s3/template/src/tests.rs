//! The function as it is deployed, with a temporary folder as the bucket.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

use pilaster::testing::{Caller, s3_delete, s3_put};
use pilaster::{BoxError, Clients, RawService};
use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::summary::{Summary, result_key, summarize};

fn function() -> Result<(Caller<impl RawService>, PathBuf), BoxError> {
    static FOLDERS: AtomicUsize = AtomicUsize::new(0);
    let name = format!("bucket-{}-{}", process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
    let folder = env::temp_dir().join(name);
    fs::create_dir_all(folder.join("uploads"))?;
    let clients = Clients::new();
    clients.insert(Bucket::Folder(folder.clone()));
    Ok((Caller::new(crate::count::function()).with_clients(clients), folder))
}

#[test]
fn words_and_lines_are_counted() {
    assert_eq!(summarize(b"to be,\nor not\n"), Summary { lines: 2, words: 4 });
    assert_eq!(summarize(b""), Summary { lines: 0, words: 0 });
}

#[test]
fn only_an_upload_has_a_result() {
    assert_eq!(result_key("uploads/a/b.txt").as_deref(), Some("results/a/b.txt.json"));
    for key in ["results/a.txt.json", "uploads/", "uploads/a/", "a/uploads/b", ""] {
        assert_eq!(result_key(key), None, "{key:?}");
    }
}

#[tokio::test]
async fn the_sample_event_gets_a_result() -> Result<(), BoxError> {
    let (function, folder) = function()?;
    fs::write(folder.join("uploads/hello.txt"), include_str!("../bucket/uploads/hello.txt"))?;
    function.call_text(include_str!("../events/upload.json")).await?;
    let result: Value = serde_json::from_slice(&fs::read(folder.join("results/hello.txt.json"))?)?;
    assert_eq!(result, json!({ "lines": 2, "words": 10 }));
    Ok(fs::remove_dir_all(folder)?)
}

#[tokio::test]
async fn a_result_has_no_result_and_that_of_a_deleted_upload_is_deleted() -> Result<(), BoxError> {
    let (function, folder) = function()?;
    fs::write(folder.join("uploads/a b.txt"), "tea")?;
    function.call(s3_put("uploads", "uploads/a b.txt").through_event_bridge()).await?;
    function.call(s3_put("uploads", "results/a b.txt.json").through_event_bridge()).await?;
    let results = || Ok::<_, BoxError>(fs::read_dir(folder.join("results"))?.count());
    assert_eq!(results()?, 1);

    fs::remove_file(folder.join("uploads/a b.txt"))?;
    function.call(s3_delete("uploads", "uploads/a b.txt").through_event_bridge()).await?;
    assert_eq!(results()?, 0);
    Ok(fs::remove_dir_all(folder)?)
}
