//! Which resources of a failed `Create` the rollback deletes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tower::timeout::TimeoutLayer;
use tower::util::MapResultLayer;

use super::*;
use crate::core::raw::Outgoing;

/// The id under which CloudFormation keeps a `Create` that this function failed, and how often the function is called
/// for the `Delete` that rolls it back.
async fn rolled_back<F, R>(function: F) -> (String, usize)
where
    F: Fn() -> R,
    R: IntoService,
{
    let failed = call(function(), event("Create", None, None)).await.unwrap();
    assert_eq!(failed["Status"], "FAILED", "{failed}");
    let id = failed["PhysicalResourceId"].as_str().unwrap().to_owned();
    let deletes = std::sync::Arc::new(AtomicUsize::new(0));
    let deleting = {
        let deletes = std::sync::Arc::clone(&deletes);
        move |_: CloudFormation<Value>| {
            deletes.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok::<(), BoxError>(()))
        }
    };
    let deleted = call(handler(deleting), event("Delete", Some(&id), None)).await.unwrap();
    assert_eq!((&deleted["Status"], &deleted["PhysicalResourceId"]), (&json!("SUCCESS"), &json!(id)));
    (id, deletes.load(Ordering::Relaxed))
}

#[tokio::test]
async fn an_error_that_the_function_returned_means_that_nothing_was_made() {
    async fn never(_: CloudFormation<Database>) -> Result<(), BoxError> {
        Err("called".into())
    }
    let (id, deletes) = rolled_back(|| handler(fails)).await;
    assert_eq!((id.as_str(), deletes), ("pilaster:create-failed:r-1", 0));
    // Also one by which it was not called at all.
    let mut wrong = event("Create", None, None);
    wrong["ResourceProperties"]["Size"] = json!("large");
    let failed = call(handler(never), wrong).await.unwrap();
    assert_eq!(failed["PhysicalResourceId"], "pilaster:create-failed:r-1");
}

#[tokio::test(start_paused = true)]
async fn whatever_else_ends_a_create_may_have_left_something_behind() {
    async fn panics(_: CloudFormation<Value>) -> Result<(), BoxError> {
        panic!("halfway")
    }
    async fn hangs(_: CloudFormation<Value>) -> Result<(), BoxError> {
        std::future::pending().await
    }
    async fn makes(_: CloudFormation<Value>) -> Result<CustomResource, BoxError> {
        Ok(CustomResource::with_id("db-1"))
    }
    async fn long_id(_: CloudFormation<Value>) -> Result<CustomResource, BoxError> {
        Ok(CustomResource::with_id("é".repeat(513)))
    }
    async fn otherwise(_: CloudFormation<Value>) -> Result<Vec<u8>, BoxError> {
        Ok(vec![1])
    }
    async fn no_json(_: CloudFormation<Value>) -> Result<std::collections::BTreeMap<(u8, u8), u8>, BoxError> {
        Ok([((1, 2), 3)].into())
    }
    let expected = ("Database-r-1".to_owned(), 1);
    assert_eq!(rolled_back(|| handler(panics)).await, expected);
    assert_eq!(rolled_back(|| handler(hangs)).await, expected);
    assert_eq!(rolled_back(|| handler(long_id)).await, expected);
    assert_eq!(rolled_back(|| handler(otherwise)).await, expected);
    assert_eq!(rolled_back(|| handler(no_json)).await, expected);
    // A layer that gives up, and one that makes an error of a success.
    assert_eq!(rolled_back(|| handler(hangs).layer(TimeoutLayer::new(Duration::from_secs(1)))).await, expected);
    let refusing = MapResultLayer::new(|_: Result<Outgoing, FunctionError>| {
        Err::<Outgoing, FunctionError>(FunctionError::new("Refused", "no"))
    });
    assert_eq!(rolled_back(|| handler(makes).layer(refusing.clone())).await, expected);
    // Without a call the layer may know more: an earlier attempt may still be running.
    let busy = tower::layer::layer_fn(|_| {
        tower::service_fn(|_: Incoming| async {
            Err::<Outgoing, _>(FunctionError::new("InProgress", "another attempt is running"))
        })
    });
    assert_eq!(rolled_back(|| handler(makes).layer(busy)).await, expected);
}

#[tokio::test]
async fn what_is_left_behind_is_found_in_every_error() {
    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Hidden(LeftBehind);

    async fn hidden(_: CloudFormation<Value>) -> Result<(), Hidden> {
        Err(Hidden(LeftBehind::new("half-a-db", "no role")))
    }
    async fn unnamed(_: CloudFormation<Value>) -> Result<(), BoxError> {
        Err(LeftBehind::new("", "no role"))?
    }
    async fn too_long(_: CloudFormation<Value>) -> Result<(), BoxError> {
        Err(LeftBehind::new("x".repeat(1025), "no role"))?
    }
    assert_eq!(rolled_back(|| handler(hidden)).await, ("half-a-db".to_owned(), 1));
    assert_eq!(rolled_back(|| handler(unnamed)).await, ("Database-r-1".to_owned(), 1));
    assert_eq!(rolled_back(|| handler(too_long)).await, ("Database-r-1".to_owned(), 1));
}
