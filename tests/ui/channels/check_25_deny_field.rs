use pilaster::channels::{Access, Authorization};
use pilaster::{BoxError, lambda_handler};

#[lambda_handler]
async fn authorize(_: Authorization) -> Result<Access, BoxError> {
    Ok(Access::allow().deny_field("User", "email"))
}
