//! What a client is told whose request has too large a head: hyper answers it by itself, without a text.

use bytes::Bytes;

/// Its answers are shorter, and end there.
const LONGEST: usize = 256;

/// The answer to send in the place of one of hyper's; `None` if that is none of these.
pub fn in_place_of(answer: &[u8], max_header_bytes: u32) -> Option<Bytes> {
    if !answer.starts_with(b"HTTP/1.1 431 ") || answer.len() > LONGEST || !answer.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(answer).ok()?;
    let what = "the URL and the headers of this request have more than";
    let advice = "send a long query by POST, as a form, and no cookies that are not needed";
    let text = format!("{what} {max_header_bytes} bytes: {advice}\n");
    let (of_none, of_text) = ("\r\ncontent-length: 0\r\n", format!("\r\ncontent-length: {}\r\n", text.len()));
    let head = head.contains(of_none).then(|| head.replacen(of_none, &of_text, 1))?;
    let head = head.replacen("\r\n", "\r\ncontent-type: text/plain; charset=utf-8\r\n", 1);
    Some((head + &text).into())
}
