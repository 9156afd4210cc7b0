//! The alphabet of field lines (RFC 9110, sections 5.1, 5.5 and 5.6).

/// Whether each byte may stand in a token (RFC 9110, section 5.6.2).
const TOKEN: [bool; 256] = table(b"!#$%&'*+-.^_`|~", true);

/// Each byte of the name of a response's field in lower case, and zero for those it may not have. Wider than a token,
/// as in uvicorn: applications have relied on it.
const RESPONSE_NAME: [u8; 256] = {
    let visible = table(b"!#$%&'*+-./?^_`|~", true);
    let mut lower = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        if visible[at] || !byte.is_ascii() {
            lower[at] = byte.to_ascii_lowercase();
        }
        at += 1;
    }
    lower
};

/// Letters, digits and `others`.
pub(super) const fn table(others: &[u8], alphanumeric: bool) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = alphanumeric && byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
}

/// One character of a token.
#[inline]
pub(super) fn is_token_byte(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// A whole token: not empty.
pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().copied().all(is_token_byte)
}

/// One byte of a field value: no control character but the tab (RFC 9110, section 5.5).
#[inline]
pub(super) fn is_value_byte(byte: u8) -> bool {
    (byte >= b' ' && byte != 0x7f) || byte == b'\t'
}

/// A field value, which may be empty.
#[inline]
pub(super) fn is_value(value: &[u8]) -> bool {
    // No early exit: the whole is one vector loop.
    value
        .iter()
        .fold(true, |ok, byte| ok & is_value_byte(*byte))
}

/// Appends the name of a response's field in lower case; whether it may be one. An empty one may, as in uvicorn.
#[inline]
pub(super) fn push_response_name(name: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    out.extend(name.iter().map(|byte| RESPONSE_NAME[usize::from(*byte)]));
    let ok = !out[start..].contains(&0);
    if !ok {
        out.truncate(start);
    }
    ok
}

/// The elements of a comma-separated list, without the white space around them (RFC 9110, section 5.6.1).
pub(super) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trim)
}

/// `text` without spaces and tabs around it: OWS (RFC 9110, section 5.6.3).
pub(super) fn trim(text: &[u8]) -> &[u8] {
    let solid = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = text.iter().position(solid).unwrap_or(text.len());
    let end = text.iter().rposition(solid).map_or(start, |at| at + 1);
    &text[start..end]
}

/// A run of decimal digits: `None` if it is anything else, `Some(None)` beyond 64 bits.
#[expect(
    clippy::option_option,
    reason = "not a number, and too large a number, are two answers"
)]
pub(super) fn decimal(text: &[u8]) -> Option<Option<u64>> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let push = |value: u64, digit: &u8| value.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    Some(text.iter().try_fold(0, push))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabets_are_those_of_the_rfc() {
        for byte in 0..=u8::MAX {
            let separator = b"(),/:;<=>?@[\\]{}\" \t".contains(&byte);
            let visible = byte.is_ascii_graphic();
            assert_eq!(is_token_byte(byte), visible && !separator, "{byte}");
            let control = byte < b' ' || byte == 0x7f;
            assert_eq!(is_value_byte(byte), !control || byte == b'\t', "{byte}");
            let wide = !control && !b"()<>@,;:[]={} \t\\\"".contains(&byte);
            let mut out = Vec::new();
            assert_eq!(push_response_name(&[byte], &mut out), wide, "{byte}");
            let lower = if wide {
                &[byte.to_ascii_lowercase()][..]
            } else {
                b""
            };
            assert_eq!(out, lower);
        }
        assert!(!is_token(b""));
        assert!(push_response_name(b"", &mut Vec::new()));
        assert!(is_value(b""));
    }

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(decimal(b"007"), Some(Some(7)));
        assert_eq!(decimal(b"18446744073709551615"), Some(Some(u64::MAX)));
        assert_eq!(decimal(b"18446744073709551616"), Some(None));
        for text in [
            &b""[..],
            b"+1",
            b"-1",
            b"1,1",
            b"1 1",
            b"0x1",
            b"1_0",
            b" 1",
        ] {
            assert_eq!(decimal(text), None);
        }
    }

    #[test]
    fn white_space_around_is_dropped() {
        assert_eq!(trim(b" \t a b\t"), b"a b");
        assert_eq!(trim(b" \t"), b"");
        let all: Vec<_> = elements(b"a, b ,,\tc").collect();
        assert_eq!(all, [&b"a"[..], b"b", b"", b"c"]);
    }
}
