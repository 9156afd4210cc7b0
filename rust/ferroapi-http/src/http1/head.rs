//! What the head of a request says.

/// Half-open byte range in the head's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// Where `part`, a slice of `raw`, stands in it.
    #[inline]
    pub(super) fn locate(part: &[u8], raw: &[u8]) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(raw.as_ptr() as usize);
        Self::new(start, start + part.len())
    }

    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    pub(super) fn end(self) -> usize {
        self.end as usize
    }

    /// The bytes. `raw` must be the head the span came with; for any other the answer is unspecified (empty where
    /// the range does not fit).
    #[must_use]
    #[inline]
    pub fn of<'a>(&self, raw: &'a [u8]) -> &'a [u8] {
        raw.get(self.start()..self.end()).unwrap_or_default()
    }

    /// The same bytes, to be changed in place.
    #[must_use]
    pub fn of_mut<'a>(&self, raw: &'a mut [u8]) -> &'a mut [u8] {
        raw.get_mut(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// One field line (RFC 9112, section 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// The name, in the case it was sent in.
    pub name: Span,
    /// The value, without the white space around it.
    pub value: Span,
}

/// The versions that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
}

/// What follows a head (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// So many bytes, never zero.
    Length(u64),
    /// Chunks.
    Chunked,
}

/// The head of one request.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its bytes, from the request line to the empty line inclusive. All spans index into them.
    pub raw: &'a [u8],
    /// The field lines in order.
    pub fields: &'a [Field],
    /// As sent: methods are case-sensitive.
    pub method: Span,
    /// The whole request target, a fragment included.
    pub target: Span,
    /// The path of the target: percent-encoded, `/` for an absolute form without one, `*` for that form.
    pub path: Span,
    /// What stands between the first `?` and a `#`; `None` without a question mark.
    pub query: Option<Span>,
    /// The client's version.
    pub version: Version,
    /// What follows.
    pub body: Body,
    /// Whether the client lets the connection live on: HTTP/1.1 without `connection: close`.
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110, section 10.1.1).
    pub expect_continue: bool,
    /// Whether the client asks for another protocol: `connection` lists `upgrade` and there is such a field (RFC
    /// 9110, section 7.8, which bids to ignore it in HTTP/1.0).
    pub upgrade: bool,
}
