//! `GZipMiddleware` for responses that are sent in one piece. Streams go through its own responder.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use super::filter::{Filter, Filtered};
use super::{Passage, head};
use crate::leaves::Leaves;
use crate::respond::ResponseParts;
use crate::scope::Scope;
use crate::shared::Owned;
use crate::traverse::traverse;

/// What is compressed, and how.
pub struct GZip {
    /// The `GZipMiddleware`.
    layer: Py<PyAny>,
    minimum_size: i64,
    compresslevel: Py<PyAny>,
    /// Bodies from this size on are compressed in a thread.
    thread_minimum_size: i64,
    exclude_content_types: Vec<String>,
    names: Names,
}

traverse!(GZip {
    layer, compresslevel
} but {
    minimum_size, thread_minimum_size, exclude_content_types, names
});

struct Names {
    vary: Py<PyBytes>,
    encoding: Py<PyBytes>,
    length: Py<PyBytes>,
}

impl GZip {
    /// Reads the settings of a `GZipMiddleware`.
    pub fn read(layer: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = layer.py();
        let name = |text: &[u8]| PyBytes::new(py, text).unbind();
        Ok(Self {
            layer: layer.clone().unbind(),
            minimum_size: layer.getattr(intern!(py, "minimum_size"))?.extract()?,
            compresslevel: layer.getattr(intern!(py, "compresslevel"))?.unbind(),
            thread_minimum_size: layer
                .getattr(intern!(py, "thread_minimum_size"))?
                .extract()?,
            exclude_content_types: layer
                .getattr(intern!(py, "exclude_content_types"))?
                .extract()?,
            names: Names {
                vary: name(b"vary"),
                encoding: name(b"content-encoding"),
                length: name(b"content-length"),
            },
        })
    }

    /// Notes whether the client takes gzip.
    pub fn enter(gzip: &Owned<Self>, py: Python<'_>, scope: &Scope) -> PyResult<Passage> {
        let Some(headers) = scope.headers(py)? else {
            return Ok(Passage::Python);
        };
        let mut accepted = None;
        headers.each(|name, value| {
            if name == b"accept-encoding" {
                accepted = Some(value.windows(4).any(|part| part == b"gzip"));
            }
            accepted.is_none()
        });
        Ok(Passage::Through(Some(Filter::GZip {
            gzip: gzip.share(),
            accepted: accepted.unwrap_or(false),
        })))
    }

    /// The `send` of a responder of the middleware's, in front of `next`.
    pub fn responder(
        &self,
        py: Python<'_>,
        leaves: &Leaves,
        accepted: bool,
        next: Py<PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let arguments = (&self.layer, accepted, next);
        leaves.gzip_responder.call1(py, arguments)
    }

    /// Compresses a whole response, or says why not in its head.
    pub fn apply(
        &self,
        leaves: &Leaves,
        accepted: bool,
        parts: &mut ResponseParts,
        py: Python<'_>,
    ) -> PyResult<Filtered> {
        let Ok(body) = parts.body.bind(py).cast_exact::<PyBytes>() else {
            return Ok(Filtered::NotHere);
        };
        let headers = parts.headers.bind(py);
        let partial = parts.status.bind(py).eq(206)?;
        match self.is_left_alone(headers)? {
            None => return Ok(Filtered::NotHere),
            Some(alone) if alone || partial => return Ok(Filtered::Done),
            Some(_) => {}
        }
        let size = i64::try_from(body.as_bytes().len()).unwrap_or(i64::MAX);
        if size < self.minimum_size {
            return Ok(Filtered::Done);
        }
        if !accepted {
            head::add(headers, self.names.vary.bind(py), b"Accept-Encoding")?;
            return Ok(Filtered::Done);
        }
        if size >= self.thread_minimum_size {
            return Ok(Filtered::NotHere);
        }
        let compressed = leaves.gzip_body.call1(py, (body, &self.compresslevel))?;
        self.replace_body(headers, compressed.bind(py).cast()?, body)?;
        parts.body = compressed;
        Ok(Filtered::Done)
    }

    fn replace_body(
        &self,
        headers: &Bound<'_, PyList>,
        compressed: &Bound<'_, PyBytes>,
        body: &Bound<'_, PyBytes>,
    ) -> PyResult<()> {
        let py = headers.py();
        head::add(headers, self.names.vary.bind(py), b"Accept-Encoding")?;
        if compressed.as_bytes() == body.as_bytes() {
            return Ok(());
        }
        head::set(headers, self.names.encoding.bind(py), b"gzip")?;
        let mut length = itoa::Buffer::new();
        let length = length.format(compressed.as_bytes().len());
        head::set(headers, self.names.length.bind(py), length.as_bytes())
    }

    /// Whether the head excludes the response; none for a content type that is not ASCII.
    fn is_left_alone(&self, headers: &Bound<'_, PyList>) -> PyResult<Option<bool>> {
        if !head::values(headers, b"content-encoding")?.is_empty() {
            return Ok(Some(true));
        }
        let values = head::values(headers, b"content-type")?;
        let value = values.first().map_or(&b""[..], |value| value.as_bytes());
        let Some(value) = str::from_utf8(value).ok().filter(|value| value.is_ascii()) else {
            return Ok(None);
        };
        Ok(Some(self.excludes(&media_type(value))))
    }

    fn excludes(&self, media_type: &str) -> bool {
        let (kind, _) = media_type.split_once('/').unwrap_or((media_type, ""));
        self.exclude_content_types.iter().any(|excluded| {
            excluded == media_type
                || excluded.strip_suffix("/*") == Some(kind)
                || (excluded == "application/grpc" && media_type.starts_with("application/grpc+"))
        })
    }
}

/// A content type without its parameters.
fn media_type(value: &str) -> String {
    let (media_type, _) = value.split_once(';').unwrap_or((value, ""));
    // What `str.strip` takes for white space in ASCII.
    let blank = |letter: char| matches!(letter, '\t'..='\r' | '\x1c'..='\x20');
    media_type.trim_matches(blank).to_ascii_lowercase()
}
