//! The issuers of Cognito user pools.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>

use crate::core::partition::dns_suffix_of_region;

/// Returns the issuer of a user pool, whose id begins with its region: `eu-west-1_AbCdEfGhI`.
pub(super) fn issuer(pool: &str) -> Option<String> {
    issuer_of_host(pool, "cognito-idp")
}

/// Returns the issuer of a user pool whose issuer type is `UPDATED`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html>
pub(super) fn updated_issuer(pool: &str) -> Option<String> {
    issuer_of_host(pool, "issuer-cognito-idp")
}

fn issuer_of_host(pool: &str, host: &str) -> Option<String> {
    let (region, name) = pool.split_once('_')?;
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (is_word(region) && is_word(name))
        .then(|| format!("https://{host}.{region}.{}/{pool}", dns_suffix_of_region(region)))
}

/// Returns the id of the pool whose updated issuer this is.
pub(super) fn pool_of_updated(of_issuer: &str) -> Option<&str> {
    let (_, pool) = of_issuer.rsplit_once('/')?;
    (updated_issuer(pool)? == of_issuer).then_some(pool)
}

/// Returns the id of the pool whose issuer this is.
pub(super) fn pool(of_issuer: &str) -> Option<&str> {
    let (_, pool) = of_issuer.rsplit_once('/')?;
    (issuer(pool)? == of_issuer).then_some(pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_has_the_region_of_its_pool() {
        let ireland = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC";
        let china = "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbC";
        let sovereign = "https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_AbC";
        for issued in [ireland, china, sovereign] {
            assert_eq!(pool(issued).and_then(issuer).as_deref(), Some(issued));
            let updated = issued.replace("cognito-idp", "issuer-cognito-idp");
            assert_eq!(pool_of_updated(&updated).and_then(updated_issuer).as_ref(), Some(&updated));
            assert_eq!((pool(&updated), pool_of_updated(issued)), (None, None));
        }
        for other in
            ["https://id.example.com", "https://cognito-idp.eu-west-1.amazonaws.com/us-east-1_AbC", "eu-west-1_A"]
        {
            assert_eq!(pool(other), None, "{other}");
        }
        for wrong in ["", "AbC", "eu-west-1_", "_AbC", "eu-west-1_A/../b", "evil.example.com/_a"] {
            assert_eq!(issuer(wrong), None, "{wrong}");
        }
    }
}
