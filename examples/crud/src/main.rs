//! All routes in one function. `cargo run -p crud` serves them on 127.0.0.1:3000, with users in memory.

use crud::api_key::RequireKey;
use crud::store::Users;
use pilaster::{Client, StartError, http};

fn main() -> Result<(), StartError> {
    let service = http::service(crud::app()).layer(crud::api());
    pilaster::run(service.warm::<Client<Users>>().warm::<RequireKey>())
}
