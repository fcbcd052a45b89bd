//! What a client can be told, as JSON from Python. Unknown keys are errors; every default is written here, once.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

const MIB: usize = 1 << 20;

/// Options of a client from JSON; the error names the key.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|e| format!("client options: {e}"))
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrpcOptions {
    /// `host:port`, `dns:///host:port`, `passthrough:///host:port`, `unix:/path`, `ipv4:address:port,…`,
    /// `ipv6:[address]:port,…`, `http://host:port` (plaintext) or `https://host:port` (TLS). Without a port: 443.
    pub target: String,
    pub tls: TlsOptions,
    /// `none`, `gzip`, `zstd`, `snappy`, `deflate`.
    pub compression: String,
    /// The algorithm's own scale; its usual level if absent.
    pub compression_level: Option<i32>,
    pub balancer: Balancer,
    /// HTTP/2 pings; none are sent if absent.
    pub keepalive: Option<Keepalive>,
    pub user_agent: String,
    /// Overrides `:authority` (and the name a certificate is checked for).
    pub authority: Option<String>,
    /// For one attempt to connect to one address, TLS included.
    pub connect_timeout_s: f64,
    /// Larger answers fail the send with RESOURCE_EXHAUSTED.
    pub max_response_bytes: usize,
    /// Names are looked up again when a connection is lost, and before a send when this time has passed.
    pub resolve_interval_s: f64,
    /// HTTP/2 windows for what we receive. Answers are small.
    pub initial_stream_window_bytes: u32,
    pub initial_connection_window_bytes: u32,
}

impl Default for GrpcOptions {
    fn default() -> Self {
        GrpcOptions {
            target: String::new(),
            tls: TlsOptions::default(),
            compression: "none".into(),
            compression_level: None,
            balancer: Balancer::RoundRobin,
            keepalive: None,
            user_agent: user_agent(),
            authority: None,
            connect_timeout_s: 20.0,
            max_response_bytes: 4 * MIB,
            resolve_interval_s: 30.0,
            initial_stream_window_bytes: 65_535,
            initial_connection_window_bytes: MIB as u32,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Balancer {
    /// One connection to each address, requests in turn over those that are up.
    RoundRobin,
    /// One connection, to the first address that takes it.
    PickFirst,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keepalive {
    /// Ping after this long without anything received. Doubled for good when a server says "too many pings".
    pub time_s: f64,
    /// A ping without answer for this long ends the connection.
    pub timeout_s: f64,
    /// Ping although no request is under way.
    pub permit_without_stream: bool,
}

impl Default for Keepalive {
    fn default() -> Self {
        Keepalive { time_s: 10.0, timeout_s: 10.0, permit_without_stream: false }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpOptions {
    pub tls: TlsOptions,
    /// `none`, `gzip`, `zstd`, `snappy`, `deflate`, `zlib`, `lz4`.
    pub compression: String,
    pub compression_level: Option<i32>,
    /// Connections kept open without a request, over all origins; 0: no bound.
    pub max_idle_conns: usize,
    /// The same for each origin; 0: no bound.
    pub max_idle_conns_per_host: usize,
    /// Connections of one origin in use at once, others wait; 0: no bound.
    pub max_conns_per_host: usize,
    /// An idle connection is closed after this time; 0: never.
    pub idle_conn_timeout_s: f64,
    /// One connection per request.
    pub disable_keep_alives: bool,
    /// HTTP/1.1 buffer, which also bounds an answer's header; at least 8192.
    pub read_buffer_bytes: usize,
    /// `http://[user:password@]host:port`; if absent, the variables http_proxy, https_proxy and no_proxy count.
    pub proxy_url: Option<String>,
    /// Hosts that are reached without `proxy_url`, as the variable no_proxy has them.
    pub no_proxy: Option<String>,
    /// Whether these variables count.
    pub proxy_from_environment: bool,
    pub user_agent: String,
    pub connect_timeout_s: f64,
    /// Of an answer's body, decompressed.
    pub max_response_bytes: usize,
}

impl Default for HttpOptions {
    fn default() -> Self {
        HttpOptions {
            tls: TlsOptions::default(),
            compression: "gzip".into(),
            compression_level: None,
            max_idle_conns: 100,
            max_idle_conns_per_host: 0,
            max_conns_per_host: 0,
            idle_conn_timeout_s: 90.0,
            disable_keep_alives: false,
            read_buffer_bytes: 64 << 10,
            proxy_url: None,
            no_proxy: None,
            proxy_from_environment: true,
            user_agent: user_agent(),
            connect_timeout_s: 30.0,
            max_response_bytes: 4 * MIB,
        }
    }
}

/// The Collector's client TLS keys. A PEM text and a file exclude each other.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct TlsOptions {
    /// Plaintext, unless a CA is given or the target says `https`.
    pub insecure: bool,
    /// TLS, but any certificate will do.
    pub insecure_skip_verify: bool,
    /// Trust these authorities instead of the system's.
    pub ca_file: Option<PathBuf>,
    pub ca_pem: Option<String>,
    pub cert_file: Option<PathBuf>,
    pub cert_pem: Option<String>,
    pub key_file: Option<PathBuf>,
    pub key_pem: Option<String>,
    /// The name to ask for and to check the certificate against.
    pub server_name_override: Option<String>,
    /// Trust the system's authorities beside `ca_file`.
    pub include_system_ca_certs_pool: bool,
    /// `1.2` (default) or `1.3`.
    pub min_version: Option<String>,
    /// `1.2` or `1.3` (default).
    pub max_version: Option<String>,
    /// Files are read again for a new connection when they changed, at most this often; 0: never.
    pub reload_interval_s: f64,
}

fn user_agent() -> String {
    format!("otelier/{}", env!("CARGO_PKG_VERSION"))
}

/// Seconds of an option as a duration; what is negative, infinite or not a number counts as `limit`.
pub fn seconds(value: f64, limit: Duration) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or(limit).min(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named() {
        let error = parse::<GrpcOptions>(br#"{"target": "a:1", "tls": {"insecur": true}}"#).unwrap_err();
        assert!(error.contains("insecur") && error.contains("insecure_skip_verify"), "{error}");
    }

    #[test]
    fn nothing_but_a_target_is_needed() {
        let options: GrpcOptions = parse(br#"{"target": "a:1"}"#).unwrap();
        assert_eq!(options.balancer, Balancer::RoundRobin);
        assert_eq!(options.compression, "none");
        assert_eq!(parse::<HttpOptions>(b"{}").unwrap().compression, "gzip");
    }

    #[test]
    fn senseless_times_become_the_limit() {
        let hour = Duration::from_secs(3600);
        for value in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            assert_eq!(seconds(value, hour), hour);
        }
        assert_eq!(seconds(0.25, hour), Duration::from_millis(250));
    }
}
