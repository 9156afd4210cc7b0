//! Hosts with a port (RFC 9110, section 7.2; RFC 3986, section 3.2).

use super::fields::table;

/// Bytes of a registered name or IPv4 address. The comma, which the grammar has too, is left out: it would let one
/// field be read as two.
const NAME: [bool; 256] = table(b"-._~%!$&'()*+;=", true);

/// Bytes of what stands in brackets, with the percent sign of a zone (RFC 6874).
const LITERAL: [bool; 256] = table(b"-._~%:", true);

/// Whether `text` is a host and perhaps a port. Empty text is: clients without an authority send it.
#[inline]
pub(super) fn is_host(text: &[u8]) -> bool {
    let end = |allowed: &[bool; 256], text: &[u8]| {
        let inside = |byte: &u8| allowed[usize::from(*byte)];
        text.iter().take_while(|byte| inside(byte)).count()
    };
    let Some(literal) = text.strip_prefix(b"[") else {
        return is_port(&text[end(&NAME, text)..]);
    };
    let len = end(&LITERAL, literal);
    len > 0 && literal.get(len) == Some(&b']') && is_port(&literal[len + 1..])
}

/// Nothing, or a colon and digits, of which there may be none.
#[inline]
fn is_port(text: &[u8]) -> bool {
    match text {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for text in [
            "",
            "x",
            "localhost:8000",
            "127.0.0.1",
            "a_b.example",
            "[::1]",
            "[::1]:80",
            "x:",
            "a%20b",
            "[fe80::1%25lo]",
        ] {
            assert!(is_host(text.as_bytes()), "{text}");
        }
        for text in [
            "a b", "a,b", "a/b", "a@b", "a:b", "a:1:2", "[::1", "::1]", "[]", "[::1]a", "a?b",
            "a#b", "\u{e4}", "a\\b", "a\tb", "\"a\"", "<a>", "a:-1",
        ] {
            assert!(!is_host(text.as_bytes()), "{text}");
        }
    }
}
