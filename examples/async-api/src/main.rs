//! `POST /jobs` and `GET /jobs/{id}`. `cargo run -p async-api` serves them on 127.0.0.1:3000 and runs the jobs:
//!
//! ```sh
//! curl -i 127.0.0.1:3000/jobs -H 'content-type: application/json' -d '{"text": "to be or not to be"}'
//! ```

use async_api::jobs::Jobs;
use async_api::queue::Queue;
use async_api::{api, app};
use pilaster::{Client, StartError, http};

fn main() -> Result<(), StartError> {
    pilaster::run(http::service(app()).layer(api()).warm::<Client<Jobs>>().warm::<Client<Queue>>())
}
