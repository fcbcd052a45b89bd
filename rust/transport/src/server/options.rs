//! What a server is told, as JSON. Every limit has its default here; 0 means the default where nothing else is said.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// OTLP/gRPC and `grpc.health.v1`; HTTP/2 only.
    Grpc,
    /// OTLP/HTTP, protobuf and JSON; HTTP/1.1 and HTTP/2.
    OtlpHttp,
    /// Any request, answered by Python; HTTP/1.1 and HTTP/2.
    Http,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    #[default]
    Tcp,
    Tcp4,
    Tcp6,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerOptions {
    pub kind: Kind,
    /// A name or an IP address without brackets; empty: all addresses, IPv6 and IPv4.
    pub host: String,
    /// 0: any free port.
    pub port: u16,
    #[serde(default)]
    pub transport: Transport,
    /// Share the port with other sockets that set this too (SO_REUSEPORT).
    #[serde(default)]
    pub reuse_port: bool,
    /// None: plain text.
    pub tls: Option<TlsOptions>,
    /// Request headers become client metadata of the batch.
    #[serde(default)]
    pub include_metadata: bool,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub keepalive: Keepalive,
    /// Signals that are served, and their paths in OTLP/HTTP. Others are unknown.
    #[serde(default)]
    pub paths: Paths,
    /// Added to every HTTP answer.
    #[serde(default)]
    pub response_headers: BTreeMap<String, String>,
    /// None: no web page of another origin may send.
    pub cors: Option<Cors>,
    /// Content encodings that HTTP takes (`""` is none); default: all that are known.
    pub compression_algorithms: Option<Vec<String>>,
    /// HTTP: keep connections open for further requests.
    #[serde(default = "yes")]
    pub keep_alives_enabled: bool,
    /// Of kind "http": what another server answers.
    pub passed_on: Option<PassedOn>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassedOn {
    /// A POST to one of them goes on, as long as no page of a browser has sent it.
    pub paths: BTreeMap<String, Accepts>,
    /// `host:port` of the other server.
    pub endpoint: String,
    /// Who that is, in messages.
    pub name: String,
    /// Set in each request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// For its answer; 0: 60 s.
    #[serde(default, deserialize_with = "seconds")]
    pub timeout_s: Option<Duration>,
    /// To it at once; further requests wait for one of them. 0: no bound.
    #[serde(default)]
    pub max_connections: usize,
    pub hosts: Hosts,
}

/// What a request may be by its headers, else it is a 415; of an empty list anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepts {
    /// Without parameters, in lower case; "" where a request need not name one.
    pub content_types: Vec<String>,
    pub encodings: Vec<String>,
}

/// Names in `Host` besides IP addresses and names without a dot; requests with others are left to Python.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hosts {
    pub any: bool,
    /// In lower case.
    pub names: Vec<String>,
    /// What names may end in.
    pub below: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Paths {
    /// None: the signal is not served.
    pub traces: Option<String>,
    pub metrics: Option<String>,
    pub logs: Option<String>,
}

impl Default for Paths {
    fn default() -> Paths {
        let path = |signal: &str| Some(format!("/v1/{signal}"));
        Paths { traces: path("traces"), metrics: path("metrics"), logs: path("logs") }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsOptions {
    /// PEM files, or the same inline.
    pub cert_file: String,
    pub cert_pem: String,
    pub key_file: String,
    pub key_pem: String,
    /// Clients must show a certificate of one of these authorities.
    pub client_ca_file: String,
    /// "1.2" (default) or "1.3".
    pub min_version: String,
    /// "1.2" or "1.3" (default).
    pub max_version: String,
    /// For TLS 1.2, by IANA name; empty: all safe ones. Those of 1.3 are always on.
    pub cipher_suites: Vec<String>,
    /// Read the files again this long after the last time; 0: never.
    #[serde(deserialize_with = "seconds")]
    pub reload_interval_s: Option<Duration>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Of one request after decompression; 4 MiB for gRPC, 20 MiB for HTTP.
    #[serde(deserialize_with = "at_least_one")]
    pub max_message_bytes: Option<usize>,
    /// Spans, data points or log records of one request.
    pub max_items: usize,
    /// Requests under way on one HTTP/2 connection.
    #[serde(deserialize_with = "at_least_one")]
    pub max_concurrent_streams: Option<u32>,
    /// HTTP/2 requests that a client may cancel in one second before it is cut off.
    pub max_resets_per_s: u32,
    /// All headers of one request, in bytes.
    pub max_header_bytes: u32,
    pub max_connections: usize,
    pub max_connections_per_ip: usize,
    /// For the TLS handshake, and for one request's headers over HTTP/1.1.
    #[serde(deserialize_with = "seconds")]
    pub header_timeout_s: Option<Duration>,
    /// A body that brings less than `min_body_rate` bytes a second over this time is cut off.
    #[serde(deserialize_with = "seconds")]
    pub body_idle_s: Option<Duration>,
    pub min_body_rate: usize,
    /// For a whole request with its body; 0: as long as it flows.
    #[serde(deserialize_with = "seconds")]
    pub read_timeout_s: Option<Duration>,
    /// From the headers to the answer over HTTP; 0: none, but 60 s for requests that Python answers.
    #[serde(deserialize_with = "seconds")]
    pub answer_timeout_s: Option<Duration>,
    /// HTTP connections without requests are closed after this time; 2 minutes.
    #[serde(deserialize_with = "seconds")]
    pub idle_timeout_s: Option<Duration>,
    /// A request waits this long for room in the inbox.
    #[serde(deserialize_with = "seconds")]
    pub inbox_wait_s: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_message_bytes: None,
            max_items: 200_000,
            max_concurrent_streams: None,
            max_resets_per_s: 200,
            max_header_bytes: 64 << 10,
            max_connections: 2_000,
            max_connections_per_ip: 200,
            header_timeout_s: None,
            body_idle_s: None,
            min_body_rate: 1 << 10,
            read_timeout_s: None,
            answer_timeout_s: None,
            idle_timeout_s: None,
            inbox_wait_s: None,
        }
    }
}

/// Of gRPC connections; 0: never.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keepalive {
    /// Ping clients at this interval.
    #[serde(deserialize_with = "seconds")]
    pub time_s: Option<Duration>,
    /// Close the connection when a ping is not answered in this time; 20 s.
    #[serde(deserialize_with = "seconds")]
    pub timeout_s: Option<Duration>,
    #[serde(deserialize_with = "seconds")]
    pub max_connection_idle_s: Option<Duration>,
    /// Tell the client to connect anew after this time, give or take a tenth.
    #[serde(deserialize_with = "seconds")]
    pub max_connection_age_s: Option<Duration>,
    /// Then close after this time even if requests are under way.
    #[serde(deserialize_with = "seconds")]
    pub max_connection_age_grace_s: Option<Duration>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cors {
    /// One `*` in each stands for any characters.
    pub allowed_origins: Vec<String>,
    /// `*`: any.
    pub allowed_headers: Vec<String>,
    pub exposed_headers: Vec<String>,
    /// Seconds for which a browser may remember the answer; 0: its own default.
    pub max_age: u32,
}

impl ServerOptions {
    pub fn parse(json: &[u8]) -> Result<ServerOptions, String> {
        serde_json::from_slice(json).map_err(|e| format!("server options: {e}"))
    }

    pub fn max_message_bytes(&self) -> usize {
        let default = if self.kind == Kind::Grpc { 4 << 20 } else { 20 << 20 };
        self.limits.max_message_bytes.unwrap_or(default)
    }
}

impl Limits {
    pub fn max_concurrent_streams(&self) -> u32 {
        self.max_concurrent_streams.unwrap_or(100)
    }

    pub fn header_timeout(&self) -> Duration {
        self.header_timeout_s.unwrap_or(Duration::from_secs(10))
    }

    pub fn body_idle(&self) -> Duration {
        self.body_idle_s.unwrap_or(Duration::from_secs(10))
    }

    pub fn idle_timeout(&self) -> Duration {
        self.idle_timeout_s.unwrap_or(Duration::from_secs(120))
    }

    pub fn inbox_wait(&self) -> Duration {
        self.inbox_wait_s.unwrap_or(Duration::from_secs(10))
    }
}

fn yes() -> bool {
    true
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let seconds = Option::<f64>::deserialize(from)?.unwrap_or(0.0);
    let length = Duration::try_from_secs_f64(seconds).map_err(|e| de::Error::custom(format!("{seconds} s: {e}")))?;
    // tokio's clock overflows far beyond this.
    Ok((!length.is_zero()).then(|| length.min(Duration::from_secs(10 * 365 * 86_400))))
}

fn at_least_one<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default + PartialEq>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Ok(Option::<T>::deserialize(from)?.filter(|value| *value != T::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let options = ServerOptions::parse(br#"{"kind":"grpc","host":"","port":0}"#).unwrap();
        assert_eq!(options.max_message_bytes(), 4 << 20);
        assert_eq!(options.paths.logs.as_deref(), Some("/v1/logs"));
        let zero = br#"{"kind":"otlp_http","host":"","port":0,"limits":{"max_message_bytes":0,"body_idle_s":0}}"#;
        let options = ServerOptions::parse(zero).unwrap();
        assert_eq!(options.max_message_bytes(), 20 << 20);
        assert_eq!(options.limits.body_idle(), Duration::from_secs(10));
    }

    #[test]
    fn unknown_keys_and_negative_times_are_refused() {
        for wrong in ["\"porta\":1", "\"limits\":{\"x\":1}", "\"keepalive\":{\"time_s\":-1}", "\"tls\":{\"min\":1}"] {
            let text = format!("{{\"kind\":\"grpc\",\"host\":\"\",\"port\":0,{wrong}}}");
            assert!(ServerOptions::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
