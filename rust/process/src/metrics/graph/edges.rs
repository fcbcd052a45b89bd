//! Calls of which one side was seen, waiting for the other.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::super::state::{Reader, Writer};

/// Trace id, and span id of the client.
pub type Key = [u8; 24];

/// What kind of call it is, as the attribute `connection_type` says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    #[default]
    Direct,
    Messaging,
    Database,
    VirtualNode,
}

impl Connection {
    const ALL: [Connection; 4] =
        [Connection::Direct, Connection::Messaging, Connection::Database, Connection::VirtualNode];

    pub fn text(self) -> &'static str {
        match self {
            Connection::Direct => "",
            Connection::Messaging => "messaging_system",
            Connection::Database => "database",
            Connection::VirtualNode => "virtual_node",
        }
    }
}

/// One call; an empty service was not seen.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    pub client: Vec<u8>,
    pub server: Vec<u8>,
    pub client_ns: u64,
    pub server_ns: u64,
    pub failed: bool,
    pub connection: Connection,
    /// Whom the client says it calls.
    pub peer: Vec<u8>,
    /// By dimension: of the client, of the server.
    pub dimensions: Vec<[Option<Vec<u8>>; 2]>,
}

impl Edge {
    pub fn is_complete(&self) -> bool {
        !self.client.is_empty() && !self.server.is_empty()
    }
}

/// In the order of their coming, which is that of their going.
#[derive(Debug, Default)]
pub struct Edges {
    waiting: HashMap<Key, (u64, Edge)>,
    /// Number, when it expires, and key; one whose number is no longer that of its key is done.
    order: VecDeque<(u64, u64, Key)>,
    number: u64,
}

impl Edges {
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn get(&mut self, key: &Key) -> Option<&mut Edge> {
        self.waiting.get_mut(key).map(|(_, edge)| edge)
    }

    pub fn add(&mut self, key: Key, edge: Edge, expires_ns: u64) {
        self.number += 1;
        self.order.push_back((self.number, expires_ns, key));
        self.waiting.insert(key, (self.number, edge));
    }

    pub fn remove(&mut self, key: &Key) -> Option<Edge> {
        let removed = self.waiting.remove(key).map(|(_, edge)| edge);
        // Most calls are complete at once: don't keep their places until their time is over.
        if self.order.len() > 2 * self.waiting.len() + 1024 {
            self.order.retain(|(number, _, key)| self.waiting.get(key).is_some_and(|(own, _)| own == number));
        }
        removed
    }

    /// The oldest edge that waits, if its time is over, or if the clock was set back: its time would be long.
    pub fn next_expired(&mut self, now_ns: u64, ttl_ns: u64) -> Option<(Key, Edge)> {
        while let Some((number, expires_ns, key)) = self.order.front().copied() {
            let waits = self.waiting.get(&key).is_some_and(|(own, _)| *own == number);
            if waits && (now_ns..=now_ns.saturating_add(ttl_ns)).contains(&expires_ns) {
                return None;
            }
            self.order.pop_front();
            if waits {
                return self.waiting.remove(&key).map(|(_, edge)| (key, edge));
            }
        }
        None
    }

    pub fn save(&self, out: &mut Writer) {
        out.number(self.waiting.len() as u64);
        for (number, expires_ns, key) in &self.order {
            let Some((_, edge)) = self.waiting.get(key).filter(|(own, _)| own == number) else { continue };
            out.0.extend_from_slice(key);
            out.number(*expires_ns);
            [&edge.client, &edge.server, &edge.peer].into_iter().for_each(|text| out.bytes(text));
            out.number(edge.client_ns);
            out.number(edge.server_ns);
            out.byte(u8::from(edge.failed));
            out.byte(Connection::ALL.iter().position(|each| *each == edge.connection).unwrap_or(0) as u8);
            for side in edge.dimensions.iter().flatten() {
                out.byte(u8::from(side.is_some()));
                out.bytes(side.as_deref().unwrap_or_default());
            }
        }
    }

    pub fn load(saved: &mut Reader, dimensions: usize) -> Option<Edges> {
        let mut edges = Edges::default();
        for _ in 0..saved.number()? {
            let key = saved.take(24)?.try_into().ok()?;
            let expires_ns = saved.number()?;
            let mut edge = Edge {
                client: saved.bytes()?.to_vec(),
                server: saved.bytes()?.to_vec(),
                peer: saved.bytes()?.to_vec(),
                client_ns: saved.number()?,
                server_ns: saved.number()?,
                failed: saved.byte()? == 1,
                connection: *Connection::ALL.get(usize::from(saved.byte()?))?,
                dimensions: vec![[None, None]; dimensions],
            };
            for side in edge.dimensions.iter_mut().flatten() {
                let there = saved.byte()? == 1;
                *side = Some(saved.bytes()?.to_vec()).filter(|_| there);
            }
            edges.add(key, edge, expires_ns);
        }
        Some(edges)
    }
}
