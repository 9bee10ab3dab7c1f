//! Texts that no other sandbox makes.

/// Returns 32 random hexadecimal digits from the operating system: generators in the process may have the same seed in
/// two sandboxes.
pub(crate) fn unique() -> String {
    let mut bytes = [0; 16];
    if getrandom::getrandom(&mut bytes).is_err() {
        fastrand::fill(&mut bytes);
    }
    format!("{:032x}", u128::from_ne_bytes(bytes))
}
