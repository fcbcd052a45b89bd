//! Which format a segment is of (docs/spec/segment.md): the same number for telemetry and for series.

use std::io;

use serde::Deserialize;

/// What is written, and all that is read.
pub const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Looks at a summary before anything else of it is believed. A format that is not known is no damage: the error is of
/// the kind Unsupported, and nobody may put such a segment aside.
pub fn check(summary: &[u8]) -> io::Result<()> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, format!("the index is damaged: summary: {error}"));
    let advice = match serde_json::from_slice(summary).map_err(invalid)? {
        Versioned { version: VERSION } => return Ok(()),
        Versioned { version: 0 } => {
            "format 0, which builds before the first release wrote without a promise: read it with the build that \
             wrote it, or begin with an empty data directory"
                .to_owned()
        }
        Versioned { version } => format!("format {version}: a newer Otelier wrote it, use that one or one after it"),
    };
    let text = format!("this Otelier reads segments of format {VERSION}, and here is one of {advice}");
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_is_not_known_is_no_damage_and_the_error_says_what_to_do() {
        assert!(check(br#"{"version": 1, "later": []}"#).is_ok());
        for (version, advice) in [(0, "begin with an empty data directory"), (2, "a newer Otelier wrote it")] {
            let error =
                check(format!(r#"{{"rows": "of another form", "version": {version}}}"#).as_bytes()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            assert!(error.to_string().contains(advice), "{error}");
        }
        for broken in [&b"{}"[..], b"", br#"{"version": -1}"#] {
            assert_eq!(check(broken).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }
}
