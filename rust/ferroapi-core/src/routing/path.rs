//! The path that routes are matched against.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// `scope["path"]` without `root_path`, as Starlette's `get_route_path`.
pub fn route_path(path: &str, root_path: &str) -> String {
    if root_path.is_empty() {
        return path.to_owned();
    }
    match path.strip_prefix(root_path) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.to_owned(),
        _ => path.to_owned(),
    }
}

/// Whether the path can't be matched as text; no server makes such a one.
pub fn has_lone_surrogates(scope: &Bound<'_, PyDict>) -> PyResult<bool> {
    let path = scope.get_item(intern!(scope.py(), "path"))?;
    Ok(path.is_some_and(|path| {
        path.cast::<PyString>()
            .is_ok_and(|path| path.to_str().is_err())
    }))
}

/// A text of the scope. Lone surrogates, which no server makes, are replaced.
pub fn scope_text(
    scope: &Bound<'_, PyDict>,
    key: &Bound<'_, PyString>,
) -> PyResult<Option<String>> {
    match scope.get_item(key)? {
        Some(value) => Ok(Some(
            value.cast::<PyString>()?.to_string_lossy().into_owned(),
        )),
        None => Ok(None),
    }
}

/// `(path, root_path)` of a request.
pub fn paths(scope: &Bound<'_, PyDict>) -> PyResult<(String, String)> {
    let py = scope.py();
    let path = scope_text(scope, intern!(py, "path"))?
        .ok_or_else(|| pyo3::exceptions::PyKeyError::new_err("path"))?;
    Ok((
        path,
        scope_text(scope, intern!(py, "root_path"))?.unwrap_or_default(),
    ))
}

/// The path with its trailing slash added or removed, for `redirect_slashes`.
pub fn toggled_slash(path: &str, route_path: &str) -> String {
    if route_path.ends_with('/') {
        path.trim_end_matches('/').to_owned()
    } else {
        format!("{path}/")
    }
}
