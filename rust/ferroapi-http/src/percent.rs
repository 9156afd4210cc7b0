//! Percent-encoding (RFC 3986, section 2.1), decoded as Python's `urllib.parse` does.

use std::borrow::Cow;

/// What a plus sign stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    Itself,
    Space,
}

/// Python's `urllib.parse.unquote(raw.decode("ascii"))`: bytes decoded as UTF-8, with U+FFFD for each maximal
/// invalid part. Text that needs no decoding is borrowed.
#[must_use]
pub fn unquote(raw: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'%', raw).is_none() {
        return String::from_utf8_lossy(raw);
    }
    let mut decoded = Vec::with_capacity(raw.len());
    decode(raw, Plus::Itself, &mut decoded);
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

/// Appends the bytes that an ASCII run stands for. A percent sign without two hexadecimal digits stands for itself.
pub(crate) fn decode(run: &[u8], plus: Plus, decoded: &mut Vec<u8>) {
    let mut rest = run;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        decoded.push(match (first, tail) {
            (b'+', _) if plus == Plus::Space => b' ',
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => first,
        });
    }
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::unquote;

    #[test]
    fn a_path_is_decoded_as_python_does() {
        assert_eq!(unquote(b"/plain+text"), "/plain+text");
        assert_eq!(unquote(b"/a%20b%2Fc"), "/a b/c");
        assert_eq!(unquote(b"/%zz%4"), "/%zz%4");
        assert_eq!(unquote(b"/%C3%A4"), "/\u{e4}");
        assert_eq!(unquote(b"/%ff%C3x"), "/\u{fffd}\u{fffd}x");
    }
}
