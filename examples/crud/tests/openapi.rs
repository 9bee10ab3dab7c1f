//! The OpenAPI document in the repository is that of the function.
#![cfg(feature = "aws")]

#[test]
fn the_document_is_current() {
    pilaster::testing::assert_openapi("openapi.json", crud::service());
}
