use pilaster::http::Jwt;
use pilaster::lambda_handler;

struct Claims {
    sub: String,
}

#[lambda_handler]
async fn whoami(Jwt(claims): Jwt<Claims>) -> String {
    claims.sub
}
