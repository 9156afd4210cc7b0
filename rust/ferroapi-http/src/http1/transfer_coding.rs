//! The `transfer-encoding` fields of a request (RFC 9112, section 6.1).

use super::fields::{elements, is_token, trim};
use super::refusal::Refusal;

/// The codings that were applied, over all fields of the name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TransferCodings {
    chunked: bool,
    other: bool,
}

impl TransferCodings {
    /// Takes the value of one field. A coding after `chunked`, and `chunked` again, are refused.
    pub(super) fn note(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for coding in elements(value) {
            let name = coding
                .split(|byte| *byte == b';')
                .next()
                .map_or(coding, trim);
            if self.chunked || !is_token(name) {
                return Err(Refusal::BadRequest("invalid transfer-encoding"));
            }
            match name.eq_ignore_ascii_case(b"chunked") {
                // It has no parameters.
                true if name.len() != coding.len() => {
                    return Err(Refusal::BadRequest("invalid transfer-encoding"));
                }
                true => self.chunked = true,
                false => self.other = true,
            }
        }
        Ok(())
    }

    /// Whether there is such a field.
    #[inline]
    pub(super) fn is_present(self) -> bool {
        self.chunked || self.other
    }

    /// Whether it is `chunked` and nothing else.
    pub(super) fn check(self) -> Result<(), Refusal> {
        if self.other {
            return Err(Refusal::NotImplemented("unknown transfer coding"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(values: &[&str]) -> u16 {
        let mut codings = TransferCodings::default();
        let noted = values
            .iter()
            .try_for_each(|value| codings.note(value.as_bytes()));
        let checked = noted.and_then(|()| codings.check());
        checked.err().map_or(200, |refusal| refusal.status())
    }

    #[test]
    fn only_chunked_is_taken() {
        for (values, expected) in [
            (&["chunked"][..], 200),
            (&["CHUNKED"], 200),
            (&["gzip"], 501),
            (&["identity"], 501),
            (&["xchunked"], 501),
            (&["gzip;q=\"a\", chunked"], 501),
            (&["gzip", "chunked"], 501),
            (&["chunked, gzip"], 400),
            (&["chunked", "gzip"], 400),
            (&["chunked, chunked"], 400),
            (&["chunked", "chunked"], 400),
            (&["chunked;a=b"], 400),
            (&["chunked,"], 400),
            (&[",chunked"], 400),
            (&[""], 400),
            (&["\"chunked\""], 400),
            (&["chun ked"], 400),
            (&["\x0bchunked"], 400),
        ] {
            assert_eq!(status(values), expected, "{values:?}");
        }
    }
}
