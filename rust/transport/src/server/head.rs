//! Requests over HTTP/1.1 whose end two servers may see at different places: hyper reads them by the rules of
//! RFC 9112, but a proxy before us may not, and what it takes for a body could reach us as a request. So they are
//! refused: lines that end without CR, and a length together with chunks.

/// Follows the bytes of one head, across reads.
#[derive(Default)]
pub struct HeadGuard {
    inside: bool,
    last: u8,
    /// The beginning of this line in lower case, and the line's length.
    start: [u8; LONGEST_NAME],
    length: usize,
    has_length: bool,
    has_chunks: bool,
}

const LENGTH: &[u8] = b"content-length";
const CHUNKS: &[u8] = b"transfer-encoding";
const LONGEST_NAME: usize = CHUNKS.len();

impl HeadGuard {
    /// Looks at bytes that came while no request was under way: they begin or continue a head. What is ambiguous
    /// gets a NUL, which no head may hold, so that hyper refuses it with 400 and closes.
    pub fn look(&mut self, bytes: &mut [u8]) {
        if !self.inside {
            *self = HeadGuard { inside: true, ..HeadGuard::default() };
        }
        for byte in bytes {
            match *byte {
                b'\n' if self.last != b'\r' => *byte = 0,
                b'\n' if self.length == 1 => return self.leave(),
                b'\n' => (self.length, self.start) = (0, [0; LONGEST_NAME]),
                b':' if self.is_second_framing() => *byte = 0,
                other => {
                    if let Some(place) = self.start.get_mut(self.length) {
                        *place = other.to_ascii_lowercase();
                    }
                    self.length += 1;
                }
            }
            self.last = *byte;
        }
    }

    /// The bytes that come now belong to a body.
    pub fn leave(&mut self) {
        self.inside = false;
    }

    fn is_second_framing(&mut self) -> bool {
        match self.start.get(..self.length) {
            Some(LENGTH) => self.has_length = true,
            Some(CHUNKS) => self.has_chunks = true,
            _ => {}
        }
        self.has_length && self.has_chunks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a head that comes in parts of `size` bytes.
    fn looked_at(head: &str, size: usize) -> String {
        let mut guard = HeadGuard::default();
        let mut bytes = head.as_bytes().to_vec();
        bytes.chunks_mut(size).for_each(|part| guard.look(part));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_clean_head_and_its_body_stay_as_they_are() {
        let head = "POST / HTTP/1.1\r\nContent-Length: 30\r\nX: a: b\r\n\r\nbody\ntransfer-encoding: x\n\n";
        assert_eq!(looked_at(head, head.len()), head);
        let chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        (1..20).for_each(|size| assert_eq!(looked_at(chunks, size), chunks));
    }

    #[test]
    fn ambiguous_heads_are_spoilt_however_they_are_cut() {
        for head in [
            "POST / HTTP/1.1\nHost: x\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\n\n",
            "POST / HTTP/1.1\r\nContent-Length: 4\r\ntransfer-encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nA: b\r\nCONTENT-LENGTH: 4\r\n\r\n",
        ] {
            (1..head.len()).for_each(|size| assert!(looked_at(head, size).contains('\0'), "{head:?} by {size}"));
        }
    }
}
