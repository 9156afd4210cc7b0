//! `uvicorn.server.ServerState`, as far as every response needs it: the count of requests, and the headers of the
//! server's own.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use ferroapi_http::http1::ResponseWriter;

use super::fields::{Fields, collect_fields};
use crate::cell::AttachedCell;
use crate::shared::Shared;
use crate::stamp::Stamped;
use crate::traverse::traverse;

pub struct Counters {
    state: Py<PyAny>,
    attributes: Stamped,
    /// As they were when `attributes` was last settled.
    seen: AttachedCell<Option<Seen>>,
}

struct Seen {
    total_requests: u64,
    lines: Shared<DefaultLines>,
}

/// The server's own response headers.
pub struct DefaultLines {
    list: Py<PyList>,
    /// None where a line takes part in the framing of a response, or is refused.
    pub ready: Option<Vec<u8>>,
}

traverse!(Counters { state, attributes } but { seen });

impl DefaultLines {
    pub fn list<'py>(&self, py: Python<'py>) -> &Bound<'py, PyList> {
        self.list.bind(py)
    }
}

impl Counters {
    /// `attributes` are those of `state`.
    pub fn new(state: &Bound<'_, PyAny>, attributes: &Bound<'_, PyDict>) -> Self {
        Self {
            state: state.clone().unbind(),
            attributes: Stamped::new(attributes),
            seen: AttachedCell::new(None),
        }
    }

    /// `default_headers`, ready for the wire; uvicorn puts a new list there every second.
    pub fn default_lines(&self, py: Python<'_>) -> PyResult<Shared<DefaultLines>> {
        let known = self.seen.read(py, |seen| {
            let seen = seen.as_ref();
            seen.map(|seen| Shared::clone(&seen.lines))
        });
        if self.attributes.is_unchanged(py)
            && let Some(known) = known
        {
            return Ok(known);
        }
        self.attributes.settle(py);
        let name = intern!(py, "default_headers");
        let list = self.attribute(name)?.cast_into::<PyList>()?;
        let lines = match known {
            Some(known) if known.list.is(&list) => known,
            _ => Shared::new(DefaultLines {
                ready: ready_lines(&list)?,
                list: list.unbind(),
            }),
        };
        let total = self.attribute(intern!(py, "total_requests"))?;
        let seen = total.extract().ok().map(|total_requests| Seen {
            total_requests,
            lines: Shared::clone(&lines),
        });
        drop(self.seen.replace(py, seen));
        Ok(lines)
    }

    /// Adds one to `total_requests`.
    pub fn count_request(&self, py: Python<'_>) -> PyResult<()> {
        let name = intern!(py, "total_requests");
        let attributes = self.attributes.dict(py);
        let unchanged = self.attributes.is_unchanged(py);
        let counted = self.seen.update(py, |seen| {
            let seen = seen.as_mut().filter(|_| unchanged)?;
            seen.total_requests += 1;
            Some(seen.total_requests)
        });
        let Some(total) = counted else {
            return attributes.set_item(name, self.attribute(name)?.add(1)?);
        };
        attributes.set_item(name, total)?;
        // Nothing else was written meanwhile.
        self.attributes.settle(py);
        Ok(())
    }

    /// An attribute of the state.
    fn attribute<'py>(&self, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        let py = name.py();
        match self.attributes.dict(py).get_item(name)? {
            Some(value) => Ok(value),
            None => self.state.bind(py).getattr(name),
        }
    }
}

/// The lines in front of every response's own; none if one of them has a meaning for the framing.
fn ready_lines(list: &Bound<'_, PyList>) -> PyResult<Option<Vec<u8>>> {
    let mut lines = Vec::new();
    let mut writer = ResponseWriter::new(false, true);
    let mut fields = Fields::new();
    collect_fields(list, &mut fields)?;
    for (name, value) in fields {
        let framing = [&b"content-length"[..], b"transfer-encoding", b"connection"];
        if framing
            .iter()
            .any(|known| name.as_bytes().eq_ignore_ascii_case(known))
        {
            return Ok(None);
        }
        if writer
            .field(name.as_bytes(), value.as_bytes(), &mut lines)
            .is_err()
        {
            return Ok(None);
        }
    }
    Ok(Some(lines))
}
