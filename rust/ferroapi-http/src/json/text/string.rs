//! JSON strings (RFC 8259, section 7).

const CHUNK: usize = 8;

/// What follows the backslash for a byte below 128: 0 if it needs no escape, `u` if it needs `\u00XX`.
const ESCAPES: [u8; 128] = {
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[b'\t' as usize] = b't';
    table[b'\n' as usize] = b'n';
    table[0x0c] = b'f';
    table[b'\r' as usize] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes a quoted string as `json.dumps(text, ensure_ascii=False)`.
pub fn write_str(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let clean = clean_len(rest);
        let (done, tail) = rest.split_at(clean);
        out.extend_from_slice(done);
        let Some((&byte, after)) = tail.split_first() else {
            break;
        };
        write_escape(out, byte);
        rest = after;
    }
    out.push(b'"');
}

/// Writes a quoted string as `json.dumps(text)`: all but printable ASCII is escaped, in UTF-16 units.
pub fn write_str_ascii(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    while !rest.is_empty() {
        let clean = rest
            .bytes()
            .take_while(|byte| matches!(byte, b' '..=b'~' if !matches!(byte, b'"' | b'\\')))
            .count();
        let (done, tail) = rest.split_at(clean);
        out.extend_from_slice(done.as_bytes());
        let mut following = tail.chars();
        if let Some(character) = following.next() {
            match u8::try_from(character) {
                Ok(byte) if byte.is_ascii() && byte != 0x7f => write_escape(out, byte),
                _ => character
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|unit| write_unit(out, *unit)),
            }
        }
        rest = following.as_str();
    }
    out.push(b'"');
}

/// Number of bytes in front that can be copied as they are.
#[inline]
pub(in crate::json) fn clean_len(bytes: &[u8]) -> usize {
    let (chunks, remainder) = bytes.as_chunks::<CHUNK>();
    for (index, chunk) in chunks.iter().enumerate() {
        let found = special_bytes(u64::from_le_bytes(*chunk));
        if found != 0 {
            return index * CHUNK + (found.trailing_zeros() / 8) as usize;
        }
    }
    if last_word(bytes).is_some_and(|word| special_bytes(word) == 0) {
        return bytes.len();
    }
    let special = |byte: &u8| {
        ESCAPES
            .get(usize::from(*byte))
            .is_some_and(|escape| *escape != 0)
    };
    bytes.len() - remainder.len()
        + remainder
            .iter()
            .position(special)
            .unwrap_or(remainder.len())
}

/// The last bytes, eight or all of them, in one word; they may stand in it twice. None for fewer than four.
#[inline]
fn last_word(bytes: &[u8]) -> Option<u64> {
    if let Some(last) = bytes.last_chunk::<CHUNK>() {
        return Some(u64::from_le_bytes(*last));
    }
    let (first, last) = (bytes.first_chunk::<4>()?, bytes.last_chunk::<4>()?);
    let [low, high] = [*first, *last].map(|half| u64::from(u32::from_le_bytes(half)));
    Some(low | high << 32)
}

/// The high bit of each byte that needs an escape, exact up to the first one.
///
/// Subtracting borrows into a byte's high bit if the byte is smaller; bytes from 128 up are masked out. A borrow can
/// only disturb bytes above one that was found.
#[inline]
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let less = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit));
    let quote = less(word ^ (ONES * u64::from(b'"')), 1);
    let backslash = less(word ^ (ONES * u64::from(b'\\')), 1);
    (less(word, 0x20) | quote | backslash) & !word & HIGH
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    match ESCAPES.get(usize::from(byte)) {
        Some(b'u') | None => write_unit(out, u16::from(byte)),
        Some(&short) => out.extend_from_slice(&[b'\\', short]),
    }
}

fn write_unit(out: &mut Vec<u8>, unit: u16) {
    let digit = |shift: u32| HEX[usize::from(unit >> shift & 0xf)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}
