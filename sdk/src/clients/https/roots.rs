//! The root certificates of the system.

#[cfg(target_os = "linux")]
mod files;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

/// Returns the certificates of `SSL_CERT_FILE` and `SSL_CERT_DIR`, or those of the system if neither is set.
pub(crate) fn system() -> RootCertStore {
    #[cfg(target_os = "linux")]
    let certificates = files::certificates().into_iter().map(CertificateDer::from);
    #[cfg(not(target_os = "linux"))]
    let certificates = rustls_native_certs::load_native_certs().certs;
    let mut roots = RootCertStore::empty();
    // Some certificates of a system may be of a kind that is not supported.
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        tracing::warn!("there are no root certificates: connections by TLS will fail");
    }
    roots
}
