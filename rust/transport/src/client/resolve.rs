//! Targets of gRPC's naming scheme and the addresses behind them.
//!
//! Source: the gRPC documents "Name resolution" (target syntax) and, for `http` and `https`,
//! the OpenTelemetry exporter specification.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

const DEFAULT_PORT: u16 = 443;

/// Where one connection goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(addr) => addr.fmt(f),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Fixed(Vec<Address>),
    Name { host: String, port: u16 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub source: Source,
    /// What `:authority` says unless it is overridden.
    pub authority: String,
    /// The name a certificate must be for.
    pub host: String,
    /// From `http` (false) and `https` (true); otherwise the TLS options decide.
    pub tls: Option<bool>,
    /// `passthrough`: the addresses of the name are alternatives, not replicas.
    pub one_connection: bool,
}

impl Target {
    /// The error says what a target looks like.
    pub fn parse(text: &str) -> Result<Target, String> {
        let wrong = |why: &str| format!("target {text:?}: {why}; write host:port, dns:///host:port or unix:/path");
        if text.is_empty() {
            return Err(wrong("it is empty"));
        }
        let Some((scheme, rest)) = split_scheme(text) else {
            return Target::named(text, DEFAULT_PORT, None, wrong);
        };
        match scheme {
            "http" | "https" => {
                let tls = scheme == "https";
                let rest = rest.strip_prefix("//").unwrap_or(rest);
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                if !path.is_empty() {
                    return Err(wrong("gRPC has no path"));
                }
                Target::named(host, if tls { 443 } else { 80 }, Some(tls), wrong)
            }
            "dns" | "passthrough" => {
                let name = path_of(rest).ok_or_else(|| wrong("a DNS server of its own is not supported"))?;
                let target = Target::named(name, DEFAULT_PORT, None, wrong)?;
                Ok(Target { one_connection: scheme == "passthrough", ..target })
            }
            "unix" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() {
                    return Err(wrong("there is no path"));
                }
                Ok(Target::fixed(vec![Address::Unix(path.into())], "localhost".into(), "localhost".into()))
            }
            "ipv4" | "ipv6" => {
                let list = path_of(rest).ok_or_else(|| wrong("an authority makes no sense here"))?;
                let addresses = list.split(',').map(|a| a.trim().parse().map(Address::Tcp));
                let addresses: Vec<_> =
                    addresses.collect::<Result<_, _>>().map_err(|_| wrong("expected address:port,address:port"))?;
                let host = addresses.first().map(host_of).unwrap_or_default();
                Ok(Target::fixed(addresses, list.into(), host))
            }
            _ => Err(wrong(&format!("scheme {scheme:?} is not supported"))),
        }
    }

    fn fixed(addresses: Vec<Address>, authority: String, host: String) -> Target {
        // An authority is one host: of a list, the first.
        let authority = authority.split(',').next().unwrap_or_default().trim().to_owned();
        Target { source: Source::Fixed(addresses), authority, host, tls: None, one_connection: false }
    }

    fn named(name: &str, port: u16, tls: Option<bool>, wrong: impl Fn(&str) -> String) -> Result<Target, String> {
        let (host, port) = split_port(name, port).ok_or_else(|| wrong("not a host and a port"))?;
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let source = match host.parse() {
            Ok(ip) => Source::Fixed(vec![Address::Tcp(SocketAddr::new(ip, port))]),
            Err(_) => Source::Name { host: host.clone(), port },
        };
        Ok(Target { source, authority, host, tls, one_connection: false })
    }

    /// All addresses, in the order the resolver gives them, each once.
    pub async fn resolve(&self) -> Result<Vec<Address>, String> {
        match &self.source {
            Source::Fixed(addresses) => Ok(addresses.clone()),
            Source::Name { host, port } => {
                let found = lookup(host, *port).await?;
                Ok(found.into_iter().map(Address::Tcp).collect())
            }
        }
    }
}

/// The socket addresses of a name; the error names it.
pub async fn lookup(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let found = tokio::net::lookup_host((host, port)).await;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found.map_err(|e| format!("can't look up {host}: {e}"))? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(format!("can't look up {host}: the name has no address"));
    }
    Ok(addresses)
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`, `v6`.
pub fn split_port(name: &str, default: u16) -> Option<(String, u16)> {
    let (host, port) = match name.strip_prefix('[') {
        Some(rest) => {
            let (host, tail) = rest.split_once(']')?;
            match tail {
                "" => (host, None),
                _ => (host, Some(tail.strip_prefix(':')?)),
            }
        }
        None => match name.split_once(':') {
            Some((_, tail)) if tail.contains(':') => (name, None),
            Some((host, port)) => (host, Some(port)),
            None => (name, None),
        },
    };
    let port = port.map_or(Some(default), |p| p.parse().ok())?;
    let legal = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "/@?#[]".contains(c));
    legal.then(|| (host.to_owned(), port))
}

/// `scheme:rest` where `rest` is not just a port, so that `localhost:4317` is a name.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let known = ["dns", "passthrough", "unix", "ipv4", "ipv6", "http", "https"].contains(&scheme);
    let is_port = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    ((known && !is_port) || rest.starts_with("//")).then_some((scheme, rest))
}

/// `///path` and `path`; None for `//authority/path`.
fn path_of(rest: &str) -> Option<&str> {
    match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix('/'),
        None => Some(rest),
    }
}

fn host_of(address: &Address) -> String {
    match address {
        Address::Tcp(addr) => addr.ip().to_string(),
        Address::Unix(_) => "localhost".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Address {
        Address::Tcp(text.parse().unwrap())
    }

    #[test]
    fn every_documented_form_is_understood() {
        let name = |host: &str, port| Source::Name { host: host.into(), port };
        let cases = [
            ("collector:4317", name("collector", 4317)),
            ("dns:4317", name("dns", 4317)),
            ("dns:///collector:4317", name("collector", 4317)),
            ("dns:collector:4317", name("collector", 4317)),
            ("passthrough:///collector:4317", name("collector", 4317)),
            ("collector", name("collector", 443)),
            ("http://collector", name("collector", 80)),
            ("https://collector:4317/", name("collector", 4317)),
            ("127.0.0.1:4317", Source::Fixed(vec![tcp("127.0.0.1:4317")])),
            ("[::1]:4317", Source::Fixed(vec![tcp("[::1]:4317")])),
            ("unix:/run/otel.sock", Source::Fixed(vec![Address::Unix("/run/otel.sock".into())])),
            ("unix:///run/otel.sock", Source::Fixed(vec![Address::Unix("/run/otel.sock".into())])),
            ("unix:otel.sock", Source::Fixed(vec![Address::Unix("otel.sock".into())])),
            ("ipv4:10.0.0.1:1,10.0.0.2:2", Source::Fixed(vec![tcp("10.0.0.1:1"), tcp("10.0.0.2:2")])),
            ("ipv4:///10.0.0.1:1", Source::Fixed(vec![tcp("10.0.0.1:1")])),
            ("ipv6:[::1]:5", Source::Fixed(vec![tcp("[::1]:5")])),
        ];
        for (text, source) in cases {
            assert_eq!(Target::parse(text).map(|t| t.source), Ok(source), "{text}");
        }
    }

    #[test]
    fn scheme_decides_tls_and_the_port() {
        let target = Target::parse("https://collector.example").unwrap();
        assert_eq!((target.tls, target.authority.as_str()), (Some(true), "collector.example:443"));
        assert_eq!(Target::parse("http://c:1").unwrap().tls, Some(false));
        assert_eq!(Target::parse("c:1").unwrap().tls, None);
        assert_eq!(Target::parse("ipv4:10.0.0.1:1,10.0.0.2:2").unwrap().authority, "10.0.0.1:1");
    }

    #[test]
    fn nonsense_is_refused_with_advice() {
        for text in [
            "",
            ":4317",
            "a:b",
            "a:99999",
            "xds:///a",
            "dns://8.8.8.8/a:1",
            "http://a:1/v1",
            "ipv4:a:1",
            "unix:",
            "a b:1",
        ] {
            let error = Target::parse(text).unwrap_err();
            assert!(error.contains("write host:port"), "{text}: {error}");
        }
    }
}
