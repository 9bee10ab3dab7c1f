//! The physical ids of resources.

use super::*;

#[tokio::test]
async fn ids_stay_what_they_were() {
    let id = async |answered: Result<Value, FunctionError>| answered.unwrap()["PhysicalResourceId"].clone();
    assert_eq!(id(call(handler(database), event("Update", Some("db-1"), None)).await).await, "db-1");
    // A deletion has no new id, whatever the function says.
    assert_eq!(id(call(handler(database), event("Delete", Some("db-1"), None)).await).await, "db-1");
    assert_eq!(id(call(handler(says_nothing), event("Create", None, None)).await).await, "Database-r-1");
    assert_eq!(id(call(handler(says_nothing), event("Create", Some(""), None)).await).await, "Database-r-1");
    assert_eq!(id(call(handler(fails), event("Update", Some("db-1"), None)).await).await, "db-1");
}

#[tokio::test]
async fn a_create_that_failed_is_deleted_without_a_call_unless_something_was_left_behind() {
    async fn left(_: CloudFormation<Value>) -> Result<(), BoxError> {
        Err(LeftBehind::new("half-a-db", "no role"))?
    }
    let failed = call(handler(fails), event("Create", None, None)).await.unwrap();
    assert_eq!(failed["Status"], "FAILED");
    let id = failed["PhysicalResourceId"].as_str().unwrap();
    let deleted = call(handler(fails), event("Delete", Some(id), None)).await.unwrap();
    assert_eq!((&deleted["Status"], &deleted["PhysicalResourceId"]), (&json!("SUCCESS"), &json!(id)));
    let left = call(handler(left), event("Create", None, None)).await.unwrap();
    assert_eq!((&left["PhysicalResourceId"], &left["Reason"]), (&json!("half-a-db"), &json!("no role")));
    let failed = call(handler(fails), event("Delete", Some("half-a-db"), None)).await.unwrap();
    assert_eq!(failed["Status"], "FAILED");
}

#[tokio::test]
async fn an_id_by_which_what_was_never_made_is_known_is_refused() {
    async fn makes(_: CloudFormation<Value>) -> Result<CustomResource, BoxError> {
        Ok(CustomResource::with_id("pilaster:create-failed:mine"))
    }
    async fn left(_: CloudFormation<Value>) -> Result<(), BoxError> {
        Err(LeftBehind::new("pilaster:create-failed:mine", "no role"))?
    }
    let refused = call(handler(makes), event("Create", None, None)).await.unwrap();
    assert_eq!((&refused["Status"], &refused["PhysicalResourceId"]), (&json!("FAILED"), &json!("Database-r-1")));
    assert!(refused["Reason"].as_str().unwrap().contains("must not begin with"), "{refused}");
    let refused = call(handler(makes), event("Update", Some("db-1"), None)).await.unwrap();
    assert_eq!((&refused["Status"], &refused["PhysicalResourceId"]), (&json!("FAILED"), &json!("db-1")));
    let failed = call(handler(left), event("Create", None, None)).await.unwrap();
    assert_eq!(failed["PhysicalResourceId"], "Database-r-1");
}
