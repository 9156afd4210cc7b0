//! Header bytes as text.

use std::borrow::Cow;

/// Python's `raw.decode("latin-1")`; ASCII is borrowed.
#[must_use]
pub fn decode(raw: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(raw) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(raw.iter().copied().map(char::from).collect()),
    }
}

/// Whether Python's `str.isspace()` holds, so that `str.strip()` would remove the character.
///
/// Unicode's `White_Space` and the four information separators.
pub(crate) fn is_python_space(character: char) -> bool {
    character.is_whitespace() || ('\x1c'..='\x1f').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_borrowed() {
        assert!(matches!(decode(b"text/plain"), Cow::Borrowed("text/plain")));
        assert!(matches!(decode(b""), Cow::Borrowed("")));
    }

    #[test]
    fn every_byte_is_its_code_point() {
        let all: Vec<u8> = (0..=255).collect();
        let text = decode(&all);
        assert!(text.chars().map(u32::from).eq(0..=255));
        assert_eq!(decode("é".as_bytes()), "Ã©");
    }

    #[test]
    fn spaces_as_python() {
        // [c for c in map(chr, range(0x110000)) if c.isspace()]
        let spaces: Vec<u32> = (0..=0x10_ffff)
            .filter(|code| char::from_u32(*code).is_some_and(is_python_space))
            .collect();
        let mut expected: Vec<u32> = (9..=13).chain(28..=32).collect();
        expected.extend([0x85, 0xa0, 0x1680]);
        expected.extend(0x2000..=0x200a);
        expected.extend([0x2028, 0x2029, 0x202f, 0x205f, 0x3000]);
        assert_eq!(spaces, expected);
    }
}
