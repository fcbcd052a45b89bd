//! Which proxy an HTTP request goes through: `proxy_url`, or the variables http_proxy, https_proxy and no_proxy.
//!
//! Source: the rules of Go's `golang.org/x/net/http/httpproxy`, which Collector users know.

use std::net::IpAddr;

use super::resolve::split_port;
use crate::status::{base64_encode, percent_decode};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    pub host: String,
    pub port: u16,
    /// The value of `Proxy-Authorization`.
    pub credentials: Option<String>,
}

#[derive(Default)]
pub struct Proxies {
    explicit: Option<Proxy>,
    /// Errors wait until the proxy is needed: the variables are not ours.
    http: Option<Result<Proxy, String>>,
    https: Option<Result<Proxy, String>>,
    direct: Vec<Rule>,
}

/// An entry of no_proxy.
#[derive(Debug, PartialEq)]
enum Rule {
    All,
    Net(IpAddr, u8),
    Host { name: String, port: Option<u16>, only_below: bool },
}

impl Proxies {
    /// `variable` looks up the environment.
    pub fn new(explicit: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Result<Proxies, String> {
        if let Some(url) = explicit.filter(|u| !u.is_empty()) {
            return Ok(Proxies { explicit: Some(Proxy::parse(url)?), ..Proxies::default() });
        }
        let either =
            |lower: &str| variable(lower).or_else(|| variable(&lower.to_uppercase())).filter(|v| !v.is_empty());
        let proxy = |name: &str| either(name).map(|url| Proxy::parse(&url).map_err(|e| format!("{name}: {e}")));
        let direct = either("no_proxy").unwrap_or_default();
        let direct = direct.split(',').filter_map(|rule| Rule::parse(rule.trim())).collect();
        Ok(Proxies { explicit: None, http: proxy("http_proxy"), https: proxy("https_proxy"), direct })
    }

    /// None: connect directly.
    pub fn for_origin(&self, https: bool, host: &str, port: u16) -> Result<Option<&Proxy>, String> {
        if self.explicit.is_some() {
            return Ok(self.explicit.as_ref());
        }
        let Some(proxy) = (if https { &self.https } else { &self.http }) else { return Ok(None) };
        let local = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if local || self.direct.iter().any(|rule| rule.covers(host, port)) {
            return Ok(None);
        }
        proxy.as_ref().map(Some).map_err(String::clone)
    }
}

impl Proxy {
    fn parse(url: &str) -> Result<Proxy, String> {
        // The URL may hold a password: it is not repeated.
        let wrong = || "not a proxy URL; write http://host:port".to_owned();
        let rest = match url.split_once("://") {
            Some(("http", rest)) => rest,
            Some((scheme, _)) => return Err(format!("a proxy by {scheme} is not supported; write http://host:port")),
            None => url,
        };
        let rest = rest.split('/').next().unwrap_or_default();
        let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
        let (host, port) = split_port(place, 80).ok_or_else(wrong)?;
        Ok(Proxy { host, port, credentials: login.map(basic) })
    }
}

/// The credentials of `user:password`, percent-encoded as in a URL.
pub fn basic(login: &str) -> String {
    let mut encoded = base64_encode(percent_decode(login.as_bytes()).as_bytes());
    encoded.extend(std::iter::repeat_n('=', (4 - encoded.len() % 4) % 4));
    format!("Basic {encoded}")
}

impl Rule {
    fn parse(text: &str) -> Option<Rule> {
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Rule::All);
        }
        if let Some((ip, bits)) = text.split_once('/')
            && let (Ok(ip), Ok(bits)) = (ip.parse(), bits.parse())
        {
            return Some(Rule::Net(ip, bits));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Rule::Net(ip, 128));
        }
        let (name, port) = split_port(text, 0)?;
        let below = name.strip_prefix("*.").or_else(|| name.strip_prefix('.'));
        let name_only = below.unwrap_or(&name).to_ascii_lowercase();
        Some(Rule::Host { name: name_only, port: Some(port).filter(|p| *p != 0), only_below: below.is_some() })
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        match self {
            Rule::All => true,
            Rule::Net(net, bits) => host.parse().is_ok_and(|ip| same_net(*net, ip, *bits)),
            Rule::Host { name, port: wanted, only_below } => {
                let host = host.to_ascii_lowercase();
                let below = host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
                wanted.is_none_or(|wanted| wanted == port) && (below || host == *name && !only_below)
            }
        }
    }
}

fn same_net(net: IpAddr, ip: IpAddr, bits: u8) -> bool {
    match (net, ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= u32::from(bits.min(32)),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= u32::from(bits.min(128)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(no_proxy: &'static str) -> Proxies {
        let variable = |name: &str| match name {
            "http_proxy" => Some("http://proxy:3128".to_owned()),
            "HTTPS_PROXY" => Some("socks5://proxy:1080".to_owned()),
            "no_proxy" => Some(no_proxy.to_owned()),
            _ => None,
        };
        Proxies::new(None, variable).unwrap()
    }

    #[test]
    fn no_proxy_follows_the_rules_of_go() {
        let proxies = env("corp.example, .inner.example,10.1.0.0/16, 10.2.3.4,other.example:8080,[fd00::1]");
        let goes_direct = |host| proxies.for_origin(false, host, 80).unwrap().is_none();
        for host in [
            "localhost",
            "127.3.2.1",
            "::1",
            "corp.example",
            "A.Corp.Example",
            "x.inner.example",
            "10.1.9.9",
            "10.2.3.4",
        ] {
            assert!(goes_direct(host), "{host}");
        }
        for host in ["acorp.example", "inner.example", "10.2.3.5", "other.example", "public.example"] {
            assert!(!goes_direct(host), "{host}");
        }
        assert!(proxies.for_origin(false, "other.example", 8080).unwrap().is_none());
        assert!(env("*").for_origin(false, "public.example", 80).unwrap().is_none());
    }

    #[test]
    fn a_useless_variable_hurts_only_who_needs_it() {
        assert!(env("").for_origin(false, "public.example", 80).is_ok());
        assert!(env("").for_origin(true, "localhost", 443).is_ok());
        assert!(env("").for_origin(true, "public.example", 443).unwrap_err().contains("https_proxy"));
    }

    #[test]
    fn an_explicit_proxy_takes_all_and_keeps_its_password_out_of_errors() {
        let proxies = Proxies::new(Some("http://me:p%40ss@proxy:1"), |_| None).unwrap();
        let proxy = proxies.for_origin(true, "localhost", 443).unwrap().unwrap();
        assert_eq!(proxy.credentials.as_deref(), Some("Basic bWU6cEBzcw=="));
        assert!(!Proxies::new(Some("http://me:secret@"), |_| None).err().unwrap().contains("secret"));
    }
}
