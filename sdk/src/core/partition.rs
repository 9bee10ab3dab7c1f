//! The partitions of AWS, by their regions, and the suffixes of their DNS names.

/// Returns the DNS suffix of a partition, such as `amazonaws.com` for `aws`, as in the AWS SDKs.
#[cfg(feature = "records")]
pub(crate) fn dns_suffix(partition: &str) -> Option<&'static str> {
    PARTITIONS.iter().find(|(name, ..)| *name == partition).map(|(.., suffix)| *suffix)
}

/// Returns the DNS suffix of the services of a region. One that is not known is in the partition `aws`.
#[cfg(any(feature = "jwt", feature = "websocket"))]
pub(crate) fn dns_suffix_of_region(region: &str) -> &'static str {
    let known = PARTITIONS.iter().find(|(_, regions, _)| !regions.is_empty() && region.starts_with(regions));
    known.map_or("amazonaws.com", |(.., suffix)| suffix)
}

/// Each partition with the beginning of its regions and its suffix.
const PARTITIONS: [(&str, &str, &str); 8] = [
    ("aws", "", "amazonaws.com"),
    ("aws-us-gov", "us-gov-", "amazonaws.com"),
    ("aws-cn", "cn-", "amazonaws.com.cn"),
    ("aws-eusc", "eusc-", "amazonaws.eu"),
    ("aws-iso", "us-iso-", "c2s.ic.gov"),
    ("aws-iso-b", "us-isob-", "sc2s.sgov.gov"),
    ("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk"),
    ("aws-iso-f", "us-isof-", "csp.hci.ic.gov"),
];
