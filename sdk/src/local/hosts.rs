//! [`Hosts`]: the hosts that the local server accepts.

use std::net::IpAddr;

use http::{Request, header};

/// The hosts that a request may have: `localhost`, names below it, loopback addresses, the server's own address, and
/// the hosts of `PILASTER_HOSTS` (`dev.example.com, 192.0.2.7`).
///
/// Any web page can point its own name at this machine (DNS rebinding), and its browser then sends requests here, with that name as the
/// host, to a function that has the developer's credentials. An address cannot be pointed elsewhere, so a server that listens on all
/// addresses accepts all of them.
#[derive(Debug)]
pub(super) struct Hosts {
    names: Vec<String>,
    any_address: bool,
}

impl Hosts {
    /// Reads `PILASTER_ADDR` (`host:port`) and `PILASTER_HOSTS`, a list with commas.
    pub(super) fn new(address: &str, allowed: Option<&str>) -> Self {
        let bound = name(address);
        let any_address = bound.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
        let allowed = allowed.unwrap_or_default().split(',').map(|host| name(host.trim()));
        let names = allowed.chain([bound]).filter(|name| !name.is_empty());
        Self { names: names.map(str::to_ascii_lowercase).collect(), any_address }
    }

    /// Returns `true` if each host that a request names is one of these. A request without a host is rejected.
    pub(super) fn allow<B>(&self, request: &Request<B>) -> bool {
        let target = request.uri().authority().map(|authority| Some(authority.as_str()));
        let headers = request.headers().get_all(header::HOST).iter().map(|host| host.to_str().ok());
        let mut hosts = target.into_iter().chain(headers).peekable();
        hosts.peek().is_some() && hosts.all(|host| host.is_some_and(|host| self.allow_host(host)))
    }

    fn allow_host(&self, host: &str) -> bool {
        let name = name(host);
        if let Ok(address) = name.parse::<IpAddr>()
            && (address.is_loopback() || self.any_address)
        {
            return true;
        }
        let name = name.to_ascii_lowercase();
        name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name)
    }
}

/// Returns the host of `host:port`, of `[address]:port` or of either without a port, without the dot of the root.
fn name(host: &str) -> &str {
    if let Some((address, port)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return if port.is_empty() || port.starts_with(':') { address } else { host };
    }
    let name = match host.split_once(':') {
        // More than one colon: an IPv6 address without brackets, or nonsense.
        Some((name, port)) if !port.contains(':') => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, hosts: &[&str]) -> Request<()> {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn this_machine_is_accepted_and_no_other_name() {
        let hosts = Hosts::new("127.0.0.1:3000", None);
        for host in [
            "localhost",
            "localhost:3000",
            "LocalHost.",
            "app.localhost:3000",
            "127.0.0.1:3000",
            "127.8.9.1",
            "[::1]:3000",
            "[::1]",
        ] {
            assert!(hosts.allow(&request("/", &[host])), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:3000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evillocalhost",
            "192.0.2.7",
            "0.0.0.0",
            "[2001:db8::1]",
            "127.0.0.1@evil.example",
            "[::1].evil.example@",
            "",
            ":3000",
            ".localhost.evil.example",
        ] {
            assert!(!hosts.allow(&request("/", &[host])), "{host}");
        }
    }

    #[test]
    fn each_host_of_a_request_counts() {
        let hosts = Hosts::new("127.0.0.1:3000", None);
        assert!(!hosts.allow(&request("/", &[])));
        assert!(!hosts.allow(&request("/", &["localhost", "evil.example"])));
        assert!(!hosts.allow(&request("http://evil.example/", &["localhost"])));
        assert!(!hosts.allow(&request("http://localhost/", &["evil.example"])));
        assert!(hosts.allow(&request("http://localhost:3000/", &["localhost:3000"])));
    }

    #[test]
    fn more_hosts_are_allowed_by_the_address_and_by_the_variable() {
        let named = Hosts::new("dev.example:3000", Some("api.example.com, 192.0.2.7 ,,Box:80"));
        for host in ["dev.example:1", "API.example.com", "192.0.2.7:3000", "box", "localhost"] {
            assert!(named.allow(&request("/", &[host])), "{host}");
        }
        assert!(!named.allow(&request("/", &["192.0.2.8"])) && !named.allow(&request("/", &["x.api.example.com"])));
        for all in ["0.0.0.0:3000", "[::]:3000"] {
            let all = Hosts::new(all, None);
            assert!(all.allow(&request("/", &["192.0.2.8:3000"])) && all.allow(&request("/", &["[2001:db8::1]"])));
            assert!(!all.allow(&request("/", &["evil.example"])));
        }
    }
}
