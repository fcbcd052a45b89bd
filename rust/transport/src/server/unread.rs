//! What a client is told whose request has too large a head: hyper answers it by itself, with a status and no text.

use bytes::Bytes;

/// Its answers are shorter, and end there.
const LONGEST: usize = 256;

/// The answer to send in the place of one of hyper's; `None` if that is none of these.
pub fn in_place_of(answer: &[u8], max_header_bytes: u32) -> Option<Bytes> {
    if answer.len() > LONGEST || !answer.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(answer).ok()?;
    let what = match head.strip_prefix("HTTP/1.1 ")?.get(..4)? {
        "431 " => format!("the URL and the headers of this request have more than {max_header_bytes} bytes"),
        "414 " => "the URL of this request is too long".to_owned(),
        _ => return None,
    };
    let text = format!("{what}: send a long query by POST, as a form, and no cookies that are not needed\n");
    let (of_none, of_text) = ("\r\ncontent-length: 0\r\n", format!("\r\ncontent-length: {}\r\n", text.len()));
    let head = head.contains(of_none).then(|| head.replacen(of_none, &of_text, 1))?;
    let head = head.replacen("\r\n", "\r\ncontent-type: text/plain; charset=utf-8\r\n", 1);
    Some((head + &text).into())
}
