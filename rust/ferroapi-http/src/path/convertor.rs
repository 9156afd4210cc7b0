//! The convertors of `starlette.convertors`, matched without a regular expression.

/// What a template parameter accepts.
///
/// The built-in kinds are the regular expressions of `starlette.convertors`, all of them ASCII-only where they name
/// characters. `Custom` carries the `regex` attribute of a convertor registered by the user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Convertor {
    /// `[^/]+`: also newlines.
    Str,
    /// `.*`: everything but a newline, also nothing.
    Path,
    /// `[0-9]+`
    Int,
    /// `[0-9]+(\.[0-9]+)?`
    Float,
    /// Hexadecimal digits 8-4-4-4-12, each hyphen optional.
    Uuid,
    /// A user's convertor.
    Custom {
        /// Its Python regular expression.
        regex: Box<str>,
    },
}

impl Convertor {
    /// The convertor Starlette registers under `name` itself: `str`, `path`, `int`, `float` or `uuid`.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        Some(match name {
            "str" => Self::Str,
            "path" => Self::Path,
            "int" => Self::Int,
            "float" => Self::Float,
            "uuid" => Self::Uuid,
            _ => return None,
        })
    }

    /// Whether a match can never contain `/`, so that the parameter stays within one path segment.
    pub(crate) fn stays_in_segment(&self) -> bool {
        !matches!(self, Self::Path | Self::Custom { .. })
    }

    /// Whether `text` as a whole is accepted. Only for convertors that stay in a segment, on text without `/`.
    pub(crate) fn accepts(&self, text: &[u8]) -> bool {
        match self {
            Self::Str => !text.is_empty(),
            Self::Int => is_int(text),
            Self::Float => is_float(text),
            Self::Uuid => is_uuid(text),
            Self::Path | Self::Custom { .. } => false,
        }
    }
}

pub(crate) fn is_int(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

pub(crate) fn is_float(text: &[u8]) -> bool {
    let whole = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match text.get(whole..) {
        Some([]) => whole > 0,
        Some([b'.', fraction @ ..]) => whole > 0 && is_int(fraction),
        _ => false,
    }
}

pub(crate) fn is_uuid(text: &[u8]) -> bool {
    let mut rest = text;
    for (index, digits) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if index > 0
            && let [b'-', tail @ ..] = rest
        {
            rest = tail;
        }
        let Some((group, tail)) = rest.split_at_checked(digits) else {
            return false;
        };
        if !group.iter().all(u8::is_ascii_hexdigit) {
            return false;
        }
        rest = tail;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn int_table() {
        for (text, expected) in [
            ("", false),
            ("0", true),
            ("007", true),
            ("-1", false),
            ("1.0", false),
            ("١", false),
        ] {
            assert_eq!(is_int(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn float_table() {
        let cases = [
            ("", false),
            ("1", true),
            ("1.5", true),
            ("1.", false),
            (".5", false),
            ("1.5.5", false),
            ("1e5", false),
            ("-1", false),
            ("1.5\n", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_float(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn uuid_table() {
        let cases = [
            ("", false),
            ("123e4567-e89b-12d3-a456-426614174000", true),
            ("123E4567-E89B-12D3-A456-426614174000", true),
            ("123e4567e89b12d3a456426614174000", true),
            ("123e4567e89b-12d3a456-426614174000", true),
            ("123e4567--e89b-12d3-a456-426614174000", false),
            ("-123e4567e89b12d3a456426614174000", false),
            ("123e4567e89b12d3a456426614174000-", false),
            ("123e4567-e89b-12d3-a456-42661417400g", false),
            ("123e4567-e89b-12d3-a456-4266141740001", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_uuid(text.as_bytes()), expected, "{text:?}");
        }
    }
}
