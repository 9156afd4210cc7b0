//! One complete head, from bytes to its parts (RFC 9112, sections 3 and 5).

use std::mem::MaybeUninit;

use httparse::{Error, Header, Request, Status};

use super::boundary::METHOD;
use super::framing::Framing;
use super::head::{Body, Field, Head, Span, Version};
use super::limits::Limits;
use super::refusal::Refusal;
use super::target::Target;

/// Field lines that fit on the stack.
const FEW: usize = 32;

/// Everything in a [`Head`] but its bytes and fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub(super) len: usize,
    pub(super) body: Body,
    pub(super) keep_alive: bool,
    line: RequestLine,
    path: Span,
    query: Option<Span>,
    expect_continue: bool,
    upgrade: bool,
}

impl Parts {
    pub(super) fn head<'a>(&self, raw: &'a [u8], fields: &'a [Field]) -> Head<'a> {
        Head {
            raw,
            fields,
            method: self.line.method,
            target: self.line.target,
            path: self.path,
            query: self.query,
            version: self.line.version,
            body: self.body,
            keep_alive: self.keep_alive,
            expect_continue: self.expect_continue,
            upgrade: self.upgrade,
        }
    }
}

/// A head that may begin `input`. `None` when it is not complete, not clean, or has more than a few fields: the caller
/// then looks for its end and asks [`complete`], which says what is wrong.
#[inline]
pub(super) fn quick(
    input: &[u8],
    fields: &mut Vec<Field>,
    limits: &Limits,
) -> Result<Option<Parts>, Refusal> {
    let mut headers = [const { MaybeUninit::uninit() }; FEW];
    let few = limits.fields.min(FEW);
    match tokenize(input, &mut headers[..few], fields) {
        Ok(line) if line.len <= limits.head && line.method.end() <= METHOD as usize => {
            interpret(&input[..line.len], line, fields, limits).map(Some)
        }
        _ => Ok(None),
    }
}

/// The head `raw`, which ends with its empty line.
pub(super) fn complete(
    raw: &[u8],
    fields: &mut Vec<Field>,
    limits: &Limits,
) -> Result<Parts, Refusal> {
    let mut headers = [const { MaybeUninit::uninit() }; FEW];
    let few = limits.fields.min(FEW);
    let line = match tokenize(raw, &mut headers[..few], fields) {
        Err(Fault::Tokens(Error::TooManyHeaders)) if limits.fields > FEW => {
            // A field line has four bytes at least.
            let most = limits.fields.min(raw.len() / 4);
            tokenize(raw, &mut vec![MaybeUninit::uninit(); most], fields)
        }
        line => line,
    };
    let line = line.map_err(|fault| refusal(fault, raw))?;
    interpret(raw, line, fields, limits)
}

fn refusal(fault: Fault, raw: &[u8]) -> Refusal {
    match fault {
        Fault::Tokens(Error::TooManyHeaders) => Refusal::HeadTooLarge,
        Fault::Tokens(Error::HeaderName) => Refusal::BadRequest("invalid field name"),
        Fault::Tokens(Error::HeaderValue) => Refusal::BadRequest("invalid field value"),
        Fault::Tokens(Error::Version) => Refusal::BadRequest("unsupported HTTP version"),
        Fault::Tokens(_) if !raw.starts_with(b"\n") => Refusal::BadRequest("invalid request line"),
        _ => Refusal::BadRequest("invalid line end"),
    }
}

/// The request line, and where the head ends.
#[derive(Clone, Copy, Debug)]
struct RequestLine {
    len: usize,
    method: Span,
    target: Span,
    version: Version,
}

enum Fault {
    Tokens(Error),
    Partial,
    LineEnd,
}

/// Fills `fields`. Refuses what httparse lets pass: line ends without a carriage return.
#[inline]
fn tokenize<'r>(
    raw: &'r [u8],
    headers: &mut [MaybeUninit<Header<'r>>],
    fields: &mut Vec<Field>,
) -> Result<RequestLine, Fault> {
    let mut request = Request::new(&mut []);
    let parsed = request.parse_with_uninit_headers(raw, headers);
    let Status::Complete(len) = parsed.map_err(Fault::Tokens)? else {
        return Err(Fault::Partial);
    };
    let (Some(method), Some(target), Some(version)) =
        (request.method, request.path, request.version)
    else {
        return Err(Fault::Partial);
    };
    let method = Span::locate(method.as_bytes(), raw);
    if method.start() != 0 || !raw[..len].ends_with(b"\r\n\r\n") {
        return Err(Fault::LineEnd);
    }
    fields.clear();
    for header in request.headers.iter() {
        let name = Span::locate(header.name.as_bytes(), raw);
        if raw.get(name.start().wrapping_sub(2)) != Some(&b'\r') {
            return Err(Fault::LineEnd);
        }
        let value = Span::locate(header.value, raw);
        fields.push(Field { name, value });
    }
    Ok(RequestLine {
        len,
        method,
        target: Span::locate(target.as_bytes(), raw),
        version: match version {
            0 => Version::Http10,
            _ => Version::Http11,
        },
    })
}

#[inline]
fn interpret(
    raw: &[u8],
    line: RequestLine,
    fields: &[Field],
    limits: &Limits,
) -> Result<Parts, Refusal> {
    let version = line.version;
    let target = Target::parse(raw, line.target, line.method.of(raw))?;
    let mut framing = Framing::default();
    for field in fields {
        framing.note(field.name.of(raw), field.value.of(raw))?;
    }
    framing.check(version, target.authority)?;
    Ok(Parts {
        len: line.len,
        body: framing.body(version, limits)?,
        keep_alive: framing.keep_alive(version),
        line,
        path: target.path,
        query: target.query,
        expect_continue: framing.expect_continue(version),
        upgrade: framing.upgrade(version),
    })
}
