//! `POST /jobs` and `GET /jobs/{id}`, on 127.0.0.1:3000 in a local run.

#[cfg(test)]
mod tests;

fn main() -> Result<(), pilaster::StartError> {
    pilaster::run(async_api::function())
}
