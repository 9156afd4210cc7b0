//! Responses written without a `Response` object.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::attached::attached;
use crate::request::RequestContext;

/// A JSON response in parts; what `JSONResponse.__init__` would have made of them.
pub struct JsonResponse {
    pub status: u16,
    pub body: Py<PyBytes>,
    pub background: Option<Py<PyAny>>,
}

/// What goes into the two messages of a plain response.
pub struct ResponseParts {
    pub status: Py<PyAny>,
    pub headers: Py<PyList>,
    pub body: Py<PyAny>,
    pub background: Option<Py<PyAny>>,
}

impl JsonResponse {
    pub fn new(py: Python<'_>, status: u16, body: &[u8]) -> Self {
        Self {
            status,
            body: PyBytes::new(py, body).unbind(),
            background: None,
        }
    }

    /// Adds the head: length and type first, then the headers of the injected response.
    pub fn into_parts(
        self,
        py: Python<'_>,
        injected: Option<&Py<PyAny>>,
    ) -> PyResult<ResponseParts> {
        let bodiless = self.status < 200 || matches!(self.status, 204 | 205 | 304);
        let content_type = shared::json_content_type(py)?;
        let headers = if self.status < 200 || matches!(self.status, 204 | 304) {
            PyList::new(py, [content_type])?
        } else {
            let length = shared::content_length(py, self.body.as_bytes(py).len())?;
            PyList::new(py, [length.bind(py), content_type])?
        };
        if let Some(injected) = injected {
            let raw = injected.bind(py).getattr(intern!(py, "raw_headers"))?;
            for header in raw.try_iter()? {
                headers.append(header?)?;
            }
        }
        let body = if bodiless {
            PyBytes::new(py, b"").unbind()
        } else {
            self.body
        };
        Ok(ResponseParts {
            status: self.status.into_pyobject(py)?.into_any().unbind(),
            headers: headers.unbind(),
            body: body.into_any(),
            background: self.background,
        })
    }
}

static START: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
static BODY: PyOnceLock<Py<PyDict>> = PyOnceLock::new();

/// A copy of a message whose values are still to be set: cheaper than a dict that grows.
fn message<'py, const N: usize>(
    py: Python<'py>,
    template: &PyOnceLock<Py<PyDict>>,
    kind: &str,
    keys: [&str; N],
) -> PyResult<Bound<'py, PyDict>> {
    let template = template.get_or_try_init(py, || {
        let message = PyDict::new(py);
        message.set_item(intern!(py, "type"), PyString::intern(py, kind))?;
        for key in keys {
            message.set_item(PyString::intern(py, key), py.None())?;
        }
        Ok::<_, PyErr>(message.unbind())
    })?;
    template.bind(py).copy()
}

/// Sends head and body, then runs the background task.
pub async fn send_messages(cx: &mut RequestContext, mut parts: ResponseParts) -> PyResult<()> {
    let send = attached(|py| cx.filtered(py, &mut parts))?;
    let start = attached(|py| {
        let message = message(py, &START, "http.response.start", ["status", "headers"])?;
        message.set_item(intern!(py, "status"), parts.status)?;
        message.set_item(intern!(py, "headers"), parts.headers)?;
        send.call1(py, (message,))
    })?;
    cx.await_(start).await?;
    let body = attached(|py| {
        let message = message(py, &BODY, "http.response.body", ["body"])?;
        message.set_item(intern!(py, "body"), parts.body)?;
        send.call1(py, (message,))
    })?;
    cx.await_(body).await?;
    if let Some(background) = parts.background {
        let task = attached(|py| background.call0(py))?;
        cx.await_(task).await?;
    }
    Ok(())
}

mod shared {
    //! Headers that many responses have in common.

    use super::{Bound, Py, PyBytes, PyResult, PyTuple, Python};
    use crate::cell::AttachedCell;
    use pyo3::sync::PyOnceLock;

    static JSON_CONTENT_TYPE: PyOnceLock<Py<PyTuple>> = PyOnceLock::new();

    /// Bodies shorter than this share the header that says their length.
    const SHORT: usize = 512;
    static CONTENT_LENGTHS: [AttachedCell<Option<Py<PyTuple>>>; SHORT] =
        [const { AttachedCell::new(None) }; SHORT];

    pub fn content_length(py: Python<'_>, length: usize) -> PyResult<Py<PyTuple>> {
        let Some(place) = CONTENT_LENGTHS.get(length) else {
            return made_content_length(py, length);
        };
        if let Some(known) = place.read(py, |known| known.as_ref().map(|known| known.clone_ref(py)))
        {
            return Ok(known);
        }
        let header = made_content_length(py, length)?;
        drop(place.replace(py, Some(header.clone_ref(py))));
        Ok(header)
    }

    fn made_content_length(py: Python<'_>, length: usize) -> PyResult<Py<PyTuple>> {
        let mut text = itoa::Buffer::new();
        pair(py, b"content-length", text.format(length).as_bytes())
    }

    pub fn json_content_type(py: Python<'_>) -> PyResult<&Bound<'_, PyTuple>> {
        let made = || pair(py, b"content-type", b"application/json");
        Ok(JSON_CONTENT_TYPE.get_or_try_init(py, made)?.bind(py))
    }

    fn pair(py: Python<'_>, name: &[u8], value: &[u8]) -> PyResult<Py<PyTuple>> {
        let pair = [PyBytes::new(py, name), PyBytes::new(py, value)];
        PyTuple::new(py, pair).map(Bound::unbind)
    }
}
