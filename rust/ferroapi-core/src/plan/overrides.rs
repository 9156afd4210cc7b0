//! `dependency_overrides`: noticing that they are others than a graph was built with.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::spec::Graph;
use crate::request::RequestContext;

/// The graph with other overrides for whatever comes after step `done`, if they changed.
pub fn rebuilt(
    py: Python<'_>,
    cx: &RequestContext,
    graph: &Graph,
    done: usize,
    provider: Option<&Py<PyAny>>,
) -> PyResult<Option<Graph>> {
    let Some(provider) = provider else {
        return Ok(None);
    };
    let overrides = provider
        .bind(py)
        .getattr(intern!(py, "dependency_overrides"))?;
    let unchanged = match &graph.overrides {
        None => !overrides.is_truthy()?,
        // Another kind of mapping can't be compared cheaply; it counts as it was at the start.
        Some(seen) => {
            !overrides.is_instance_of::<PyDict>() || same_content(&overrides, seen.bind(py))?
        }
    };
    if unchanged {
        return Ok(None);
    }
    let described = cx
        .leaves
        .recompile_graph
        .call1(py, (&graph.builder, done, overrides))?;
    described.extract(py)
}

/// The same keys with the identical values.
pub fn same_content(overrides: &Bound<'_, PyAny>, seen: &Bound<'_, PyDict>) -> PyResult<bool> {
    let Ok(overrides) = overrides.cast::<PyDict>() else {
        return Ok(false);
    };
    if overrides.len() != seen.len() {
        return Ok(false);
    }
    for (key, value) in seen {
        if !overrides
            .get_item(key)?
            .is_some_and(|present| present.is(&value))
        {
            return Ok(false);
        }
    }
    Ok(true)
}
