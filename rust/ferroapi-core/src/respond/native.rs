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
    pub body: Vec<u8>,
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
    pub fn new(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            body,
            background: None,
        }
    }

    /// Adds the head: length and type first, then the headers of the injected response.
    pub fn into_parts(
        self,
        py: Python<'_>,
        injected: Option<&Py<PyAny>>,
    ) -> PyResult<ResponseParts> {
        let headers = PyList::empty(py);
        let bodiless = self.status < 200 || matches!(self.status, 204 | 205 | 304);
        if !(self.status < 200 || matches!(self.status, 204 | 304)) {
            let mut length = itoa::Buffer::new();
            let length = length.format(self.body.len()).as_bytes();
            headers.append((intern_bytes::content_length(py), PyBytes::new(py, length)))?;
        }
        headers.append(intern_bytes::json_content_type(py)?)?;
        if let Some(injected) = injected {
            let raw = injected.bind(py).getattr(intern!(py, "raw_headers"))?;
            for header in raw.try_iter()? {
                headers.append(header?)?;
            }
        }
        let body = if bodiless { &[] } else { self.body.as_slice() };
        Ok(ResponseParts {
            status: self.status.into_pyobject(py)?.into_any().unbind(),
            headers: headers.unbind(),
            body: PyBytes::new(py, body).into_any().unbind(),
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

mod intern_bytes {
    //! Byte strings that every response shares.

    use super::{Bound, Py, PyBytes, PyResult, PyTuple, Python};
    use pyo3::sync::PyOnceLock;

    static CONTENT_LENGTH: PyOnceLock<Py<PyBytes>> = PyOnceLock::new();
    static JSON_CONTENT_TYPE: PyOnceLock<Py<PyTuple>> = PyOnceLock::new();

    pub fn content_length(py: Python<'_>) -> &Bound<'_, PyBytes> {
        CONTENT_LENGTH
            .get_or_init(py, || PyBytes::new(py, b"content-length").unbind())
            .bind(py)
    }

    pub fn json_content_type(py: Python<'_>) -> PyResult<&Bound<'_, PyTuple>> {
        let pair = JSON_CONTENT_TYPE.get_or_try_init(py, || {
            let pair = [
                PyBytes::new(py, b"content-type"),
                PyBytes::new(py, b"application/json"),
            ];
            PyTuple::new(py, pair).map(Bound::unbind)
        })?;
        Ok(pair.bind(py))
    }
}
