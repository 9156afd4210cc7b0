//! Request targets (RFC 9112, section 3.2).

use memchr::{memchr, memchr2};

use super::head::Span;
use super::host::is_host;
use super::refusal::Refusal;

/// The parts of a request target. A fragment, which no client may send, ends path and query and is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'r> {
    pub(super) path: Span,
    pub(super) query: Option<Span>,
    /// Scheme and authority of the absolute form.
    pub(super) authority: Option<(Scheme, &'r [u8])>,
}

/// The schemes of an absolute form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// What follows an authority that leaves nothing to guess.
    pub(super) fn default_port(self) -> &'static [u8] {
        match self {
            Self::Http => b":80",
            Self::Https => b":443",
        }
    }
}

const INVALID: Refusal = Refusal::BadRequest("invalid request target");

impl<'r> Target<'r> {
    /// Reads the target at `whole` of the head `raw`.
    pub(super) fn parse(raw: &'r [u8], whole: Span, method: &[u8]) -> Result<Self, Refusal> {
        let text = whole.of(raw);
        if method == b"CONNECT" {
            return Err(Refusal::NotImplemented("CONNECT is not offered"));
        }
        // No early exit: the whole is one vector loop.
        let visible = |ok, byte: &u8| ok & byte.is_ascii_graphic();
        if !text.iter().fold(true, visible) {
            return Err(INVALID);
        }
        match text {
            [b'/', ..] => Ok(Self::origin(raw, whole)),
            b"*" if method == b"OPTIONS" => Ok(Self {
                path: whole,
                query: None,
                authority: None,
            }),
            _ => Self::absolute(raw, whole),
        }
    }

    /// A path and perhaps a query.
    #[inline]
    fn origin(raw: &[u8], whole: Span) -> Self {
        let start = whole.start();
        let text = whole.of(raw);
        let path_end = memchr2(b'?', b'#', text).unwrap_or(text.len());
        let query = (text.get(path_end) == Some(&b'?')).then(|| {
            let rest = &text[path_end + 1..];
            let len = memchr(b'#', rest).unwrap_or(rest.len());
            Span::new(start + path_end + 1, start + path_end + 1 + len)
        });
        Self {
            path: Span::new(start, start + path_end),
            query,
            authority: None,
        }
    }

    /// A whole URI (RFC 9112, section 3.2.2).
    fn absolute(raw: &'r [u8], whole: Span) -> Result<Self, Refusal> {
        let text = whole.of(raw);
        let (scheme, after) = scheme(text).ok_or(INVALID)?;
        let rest = &text[after..];
        let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#');
        let len = rest.iter().position(ends).unwrap_or(rest.len());
        let host = &rest[..len];
        if host.is_empty() || host[0] == b':' || !is_host(host) {
            return Err(INVALID);
        }
        let from = whole.start() + after + len;
        let mut target = Self::origin(raw, Span::new(from, whole.end()));
        if target.path == Span::new(from, from) {
            // The path is `/` then; the second slash of `://` is one.
            let slash = whole.start() + after - 1;
            target.path = Span::new(slash, slash + 1);
        }
        target.authority = Some((scheme, host));
        Ok(target)
    }
}

/// The scheme, and where the authority begins.
fn scheme(text: &[u8]) -> Option<(Scheme, usize)> {
    let known = [
        (Scheme::Http, &b"http://"[..]),
        (Scheme::Https, b"https://"),
    ];
    known.into_iter().find_map(|(scheme, prefix)| {
        let start = text.get(..prefix.len())?;
        start
            .eq_ignore_ascii_case(prefix)
            .then_some((scheme, prefix.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(method: &str, target: &str) -> Result<(String, Option<String>), u16> {
        let raw = format!("{method} {target} HTTP/1.1\r\n\r\n");
        let raw = raw.as_bytes();
        let whole = Span::new(method.len() + 1, method.len() + 1 + target.len());
        let text = |span: Span| String::from_utf8_lossy(span.of(raw)).into_owned();
        match Target::parse(raw, whole, method.as_bytes()) {
            Ok(target) => Ok((text(target.path), target.query.map(text))),
            Err(refusal) => Err(refusal.status()),
        }
    }

    #[test]
    fn splits_path_and_query() {
        for (target, path, query) in [
            ("/", "/", None),
            ("/a/b%20c", "/a/b%20c", None),
            ("/a?", "/a", Some("")),
            ("/a?b?c", "/a", Some("b?c")),
            ("/a?b#c?d", "/a", Some("b")),
            ("/a#b?c", "/a", None),
            ("//a", "//a", None),
            ("http://x", "/", None),
            ("http://x?a=b", "/", Some("a=b")),
            ("http://x#a?b", "/", None),
            ("HTTPS://x:1/a?b#c", "/a", Some("b")),
            ("http://[::1]:80/a", "/a", None),
        ] {
            let expected = (path.to_owned(), query.map(str::to_owned));
            assert_eq!(parts("GET", target), Ok(expected), "{target}");
        }
        assert_eq!(parts("OPTIONS", "*"), Ok(("*".to_owned(), None)));
    }

    #[test]
    fn refuses_other_forms() {
        for target in [
            "*",
            "a/b",
            "?a",
            "#",
            "x:80",
            "ftp://x/",
            "http:/x",
            "http://",
            "http:///a",
            "http://u@x/",
            "http://:80/",
            "http://x:y/",
            "/\u{e4}",
            "/\x7f",
            "http://x,y/",
            "*?a",
        ] {
            assert_eq!(parts("GET", target), Err(400), "{target}");
        }
        assert_eq!(parts("CONNECT", "x:80"), Err(501));
        assert_eq!(parts("OPTIONS", "*a"), Err(400));
    }
}
