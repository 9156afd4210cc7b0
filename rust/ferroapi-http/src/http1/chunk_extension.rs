//! Chunk extensions (RFC 9112, section 7.1.1): checked and dropped. A line end inside of a quoted string, which others may
//! read on over, is refused like all that is not in the grammar.

use super::fields::{is_token_byte, is_value_byte};
use super::refusal::Refusal;

/// Where in the extensions of one chunk the stream is, from behind the first semicolon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    /// White space before a name.
    Start,
    Name,
    NameGap,
    /// White space before a value.
    Equals,
    Value,
    Quoted,
    /// Behind a backslash.
    Pair,
    /// Behind the closing quote.
    Closed,
    Gap,
}

impl Extension {
    /// Takes one byte other than a line end.
    pub(super) fn after(self, byte: u8) -> Result<Self, Refusal> {
        match (self, byte) {
            (Self::Name | Self::NameGap | Self::Value | Self::Closed | Self::Gap, b';') => {
                Ok(Self::Start)
            }
            (Self::Name | Self::NameGap, b'=') => Ok(Self::Equals),
            (Self::Equals, b'"') => Ok(Self::Quoted),
            (Self::Quoted, b'"') => Ok(Self::Closed),
            (Self::Quoted, b'\\') => Ok(Self::Pair),
            (Self::Quoted | Self::Pair, _) if is_value_byte(byte) => Ok(Self::Quoted),
            (Self::Start | Self::Equals, b' ' | b'\t') => Ok(self),
            (Self::Name | Self::NameGap, b' ' | b'\t') => Ok(Self::NameGap),
            (Self::Value | Self::Closed | Self::Gap, b' ' | b'\t') => Ok(Self::Gap),
            (Self::Start | Self::Name, _) if is_token_byte(byte) => Ok(Self::Name),
            (Self::Equals | Self::Value, _) if is_token_byte(byte) => Ok(Self::Value),
            _ => Err(Refusal::BadRequest("invalid chunk extension")),
        }
    }

    /// Whether the line may end here.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Self::Name | Self::Value | Self::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_in_the_grammar() {
        let whole = |text: &str| {
            let end = text.bytes().try_fold(Extension::Start, Extension::after);
            end.is_ok_and(Extension::is_whole)
        };
        for text in [
            "a",
            "a=b",
            " a \t= b ;c",
            "a;b;c=d",
            "a=\"\"",
            "a=\"b;c=\\\"\\\\\"",
            "a=\"\t\u{e4}\" ;b",
        ] {
            assert!(whole(text), "{text:?}");
        }
        for text in [
            "",
            ";",
            "a;",
            "a=",
            "=b",
            "a b",
            "a=b c",
            "a ",
            "a=b ",
            "a=\"b\" ",
            "a=\"b",
            "a=\"b\\\"",
            "a=\"b\"c",
            "a=\"b\"=c",
            "a==b",
            "a=b=c",
            "a\u{e4}",
            "a=\u{e4}",
            "a\0",
            "a=\"\0\"",
            "a=\"\\\n\"",
            "\"a\"",
            "a=b\"c\"",
        ] {
            assert!(!whole(text), "{text:?}");
        }
    }
}
