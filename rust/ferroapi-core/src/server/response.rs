//! The response of an exchange: from ASGI messages, or from the pipeline's own parts, to the transport.

use pyo3::exceptions::{PyKeyError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString};

use ferroapi_http::http1::Misuse;

use super::exchange::Exchange;
use super::fields::{Fields, bytes_of, collect_fields};
use super::link::Link;
use super::protocol::HttpProtocol;
use crate::attached::attached;
use crate::coroutine::Channel;
use crate::respond::{JsonText, ResponseParts};

/// Bodies longer than this are handed to the transport as they are, instead of being copied behind the head.
const WORTH_COPYING: usize = 16 * 1024;

const OVERDUE: &[u8] = br#"{"detail":"The request took too long."}"#;

impl Exchange {
    /// Waits until the client reads again, if it does not; false if it is gone.
    async fn writable(&self, channel: &Channel) -> PyResult<bool> {
        if attached(|py| self.must_wait(py)) {
            let writable = self.protocol.get().writable();
            writable.wait(channel, &self.facts().event_loop).await?;
        }
        Ok(attached(|py| self.is_wanted(py)))
    }

    /// Whether the client has to read before more is written.
    pub fn must_wait(&self, py: Python<'_>) -> bool {
        self.protocol.get().is_write_paused(py) && !self.is_disconnected(py)
    }

    /// Whether what is sent goes to the client: after the answer was given here it goes where that of a lost
    /// connection goes.
    fn is_wanted(&self, py: Python<'_>) -> bool {
        !self.is_disconnected(py) && !self.is_given_up(py)
    }

    /// Sends a whole response with one write.
    pub async fn respond(
        &self,
        channel: &Channel,
        parts: &ResponseParts,
        delivery: Delivery,
    ) -> PyResult<()> {
        if !self.writable(channel).await? {
            return Ok(());
        }
        attached(|py| {
            self.begin_response(py)?;
            let status = self.status_code(parts.status.bind(py))?;
            let headers = Headers::Given(parts.headers.bind(py).as_any());
            let body = bytes_of(parts.body.bind(py))?;
            self.write_response(py, status, headers, Piece::of(&body), delivery)
        })
    }

    /// The same for a JSON text, with the two headers of its own.
    pub async fn respond_json(
        &self,
        channel: &Channel,
        status: u16,
        body: &JsonText,
        delivery: Delivery,
    ) -> PyResult<()> {
        if !self.writable(channel).await? {
            return Ok(());
        }
        attached(|py| {
            self.begin_response(py)?;
            let data = body.as_bytes(py);
            let headers = Headers::Json {
                length: data.len() as u64,
            };
            let object = body.object().map(|object| object.bind(py));
            self.write_response(py, status, headers, Piece { data, object }, delivery)
        })
    }

    /// Notes that the response starts; it can do so once.
    fn begin_response(&self, py: Python<'_>) -> PyResult<()> {
        let started = self.state.update(py, |state| {
            state.incoming.awaits_continue = false;
            std::mem::replace(&mut state.started, true)
        });
        if started {
            return Err(self.unexpected(py, "http.response.start"));
        }
        Ok(())
    }

    fn write_response(
        &self,
        py: Python<'_>,
        status: u16,
        headers: Headers<'_, '_>,
        body: Piece<'_, '_>,
        delivery: Delivery,
    ) -> PyResult<()> {
        self.facts().with_scratch(py, |out| {
            self.write_head(py, status, headers, out)?;
            self.write_body(py, body, false, out, delivery)
        })
    }

    /// ASGI's `send`.
    pub async fn send_message(&self, channel: &Channel, message: Py<PyAny>) -> PyResult<()> {
        self.writable(channel).await?;
        attached(|py| self.take_message(message.bind(py)))
    }

    /// A message of the application's, when the client reads.
    pub fn take_message(&self, message: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = message.py();
        if !self.is_wanted(py) {
            return Ok(());
        }
        let kind = message.get_item(intern!(py, "type"))?;
        let (started, complete) = self
            .state
            .read(py, |state| (state.started, state.writer.is_complete()));
        let expected = if started {
            "http.response.body"
        } else {
            "http.response.start"
        };
        let known = kind.cast::<PyString>().map(|kind| kind.to_str());
        if complete || !matches!(known, Ok(Ok(kind)) if kind == expected) {
            return Err(self.unexpected(py, &kind.str()?.to_string_lossy()));
        }
        self.facts().with_scratch(py, |out| {
            if started {
                let body = optional(message, intern!(py, "body"))?;
                let body = body.unwrap_or_else(|| PyBytes::new(py, b"").into_any());
                let more = optional(message, intern!(py, "more_body"))?;
                let more = more.map_or(Ok(false), |more| more.is_truthy())?;
                let body = match bytes_of(&body) {
                    // As in uvicorn, nothing of any kind is an empty body.
                    Err(_) if !body.is_truthy()? => PyBytes::new(py, b""),
                    body => body?,
                };
                return self.write_body(py, Piece::of(&body), more, out, Delivery::AtOnce);
            }
            self.begin_response(py)?;
            let status = self.status_code(&message.get_item(intern!(py, "status"))?)?;
            let headers = optional(message, intern!(py, "headers"))?;
            let headers = headers.unwrap_or_else(|| PyList::empty(py).into_any());
            self.write_head(py, status, Headers::Given(&headers), out)?;
            Link::hold(&self.link, py, out)
        })
    }

    /// The error for a message that has no place here.
    fn unexpected(&self, py: Python<'_>, kind: &str) -> PyErr {
        PyRuntimeError::new_err(if !self.is_started(py) {
            format!("Expected ASGI message 'http.response.start', but got '{kind}'.")
        } else if self.is_complete(py) {
            format!("Unexpected ASGI message '{kind}' sent, after response already completed.")
        } else {
            format!("Expected ASGI message 'http.response.body', but got '{kind}'.")
        })
    }

    /// Writes the response head to `out`.
    fn write_head(
        &self,
        py: Python<'_>,
        status: u16,
        headers: Headers<'_, '_>,
        out: &mut Vec<u8>,
    ) -> PyResult<()> {
        let facts = self.facts();
        let defaults = facts.counters.default_lines(py)?;
        let mut fields = Fields::new();
        if defaults.ready.is_none() {
            collect_fields(defaults.list(py), &mut fields)?;
        }
        let given = match headers {
            Headers::Given(headers) => Some(listed(headers)?),
            Headers::Json { .. } => None,
        };
        if self.protocol.get().logs_access() {
            let arguments = (self.scope(py)?, status);
            facts.leaves.log_access.call1(py, arguments)?;
        }
        if let Some(given) = &given {
            collect_fields(given, &mut fields)?;
        }
        let line = facts.leaves.status_lines.get(usize::from(status));
        let line = line.and_then(Option::as_deref);
        let line = line.ok_or_else(|| PyKeyError::new_err(status))?;
        let written = self.state.update(py, |state| {
            state.writer.start(status, line, out);
            if let Some(lines) = &defaults.ready {
                state.writer.raw_fields(lines, out);
            }
            for field in &fields {
                let (name, value) = (field.0.as_bytes(), field.1.as_bytes());
                let written = state.writer.field(name, value, out);
                written.map_err(|misuse| (misuse, &field.1))?;
            }
            if let Headers::Json { length } = headers {
                state.writer.length_field(length, out);
                state.writer.raw_fields(JSON_CONTENT_TYPE, out);
            }
            state.writer.end_head(out);
            Ok(())
        });
        match written {
            Err((Misuse::BadContentLength, value)) => {
                facts.leaves.check_length.call1(py, (value,))?;
                Err(misuse(Misuse::BadContentLength))
            }
            written => written.map_err(|(error, _)| misuse(error)),
        }
    }

    /// A status that an application gives.
    fn status_code(&self, status: &Bound<'_, PyAny>) -> PyResult<u16> {
        let code = status
            .cast::<PyInt>()
            .ok()
            .and_then(|code| code.extract().ok());
        match code {
            Some(code @ 100..=599) => Ok(code),
            _ => self.odd_status(status),
        }
    }

    /// As uvicorn, which looks it up in a dict after it has logged it.
    #[cold]
    fn odd_status(&self, status: &Bound<'_, PyAny>) -> PyResult<u16> {
        let py = status.py();
        let leaves = &self.facts().leaves;
        let known = leaves.status_code.call1(py, (status,));
        if known.is_err() && self.protocol.get().logs_access() {
            leaves.log_access.call1(py, (self.scope(py)?, status))?;
        }
        known?.extract(py)
    }

    /// Writes a piece of the body, after what is in `out` already.
    fn write_body(
        &self,
        py: Python<'_>,
        body: Piece<'_, '_>,
        more: bool,
        out: &mut Vec<u8>,
        delivery: Delivery,
    ) -> PyResult<()> {
        let data = body.data;
        let framed = self
            .state
            .update(py, |state| state.writer.body_framing(data.len(), more));
        let framing = match framed {
            Ok(framing) => framing,
            Err(error) => {
                self.link.write(py, out)?;
                return Err(misuse(error));
            }
        };
        out.extend_from_slice(framing.prefix.as_bytes());
        match body.object {
            Some(object) if framing.send && data.len() > WORTH_COPYING => {
                self.link.write(py, out)?;
                self.link.write_object(py, object.as_any())?;
                out.clear();
            }
            _ if framing.send => out.extend_from_slice(data),
            _ => {}
        }
        out.extend_from_slice(framing.suffix);
        if delivery == Delivery::InTurn && out.len() <= WORTH_COPYING && self.keeps_alive(py) {
            self.link.post(py, out)?;
        } else if more {
            Link::write_piece(&self.link, py, out)?;
        } else {
            self.link.write(py, out)?;
        }
        framing.outcome.map_err(misuse)?;
        if more { Ok(()) } else { self.finish(py) }
    }

    fn keeps_alive(&self, py: Python<'_>) -> bool {
        self.state.read(py, |state| state.writer.keep_alive())
    }

    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.watch.end(py)?;
        self.news.set(py)?;
        self.link.burst.end(py);
        if !self.keeps_alive(py) {
            self.link.close(py)?;
        }
        HttpProtocol::response_complete(self.protocol.bind(py), &self.link)
    }

    /// Answers in the place of an application that takes too long.
    pub fn answer_overdue(&self, py: Python<'_>, status: u16) -> PyResult<()> {
        if self.is_disconnected(py) || self.link.is_closing(py)? {
            return Ok(());
        }
        self.close_afterwards(py);
        if self.is_started(py) || self.protocol.get().is_write_paused(py) {
            return self.link.close(py);
        }
        self.begin_response(py)?;
        let headers = Headers::Json {
            length: OVERDUE.len() as u64,
        };
        let body = Piece {
            data: OVERDUE,
            object: None,
        };
        self.write_response(py, status, headers, body, Delivery::AtOnce)
    }
}

/// When a response is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    AtOnce,
    /// With others of this turn of the event loop: nothing of the application's runs after it.
    InTurn,
}

/// A piece of a response's body.
#[derive(Clone, Copy)]
struct Piece<'a, 'py> {
    data: &'a [u8],
    /// The object whose bytes these are.
    object: Option<&'a Bound<'py, PyBytes>>,
}

impl<'a, 'py> Piece<'a, 'py> {
    fn of(object: &'a Bound<'py, PyBytes>) -> Self {
        Self {
            data: object.as_bytes(),
            object: Some(object),
        }
    }
}

/// A response's own headers.
#[derive(Clone, Copy)]
enum Headers<'a, 'py> {
    Given(&'a Bound<'py, PyAny>),
    /// Those of a JSON text.
    Json {
        length: u64,
    },
}

const JSON_CONTENT_TYPE: &[u8] = b"content-type: application/json\r\n";

/// `list(headers)`, without a copy of what is one.
fn listed<'py>(headers: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if headers.is_exact_instance_of::<PyList>() {
        return Ok(headers.clone());
    }
    headers.py().get_type::<PyList>().call1((headers,))
}

/// A member of a message that may be missing.
fn optional<'py>(
    message: &Bound<'py, PyAny>,
    key: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Ok(message) = message.cast::<PyDict>() {
        return message.get_item(key);
    }
    message
        .call_method1(intern!(message.py(), "get"), (key,))
        .map(|found| (!found.is_none()).then_some(found))
}

fn misuse(error: Misuse) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
