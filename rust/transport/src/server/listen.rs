//! The listening socket: how it is opened, and the loop that accepts.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, TcpListener as StdListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};

use super::connection::serve;
use super::connections::Connections;
use super::options::{ServerOptions, Transport};
use super::{Phase, Shared};

const BACKLOG: i32 = 1024;

/// Opens the socket at the first address of the host that can be used.
pub fn bind(options: &ServerOptions) -> io::Result<StdListener> {
    let mut last = None;
    for address in addresses(options)? {
        match bind_to(address, options) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = last.or(Some(error)),
        }
    }
    let none = || io::Error::new(io::ErrorKind::AddrNotAvailable, format!("{} has no such address", options.host));
    Err(last.unwrap_or_else(none))
}

fn addresses(options: &ServerOptions) -> io::Result<Vec<SocketAddr>> {
    let all: Vec<SocketAddr> = match options.host.as_str() {
        // Without IPv6 in the kernel, the second one is all there is.
        "" => vec![(Ipv6Addr::UNSPECIFIED, options.port).into(), ([0, 0, 0, 0], options.port).into()],
        host => ipv4_first((host, options.port).to_socket_addrs()?.collect()),
    };
    let wanted = |a: &SocketAddr| match options.transport {
        Transport::Tcp => true,
        Transport::Tcp4 => a.is_ipv4(),
        Transport::Tcp6 => a.is_ipv6(),
    };
    Ok(all.into_iter().filter(wanted).collect())
}

/// A name that has both, as localhost often does, is bound where most clients look for it, as Go does.
fn ipv4_first(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    addresses.sort_by_key(SocketAddr::is_ipv6);
    addresses
}

fn bind_to(address: SocketAddr, options: &ServerOptions) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(!options.host.is_empty() || options.transport == Transport::Tcp6)?;
    }
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts until the server drains.
pub async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut phase = shared.phase.subscribe();
    while *phase.borrow_and_update() == Phase::Serving {
        tokio::select! {
            biased;
            _ = phase.changed() => {}
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    prepare(&socket);
                    match Connections::enter(&shared, peer.ip().to_canonical()) {
                        Ok(place) => drop(tokio::spawn(serve(place, socket))),
                        Err(refusal) => shared.counters.connection_refused(refusal),
                    }
                }
                // Out of file descriptors, most likely: those in use must end first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

fn prepare(socket: &TcpStream) {
    // Only a slower connection comes of it where the system refuses.
    let _ = socket.set_nodelay(true);
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
    let _ = SockRef::from(socket).set_tcp_keepalive(&keepalive);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_comes_first_and_the_resolver_s_order_stays() {
        let all = |list: &[&str]| list.iter().map(|a| a.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let resolved = all(&["[::2]:1", "127.0.0.2:1", "[::1]:1", "127.0.0.1:1"]);
        assert_eq!(ipv4_first(resolved), all(&["127.0.0.2:1", "127.0.0.1:1", "[::2]:1", "[::1]:1"]));
        assert_eq!(ipv4_first(all(&["[::2]:1", "[::1]:1"])), all(&["[::2]:1", "[::1]:1"]));
    }
}
