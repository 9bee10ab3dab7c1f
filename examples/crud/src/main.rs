//! All routes in one function. `cargo run -p crud` serves them on 127.0.0.1:3000, with users in memory.

use pilaster::StartError;

fn main() -> Result<(), StartError> {
    pilaster::run(crud::service())
}
