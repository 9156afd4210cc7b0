//! What a client gets whose bytes are no HTTP/1.1, or more of it than is allowed.

use pyo3::prelude::*;

use ferroapi_http::http1::Refusal;

use super::facts::ServerFacts;
use super::fields::{Fields, collect_fields};
use super::link::Link;

/// A status and a text.
#[derive(Clone, Copy)]
pub struct Answer {
    status: u16,
    text: &'static str,
}

/// To a head that does not come to its end (RFC 9110, section 15.5.9).
pub const HEAD_OVERDUE: Answer = Answer {
    status: 408,
    text: "Request head took too long.",
};

/// What to answer; to a bad request with the text that uvicorn gives.
pub fn answer(refusal: Refusal) -> Answer {
    Answer {
        status: refusal.status(),
        text: match refusal {
            Refusal::BadRequest(_) => "Invalid HTTP request received.",
            Refusal::BodyTooLarge => "Request body too large.",
            Refusal::HeadTooLarge => "Request head too large.",
            Refusal::NotImplemented(_) => "Not implemented.",
        },
    }
}

pub fn warn(py: Python<'_>, facts: &ServerFacts, answer: Answer) -> PyResult<()> {
    facts.leaves.warn.call1(py, (answer.text,)).map(drop)
}

/// Answers and closes the connection.
pub fn send(py: Python<'_>, facts: &ServerFacts, link: &Link, answer: Answer) -> PyResult<()> {
    let text = answer.text;
    let mut out = Vec::with_capacity(256);
    let status = usize::from(answer.status);
    if let Some(Some(line)) = facts.leaves.status_lines.get(status) {
        out.extend_from_slice(line);
    }
    let mut fields = Fields::new();
    collect_fields(facts.counters.default_lines(py)?.list(py), &mut fields)?;
    for (name, value) in fields {
        for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    let length = text.len().to_string();
    for part in [
        "content-type: text/plain; charset=utf-8\r\ncontent-length: ",
        &length,
        "\r\nconnection: close\r\n\r\n",
        text,
    ] {
        out.extend_from_slice(part.as_bytes());
    }
    link.write(py, &out)?;
    link.close(py)
}
