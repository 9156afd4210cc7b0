//! What the field lines say about the message: which body follows (RFC 9112, section 6), for which host it is, and
//! what becomes of the connection.

use super::fields::{decimal, elements};
use super::head::{Body, Version};
use super::host::is_host;
use super::limits::Limits;
use super::refusal::Refusal;
use super::target::Scheme;
use super::transfer_coding::TransferCodings;

/// Gathered from the fields in their order.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing a field said, independent of the others"
)]
pub(super) struct Framing<'r> {
    host: Option<&'r [u8]>,
    length: Option<u64>,
    codings: TransferCodings,
    upgrade_field: bool,
    close: bool,
    upgrade_listed: bool,
    expect_continue: bool,
}

impl<'r> Framing<'r> {
    /// Takes one field line.
    #[inline]
    pub(super) fn note(&mut self, name: &[u8], value: &'r [u8]) -> Result<(), Refusal> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.note_host(value),
            6 if name.eq_ignore_ascii_case(b"expect") => {
                self.expect_continue |= value.eq_ignore_ascii_case(b"100-continue");
                Ok(())
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.upgrade_field = true;
                Ok(())
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.note_connection(value);
                Ok(())
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => self.note_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.codings.note(value),
            _ => Ok(()),
        }
    }

    #[inline]
    fn note_host(&mut self, value: &'r [u8]) -> Result<(), Refusal> {
        if self.host.is_some() {
            return Err(Refusal::BadRequest("repeated host"));
        }
        if !is_host(value) {
            return Err(Refusal::BadRequest("invalid host"));
        }
        self.host = Some(value);
        Ok(())
    }

    fn note_connection(&mut self, value: &[u8]) {
        for option in elements(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.upgrade_listed |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }

    fn note_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.length.is_some() {
            return Err(Refusal::BadRequest("repeated content-length"));
        }
        let length = decimal(value).ok_or(Refusal::BadRequest("invalid content-length"))?;
        self.length = Some(length.ok_or(Refusal::BodyTooLarge)?);
        Ok(())
    }

    /// Whether the fields fit together with each other, the version, and the authority of an absolute target.
    #[inline]
    pub(super) fn check(
        &self,
        version: Version,
        authority: Option<(Scheme, &[u8])>,
    ) -> Result<(), Refusal> {
        if self.host.is_none() && version == Version::Http11 {
            return Err(Refusal::BadRequest("missing host"));
        }
        if let (Some((scheme, authority)), Some(host)) = (authority, self.host)
            && !same_host(scheme, authority, host)
        {
            return Err(Refusal::BadRequest("host and request target disagree"));
        }
        Ok(())
    }

    /// Which body follows.
    #[inline]
    pub(super) fn body(&self, version: Version, limits: &Limits) -> Result<Body, Refusal> {
        match (self.length, self.codings.is_present()) {
            (Some(_), true) => Err(Refusal::BadRequest(
                "content-length beside transfer-encoding",
            )),
            (None, true) if version == Version::Http10 => {
                Err(Refusal::BadRequest("transfer-encoding in HTTP/1.0"))
            }
            (None, true) => self.codings.check().map(|()| Body::Chunked),
            (None | Some(0), false) => Ok(Body::None),
            (Some(length), false) if length > limits.body => Err(Refusal::BodyTooLarge),
            (Some(length), false) => Ok(Body::Length(length)),
        }
    }

    pub(super) fn keep_alive(&self, version: Version) -> bool {
        version == Version::Http11 && !self.close
    }

    pub(super) fn expect_continue(&self, version: Version) -> bool {
        version == Version::Http11 && self.expect_continue
    }

    pub(super) fn upgrade(&self, version: Version) -> bool {
        version == Version::Http11 && self.upgrade_field && self.upgrade_listed
    }
}

/// Whether the authority of the target and the host field name the same (RFC 9112, section 3.2, bids the client to
/// send them alike); the scheme's own port may be left out.
fn same_host(scheme: Scheme, authority: &[u8], host: &[u8]) -> bool {
    let bare = |text| <[u8]>::strip_suffix(text, scheme.default_port()).unwrap_or(text);
    bare(authority).eq_ignore_ascii_case(bare(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(fields: &[(&str, &str)], version: Version) -> Result<Body, u16> {
        let limits = Limits {
            body: 100,
            ..Limits::default()
        };
        let mut framing = Framing::default();
        fields
            .iter()
            .try_for_each(|(name, value)| framing.note(name.as_bytes(), value.as_bytes()))
            .and_then(|()| framing.body(version, &limits))
            .map_err(|refusal| refusal.status())
    }

    #[test]
    fn bodies() {
        let (length, coding) = ("Content-LENGTH", "transfer-Encoding");
        for (fields, expected) in [
            (&[][..], Ok(Body::None)),
            (&[(length, "0")], Ok(Body::None)),
            (&[(length, "0100")], Ok(Body::Length(100))),
            (&[(length, "101")], Err(413)),
            (&[(length, "99999999999999999999999999")], Err(413)),
            (&[(length, "1"), (length, "1")], Err(400)),
            (&[(length, "1, 1")], Err(400)),
            (&[(coding, "Chunked")], Ok(Body::Chunked)),
            (&[(coding, "gzip, chunked")], Err(501)),
            (&[(length, "5"), (coding, "chunked")], Err(400)),
            (&[(coding, "chunked"), (length, "5")], Err(400)),
            (&[(coding, "gzip"), (length, "0")], Err(400)),
        ] {
            assert_eq!(body(fields, Version::Http11), expected, "{fields:?}");
        }
        assert_eq!(body(&[(coding, "chunked")], Version::Http10), Err(400));
    }

    #[test]
    fn hosts_agree() {
        for (authority, host, agree) in [
            ("x", "X", true),
            ("x:80", "x", true),
            ("x", "x:80", true),
            ("x:443", "x", false),
            ("x", "y", false),
            ("x", "", false),
        ] {
            let same = same_host(Scheme::Http, authority.as_bytes(), host.as_bytes());
            assert_eq!(same, agree, "{authority} {host}");
        }
    }

    #[test]
    fn the_connection() {
        let mut framing = Framing::default();
        for (name, value) in [
            ("Connection", "keep-alive, Upgrade"),
            ("upgrade", "h2c"),
            ("EXPECT", "100-Continue"),
        ] {
            assert_eq!(framing.note(name.as_bytes(), value.as_bytes()), Ok(()));
        }
        let flags = |framing: &Framing<'_>, version| {
            (
                framing.keep_alive(version),
                framing.expect_continue(version),
                framing.upgrade(version),
            )
        };
        assert_eq!(flags(&framing, Version::Http11), (true, true, true));
        assert_eq!(flags(&framing, Version::Http10), (false, false, false));
        framing.note_connection(b"x ,CLOSE");
        assert_eq!(flags(&framing, Version::Http11), (false, true, true));
    }
}
