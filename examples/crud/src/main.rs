//! All routes in one function. `cargo run -p crud` serves it on 127.0.0.1:3000, with users in memory.

use crud::store::Users;
use pilaster::{Client, StartError, http};

fn main() -> Result<(), StartError> {
    pilaster::run(http::service(crud::app()).layer(crud::api()).warm::<Client<Users>>())
}
