use pilaster::BoxError;
use pilaster::http::HttpError;

fn price() -> Result<u32, BoxError> {
    Err("the catalogue is unavailable".into())
}

fn double() -> Result<u32, HttpError> {
    Ok(price()? * 2)
}

fn main() {}
