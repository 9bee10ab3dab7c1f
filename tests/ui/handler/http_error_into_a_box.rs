use pilaster::BoxError;
use pilaster::http::HttpError;

fn find(id: u64) -> Result<u64, HttpError> {
    Ok(id)
}

fn first() -> Result<u64, BoxError> {
    Ok(find(1)?)
}

fn second() -> Result<u64, BoxError> {
    find(2).map_err(Into::into)
}

fn main() {}
