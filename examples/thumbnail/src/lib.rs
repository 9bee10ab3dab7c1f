//! Thumbnails of uploaded images. `thumbnail`, `upload` and `store` are independent of Lambda; the function is in
//! `main.rs`.

pub mod store;
pub mod thumbnail;
pub mod upload;
