//! TLS settings of clients: what is trusted, what is shown, and files that change while we run.
//!
//! `Tls::current` is asked for each new connection; open connections keep what they began with.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, SupportedProtocolVersion};

use super::options::{TlsOptions, seconds};

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The TLS of one client; `None` from `Tls::new` means plaintext.
pub struct Tls {
    options: TlsOptions,
    alpn: Vec<Vec<u8>>,
    state: Mutex<State>,
}

struct State {
    config: Arc<ClientConfig>,
    stamps: Vec<Option<SystemTime>>,
    checked: Instant,
}

impl Tls {
    /// `required` is what the target's scheme says, if it says anything. Errors name the file.
    pub fn new(options: &TlsOptions, required: Option<bool>, alpn: &[&[u8]]) -> Result<Option<Tls>, String> {
        let has_ca = options.ca_file.is_some() || options.ca_pem.is_some();
        if !required.unwrap_or(!options.insecure || has_ca) {
            return Ok(None);
        }
        let alpn: Vec<_> = alpn.iter().map(|p| p.to_vec()).collect();
        let stamps = stamps(options);
        let config = Arc::new(build(options, &alpn)?);
        let state = Mutex::new(State { config, stamps, checked: Instant::now() });
        Ok(Some(Tls { options: options.clone(), alpn, state }))
    }

    /// The configuration for a new connection. Files that can't be used now leave the last good one in place.
    pub fn current(&self) -> Arc<ClientConfig> {
        let interval = self.options.reload_interval_s;
        let mut state = self.state.lock();
        if interval > 0.0 && state.checked.elapsed() >= seconds(interval, YEAR) {
            state.checked = Instant::now();
            let now = stamps(&self.options);
            if now != state.stamps
                && let Ok(config) = build(&self.options, &self.alpn)
            {
                state.config = Arc::new(config);
                state.stamps = now;
            }
        }
        state.config.clone()
    }

    /// The name to check the certificate against; `host` unless it is overridden.
    pub fn server_name(&self, host: &str) -> Result<ServerName<'static>, String> {
        let name = self.options.server_name_override.as_deref().filter(|n| !n.is_empty()).unwrap_or(host);
        ServerName::try_from(name.to_owned()).map_err(|_| format!("{name:?} can't be the name of a TLS server"))
    }
}

fn stamps(options: &TlsOptions) -> Vec<Option<SystemTime>> {
    let files = [&options.ca_file, &options.cert_file, &options.key_file];
    files.into_iter().flatten().map(|f| f.metadata().and_then(|m| m.modified()).ok()).collect()
}

fn build(options: &TlsOptions, alpn: &[Vec<u8>]) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions(options)?)
        .map_err(|e| format!("tls: {e}"))?;
    let builder = if options.insecure_skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    } else {
        builder.with_root_certificates(roots(options)?)
    };
    let certificate = pem(&options.cert_file, &options.cert_pem, "cert")?;
    let key = pem(&options.key_file, &options.key_pem, "key")?;
    let mut config = match (certificate, key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let chain = certificates(&certificate)?;
            let key_der = PrivateKeyDer::from_pem_slice(&key.text)
                .map_err(|e| format!("tls: {} holds no usable private key: {e}", key.origin))?;
            builder
                .with_client_auth_cert(chain, key_der)
                .map_err(|e| format!("tls: {} does not go with {}: {e}", key.origin, certificate.origin))?
        }
        _ => return Err("tls: a client certificate needs both cert_file and key_file (or cert_pem and key_pem)".into()),
    };
    config.alpn_protocols = alpn.to_vec();
    Ok(config)
}

fn versions(options: &TlsOptions) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let number = |text: &Option<String>, key: &str, default| match text.as_deref() {
        None | Some("") => Ok(default),
        Some("1.2") => Ok(2),
        Some("1.3") => Ok(3),
        Some(other) => Err(format!("tls: {key} {other:?} is not supported; write 1.2 or 1.3")),
    };
    let min = number(&options.min_version, "min_version", 2)?;
    let max = number(&options.max_version, "max_version", 3)?;
    match (min, max) {
        (2, 2) => Ok(vec![&rustls::version::TLS12]),
        (3, 3) => Ok(vec![&rustls::version::TLS13]),
        (2, 3) => Ok(vec![&rustls::version::TLS13, &rustls::version::TLS12]),
        _ => Err("tls: min_version is above max_version".into()),
    }
}

fn roots(options: &TlsOptions) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    let own = pem(&options.ca_file, &options.ca_pem, "ca")?;
    if let Some(own) = &own {
        for certificate in certificates(own)? {
            store.add(certificate).map_err(|e| format!("tls: {}: {e}", own.origin))?;
        }
    }
    if own.is_none() || options.include_system_ca_certs_pool {
        store.add_parsable_certificates(system_roots().iter().cloned());
    }
    Ok(store)
}

/// Read once in a process: it takes a hundred files and some 20 ms.
fn system_roots() -> &'static [CertificateDer<'static>] {
    static ROOTS: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    ROOTS.get_or_init(|| rustls_native_certs::load_native_certs().certs)
}

struct Pem {
    text: Vec<u8>,
    origin: String,
}

fn pem(file: &Option<PathBuf>, text: &Option<String>, key: &str) -> Result<Option<Pem>, String> {
    match (file, text) {
        (Some(_), Some(_)) => Err(format!("tls: {key}_file and {key}_pem exclude each other")),
        (None, None) => Ok(None),
        (None, Some(text)) => Ok(Some(Pem { text: text.clone().into_bytes(), origin: format!("{key}_pem") })),
        (Some(path), None) => {
            let text =
                std::fs::read(path).map_err(|e| format!("tls: can't read {key}_file {}: {e}", path.display()))?;
            Ok(Some(Pem { text, origin: format!("{key}_file {}", path.display()) }))
        }
    }
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.text).collect();
    let found = found.map_err(|e| format!("tls: {}: {e}", pem.origin))?;
    if found.is_empty() { Err(format!("tls: {} holds no certificate", pem.origin)) } else { Ok(found) }
}

/// `insecure_skip_verify`: who the peer is does not matter, that it holds its certificate's key does.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(options: TlsOptions) -> String {
        Tls::new(&options, Some(true), &[]).err().unwrap_or_default()
    }

    #[test]
    fn scheme_then_ca_then_insecure_decide_about_plaintext() {
        let insecure = TlsOptions { insecure: true, ..TlsOptions::default() };
        assert!(Tls::new(&insecure, None, &[]).unwrap().is_none());
        assert!(Tls::new(&insecure, Some(true), &[]).unwrap().is_some());
        assert!(Tls::new(&TlsOptions::default(), Some(false), &[]).unwrap().is_none());
        assert!(Tls::new(&TlsOptions::default(), None, &[]).unwrap().is_some());
        let with_ca = TlsOptions { ca_file: Some("/nowhere/ca.pem".into()), ..insecure };
        assert!(Tls::new(&with_ca, None, &[]).err().unwrap().contains("ca_file /nowhere/ca.pem"));
    }

    #[test]
    fn errors_name_the_key() {
        let none = TlsOptions::default;
        assert!(error(TlsOptions { min_version: Some("1.0".into()), ..none() }).contains("min_version"));
        assert!(error(TlsOptions { ca_pem: Some("no".into()), ..none() }).contains("ca_pem holds no certificate"));
        assert!(error(TlsOptions { key_pem: Some("no".into()), ..none() }).contains("both cert_file and key_file"));
        let versions = TlsOptions { min_version: Some("1.3".into()), max_version: Some("1.2".into()), ..none() };
        assert!(error(versions).contains("above"));
    }
}
