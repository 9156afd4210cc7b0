//! Reading JSON text (RFC 8259) piece by piece, as far as it is what the reader expects.
//!
//! Nothing here says what is wrong: a scanner that returns nothing leaves the text to a parser that does. It may also
//! do so with a text that is right, but unusual.

use std::borrow::Cow;

use super::text::clean_len;

/// Integers with more digits are left to others.
const MOST_DIGITS: usize = 18;
/// Integers with more digits may have no exact float.
const EXACT_DIGITS: usize = 15;

/// A place in a text.
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The beginning of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no white space.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    /// Moves behind `byte` if that comes next.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Whether nothing but white space is left.
    pub fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The name of a member, without escapes, and the colon behind it.
    #[inline]
    pub fn key(&mut self) -> Option<&'a str> {
        let Cow::Borrowed(key) = self.string()? else {
            return None;
        };
        self.take(b':').then_some(key)
    }

    /// Moves behind this name of a member and its colon, if they come next. The name must need no escapes.
    #[inline]
    pub fn take_key(&mut self, key: &str) -> bool {
        if self.peek() != Some(b'"') {
            return false;
        }
        let start = self.at;
        let rest = self.rest().get(1..).unwrap_or_default();
        if rest.get(key.len()) == Some(&b'"') && rest.starts_with(key.as_bytes()) {
            self.at += key.len() + 2;
            if self.take(b':') {
                return true;
            }
            self.at = start;
        }
        false
    }

    /// A string.
    #[inline]
    pub fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b'"').then_some(())?;
        let clean = self.clean();
        match self.next()? {
            b'"' => Some(Cow::Borrowed(clean)),
            b'\\' => self.unescaped(clean).map(Cow::Owned),
            _ => None,
        }
    }

    /// What comes before the next quote, backslash or control character.
    fn clean(&mut self) -> &'a str {
        let start = self.at;
        self.at += clean_len(self.rest());
        // Both ends are next to ASCII characters.
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// The rest of a string whose first backslash was just read.
    fn unescaped(&mut self, clean: &str) -> Option<String> {
        let mut string = String::from(clean);
        loop {
            string.push(match self.next()? {
                b'"' => '"',
                b'\\' => '\\',
                b'/' => '/',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => self.code_point()?,
                _ => return None,
            });
            string.push_str(self.clean());
            match self.next()? {
                b'"' => return Some(string),
                b'\\' => {}
                _ => return None,
            }
        }
    }

    fn code_point(&mut self) -> Option<char> {
        let unit = self.code_unit()?;
        if !matches!(unit, 0xd800..=0xdbff) {
            return char::from_u32(unit);
        }
        (self.next()? == b'\\' && self.next()? == b'u').then_some(())?;
        let low = self.code_unit()?;
        matches!(low, 0xdc00..=0xdfff).then_some(())?;
        char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
    }

    fn code_unit(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit * 16 + char::from(self.next()?).to_digit(16)?;
        }
        Some(unit)
    }

    /// A number without fraction and exponent.
    #[inline]
    pub fn integer(&mut self) -> Option<i64> {
        self.peek()?;
        let (number, kind) = number(self.rest())?;
        if kind != Number::Integer || number.len() > MOST_DIGITS || number == b"-0" {
            return None;
        }
        self.at += number.len();
        str::from_utf8(number).ok()?.parse().ok()
    }

    /// A number.
    #[inline]
    pub fn float(&mut self) -> Option<f64> {
        self.peek()?;
        let (number, kind) = number(self.rest())?;
        if kind == Number::Integer && (number.len() > EXACT_DIGITS || number == b"-0") {
            return None;
        }
        self.at += number.len();
        let value: f64 = str::from_utf8(number).ok()?.parse().ok()?;
        value.is_finite().then_some(value)
    }

    /// One of the three words.
    #[inline]
    pub fn word(&mut self, word: &str) -> Option<()> {
        self.peek()?;
        self.rest().starts_with(word.as_bytes()).then_some(())?;
        self.at += word.len();
        Some(())
    }

    /// The text of a string, a number or a word, for another parser to read.
    pub fn scalar(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => drop(self.string()?),
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => self.at += number(self.rest())?.0.len(),
        }
        self.text.get(start..self.at)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    Integer,
    Float,
}

/// The number that `bytes` begin with (RFC 8259, section 6).
#[inline]
fn number(bytes: &[u8]) -> Option<(&[u8], Number)> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count > 0).then_some(from + count)
    };
    let start = usize::from(bytes.first() == Some(&b'-'));
    let mut end = digits(start)?;
    if end > start + 1 && bytes.get(start) == Some(&b'0') {
        return None;
    }
    let mut kind = Number::Integer;
    if bytes.get(end) == Some(&b'.') {
        kind = Number::Float;
        end = digits(end + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        kind = Number::Float;
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end = digits(end + 1 + sign)?;
    }
    Some((bytes.get(..end)?, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        let read = |text| Scanner::new(text).string().map(Cow::into_owned);
        assert_eq!(read(r#" "abc" "#).as_deref(), Some("abc"));
        assert_eq!(
            read("\"\u{e9}\u{1f600}\"").as_deref(),
            Some("\u{e9}\u{1f600}")
        );
        let escaped = r#""\"\\\/\b\f\n\r\t\u00e9x\u20AC\ud83d\uDE00""#;
        let plain = "\"\\/\u{8}\u{c}\n\r\t\u{e9}x\u{20ac}\u{1f600}";
        assert_eq!(read(escaped).as_deref(), Some(plain));
        for text in [
            "",
            "a",
            "\"",
            "\"a",
            "\"\n\"",
            r#""\"#,
            r#""\x""#,
            r#""\u12""#,
            r#""\ud800""#,
            r#""\ude00""#,
            r#""\ud83d\u0041""#,
            r#""\ud83d\n""#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn keys() {
        assert_eq!(Scanner::new(r#" "a" : 1"#).key(), Some("a"));
        for text in [r#""a" 1"#, r#""\n":"#, "a:", ""] {
            assert_eq!(Scanner::new(text).key(), None, "{text}");
        }
        let mut scanner = Scanner::new(r#" "ab" :"b":"#);
        for other in ["a", "abc", "b", ""] {
            assert!(!scanner.take_key(other));
        }
        assert!(scanner.take_key("ab") && scanner.take_key("b") && scanner.is_at_end());
        let mut scanner = Scanner::new(r#""a" 1"#);
        assert!(!scanner.take_key("a"));
        assert_eq!(scanner.string().as_deref(), Some("a"));
    }

    #[test]
    fn integers() {
        for (text, value) in [
            ("0", 0),
            ("-7 ", -7),
            ("999999999999999999", 999_999_999_999_999_999),
        ] {
            assert_eq!(Scanner::new(text).integer(), Some(value));
        }
        for text in [
            "",
            "-",
            "-0",
            "00",
            "01",
            "1.0",
            "1e3",
            "9999999999999999999",
            "+1",
            "a",
        ] {
            assert_eq!(Scanner::new(text).integer(), None, "{text}");
        }
    }

    #[test]
    fn floats() {
        for (text, value) in [
            ("0", 0.0),
            ("-7", -7.0),
            ("1.25", 1.25),
            ("-2.5E-1,", -0.25),
            ("1e+2]", 100.0),
        ] {
            assert_eq!(Scanner::new(text).float(), Some(value));
        }
        for text in [
            "",
            "-",
            "-0",
            "1.",
            ".5",
            "1e",
            "1e+",
            "1e999",
            "1234567890123456",
            "01.5",
            "NaN",
        ] {
            assert_eq!(Scanner::new(text).float(), None, "{text}");
        }
    }

    #[test]
    fn the_place_behind_a_value() {
        let mut scanner = Scanner::new(" [ \"a\\n\" , -1.5e3,true ,null]\n");
        assert!(scanner.take(b'[') && !scanner.take(b']'));
        assert_eq!(scanner.scalar(), Some(r#""a\n""#));
        assert!(scanner.take(b','));
        assert_eq!(scanner.scalar(), Some("-1.5e3"));
        assert!(scanner.take(b','));
        assert_eq!(scanner.scalar(), Some("true"));
        assert!(scanner.take(b','));
        assert_eq!(scanner.word("null"), Some(()));
        assert!(!scanner.is_at_end() && scanner.take(b']') && scanner.is_at_end());
        assert_eq!(scanner.scalar(), None);
        assert_eq!(Scanner::new("{").scalar(), None);
        assert_eq!(Scanner::new("nul").word("null"), None);
    }
}
