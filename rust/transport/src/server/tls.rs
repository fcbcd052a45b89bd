//! TLS of servers: certificates from files or inline, client certificates, and both read anew at an interval.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};

use super::options::{Kind, TlsOptions};

pub struct Tls {
    options: TlsOptions,
    alpn: Vec<Vec<u8>>,
    current: Mutex<(Arc<ServerConfig>, Instant)>,
}

impl Tls {
    pub fn new(options: TlsOptions, kind: Kind) -> Result<Tls, String> {
        let mut alpn = vec![b"h2".to_vec()];
        if kind != Kind::Grpc {
            alpn.push(b"http/1.1".to_vec());
        }
        let config = load(&options, &alpn)?;
        Ok(Tls { options, alpn, current: Mutex::new((config, Instant::now())) })
    }

    /// The configuration for one handshake. Files that can't be read anew leave the last good ones in use.
    pub fn config(&self) -> Arc<ServerConfig> {
        let mut current = self.current.lock();
        let interval = self.options.reload_interval_s.unwrap_or(Duration::MAX);
        if current.1.elapsed() >= interval {
            current.1 = Instant::now();
            if let Ok(config) = load(&self.options, &self.alpn) {
                current.0 = config;
            }
        }
        current.0.clone()
    }
}

fn load(options: &TlsOptions, alpn: &[Vec<u8>]) -> Result<Arc<ServerConfig>, String> {
    let provider = Arc::new(provider(&options.cipher_suites)?);
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions(options)?)
        .map_err(|e| format!("TLS: {e}"))?;
    let builder = if options.client_ca_file.is_empty() {
        builder.with_no_client_auth()
    } else {
        let roots = Arc::new(roots(&options.client_ca_file)?);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
        builder.with_client_cert_verifier(verifier.map_err(|e| format!("client_ca_file: {e}"))?)
    };
    let certificates = certificates(&read("cert_file", &options.cert_file, &options.cert_pem)?, "cert_file")?;
    let key = read("key_file", &options.key_file, &options.key_pem)?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|e| format!("key_file: no private key in PEM: {e}"))?;
    let mut config = builder
        .with_single_cert(certificates, key)
        .map_err(|e| format!("cert_file and key_file do not go together: {e}"))?;
    config.alpn_protocols = alpn.to_vec();
    Ok(Arc::new(config))
}

fn read(key: &str, file: &str, pem: &str) -> Result<Vec<u8>, String> {
    if file.is_empty() {
        return Ok(pem.as_bytes().to_vec());
    }
    std::fs::read(file).map_err(|e: io::Error| format!("{key}: can't read {file}: {e}"))
}

fn certificates(pem: &[u8], key: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|e| format!("{key}: {e}"))?;
    if all.is_empty() { Err(format!("{key}: no certificate in PEM")) } else { Ok(all) }
}

fn roots(file: &str) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(&read("client_ca_file", file, "")?, "client_ca_file")? {
        store.add(certificate).map_err(|e| format!("client_ca_file: {e}"))?;
    }
    Ok(store)
}

fn versions(options: &TlsOptions) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let number = |key: &str, text: &str, default: u8| match text {
        "" => Ok(default),
        "1.2" => Ok(2),
        "1.3" => Ok(3),
        _ => Err(format!("{key} must be 1.2 or 1.3, not {text:?}: older versions are not safe")),
    };
    let lowest = number("min_version", &options.min_version, 2)?;
    let highest = number("max_version", &options.max_version, 3)?;
    let all = [(2, &version::TLS12), (3, &version::TLS13)];
    let chosen: Vec<_> = all.into_iter().filter(|(n, _)| (lowest..=highest).contains(n)).map(|(_, v)| v).collect();
    if chosen.is_empty() { Err("max_version is below min_version".to_owned()) } else { Ok(chosen) }
}

fn provider(names: &[String]) -> Result<CryptoProvider, String> {
    let mut provider = ring::default_provider();
    let name = |suite: &rustls::SupportedCipherSuite| format!("{:?}", suite.suite());
    let known: Vec<_> = provider.cipher_suites.iter().map(name).filter(|n| !n.starts_with("TLS13")).collect();
    if let Some(unknown) = names.iter().find(|n| !known.contains(n)) {
        return Err(format!("cipher_suites: {unknown} is not offered; there are {}", known.join(", ")));
    }
    if !names.is_empty() {
        provider.cipher_suites.retain(|suite| suite.tls13().is_some() || names.contains(&name(suite)));
    }
    Ok(provider)
}
