//! Thumbnails of uploaded images. `thumbnail`, `upload` and `store` know no Lambda; the function around them is in `main.rs`.

pub mod store;
pub mod thumbnail;
pub mod upload;
