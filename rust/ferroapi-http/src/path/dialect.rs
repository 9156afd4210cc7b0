//! The part of Python's regular expression syntax that means the same here.
//!
//! A user's convertor brings a Python expression. Only a small subset is translated, the one for which `re` and the
//! `regex` crate certainly agree on the match and on what alternative is preferred. The rest is left to Python.

/// A translated expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    /// Source for the `regex` crate, without capturing groups.
    pub(super) source: String,
    /// Whether it holds for ASCII text only (`\d` and `\w` follow the Unicode version of each side).
    pub(super) ascii_only: bool,
}

/// Largest count accepted in `{n,m}`; more would only make a huge automaton.
const MAX_COUNT: u32 = 255;
/// Deepest nesting of groups that is followed.
const MAX_DEPTH: u32 = 16;

/// Translates a Python expression, or `None` where the meaning could differ.
pub(super) fn translate(expression: &str) -> Option<Translated> {
    let mut parser = Parser {
        rest: expression.as_bytes(),
        source: String::new(),
        ascii_only: false,
    };
    parser.alternation(0)?;
    parser.rest.is_empty().then_some(Translated {
        source: parser.source,
        ascii_only: parser.ascii_only,
    })
}

struct Parser<'e> {
    rest: &'e [u8],
    source: String,
    ascii_only: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn take(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take_if(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// Branches up to `)` or the end. Answers whether the match can be empty.
    fn alternation(&mut self, depth: u32) -> Option<bool> {
        let mut can_be_empty = self.sequence(depth)?;
        while self.take_if(b'|') {
            self.source.push('|');
            can_be_empty |= self.sequence(depth)?;
        }
        Some(can_be_empty)
    }

    fn sequence(&mut self, depth: u32) -> Option<bool> {
        let mut can_be_empty = true;
        while !matches!(self.peek(), None | Some(b'|' | b')')) {
            let atom_empty = self.atom(depth)?;
            can_be_empty &= self.quantifier(atom_empty)?;
        }
        Some(can_be_empty)
    }

    fn atom(&mut self, depth: u32) -> Option<bool> {
        match self.take()? {
            b'(' => return self.group(depth),
            b'[' => self.class()?,
            b'\\' => self.escape()?,
            b'.' => self.source.push('.'),
            byte if is_plain(byte) || byte == b'-' => self.literal(byte),
            _ => return None,
        }
        Some(false)
    }

    fn group(&mut self, depth: u32) -> Option<bool> {
        if depth >= MAX_DEPTH {
            return None;
        }
        if self.take_if(b'?') && !self.take_if(b':') {
            return None;
        }
        self.source.push_str("(?:");
        let can_be_empty = self.alternation(depth + 1)?;
        self.source.push(')');
        self.take_if(b')').then_some(can_be_empty)
    }

    fn class(&mut self) -> Option<()> {
        self.source.push('[');
        if self.take_if(b'^') {
            self.source.push('^');
        }
        let mut first = true;
        loop {
            match self.take()? {
                b']' if first => return None,
                b']' => break,
                b'-' if first || self.peek() == Some(b']') => self.literal(b'-'),
                b'\\' => self.escape()?,
                byte if byte.is_ascii_alphanumeric() => self.class_range(byte)?,
                byte if is_plain(byte) || b".+*?()$|{}".contains(&byte) => self.literal(byte),
                _ => return None,
            }
            first = false;
        }
        self.source.push(']');
        Some(())
    }

    /// A letter or digit in a class, and the range it may open.
    fn class_range(&mut self, from: u8) -> Option<()> {
        self.source.push(char::from(from));
        let [b'-', to, ..] = *self.rest else {
            return Some(());
        };
        if to == b']' {
            return Some(());
        }
        if !to.is_ascii_alphanumeric() || to < from {
            return None;
        }
        self.rest = &self.rest[2..];
        self.source.push('-');
        self.source.push(char::from(to));
        Some(())
    }

    fn escape(&mut self) -> Option<()> {
        match self.take()? {
            b'd' => self.word_class("0-9"),
            b'w' => self.word_class("0-9A-Za-z_"),
            byte if b".-/+*?()[]{}|^$\\".contains(&byte) => self.literal(byte),
            _ => return None,
        }
        Some(())
    }

    fn word_class(&mut self, members: &str) {
        self.ascii_only = true;
        self.source.push('[');
        self.source.push_str(members);
        self.source.push(']');
    }

    fn literal(&mut self, byte: u8) {
        self.source
            .push_str(&regex::escape(char::from(byte).encode_utf8(&mut [0; 4])));
    }

    /// A repetition after an atom. Answers whether the whole can be empty.
    ///
    /// What a repeated empty match means is where engines differ, so those are refused.
    fn quantifier(&mut self, atom_empty: bool) -> Option<bool> {
        let can_be_empty = match self.peek() {
            Some(byte @ (b'*' | b'+' | b'?')) => {
                self.rest = &self.rest[1..];
                self.source.push(char::from(byte));
                byte != b'+'
            }
            Some(b'{') => self.counted()?,
            _ => return Some(atom_empty),
        };
        if atom_empty {
            return None;
        }
        if self.take_if(b'?') {
            self.source.push('?');
        }
        (!matches!(self.peek(), Some(b'*' | b'+' | b'?' | b'{'))).then_some(can_be_empty)
    }

    fn counted(&mut self) -> Option<bool> {
        self.rest = &self.rest[1..];
        let low = self.number()?;
        let mut text = format!("{{{low}");
        if self.take_if(b',') {
            text.push(',');
            if self.peek() != Some(b'}') {
                let high = self.number()?;
                if high < low {
                    return None;
                }
                text.push_str(&high.to_string());
            }
        }
        text.push('}');
        self.source.push_str(&text);
        self.take_if(b'}').then_some(low == 0)
    }

    fn number(&mut self) -> Option<u32> {
        let digits = self
            .rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (text, rest) = self.rest.split_at(digits);
        self.rest = rest;
        let value = std::str::from_utf8(text).ok()?.parse().ok()?;
        (value <= MAX_COUNT).then_some(value)
    }
}

/// Characters that stand for themselves everywhere, in a class too.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_/,:;=@%!<>'\" ".contains(&byte)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "a test may panic"
)]
mod tests {
    use super::*;

    #[test]
    fn translated_table() {
        let cases = [
            ("[0-9]{4}-[0-9]{2}", r"[0-9]{4}\-[0-9]{2}"),
            ("[0-9]{4}(-[0-9]{2})?", r"[0-9]{4}(?:\-[0-9]{2})?"),
            ("a|bc|", "a|bc|"),
            ("[a-z_-]+", r"[a-z_\-]+"),
            ("[-a.]*?", r"[\-a\.]*?"),
            ("[^/]+", "[^/]+"),
            (r"\d+\.\w*", r"[0-9]+\.[0-9A-Za-z_]*"),
            (r"[\w\-]+", r"[[0-9A-Za-z_]\-]+"),
            ("x{2,}y{1,3}z{0}", "x{2,}y{1,3}z{0}"),
            (".*", ".*"),
            ("", ""),
        ];
        for (python, expected) in cases {
            let translated = translate(python).unwrap();
            assert_eq!(translated.source, expected, "{python:?}");
            assert!(regex::Regex::new(&translated.source).is_ok(), "{python:?}");
        }
    }

    #[test]
    fn ascii_only_follows_word_classes() {
        assert!(translate(r"\d").unwrap().ascii_only);
        assert!(translate(r"[^\w]").unwrap().ascii_only);
        assert!(!translate("[^a]").unwrap().ascii_only);
    }

    #[test]
    fn left_to_python() {
        let cases = [
            "^a", "a$", r"\s", r"\b", r"\Z", r"\1", r"\p", "(?i)a", "(?P<n>a)", "(?=a)", "(?#c)",
            "a++", "a{,3}", "a{3,1}", "(a*)*", "(|a)+", "[]a]", "[a&&b]", "[[a]]", "[a~~b]",
            "[z-a]", "[a--b]", "[+-/]", "a{1000}", "é", "(a", "a)", "a]", "{", "[", r"a\", "a**",
            "a{2}{3}", r"[\d-z]",
        ];
        for python in cases {
            assert_eq!(translate(python), None, "{python:?}");
        }
    }
}
