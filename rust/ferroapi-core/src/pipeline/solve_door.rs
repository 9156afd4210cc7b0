//! `solve_dependencies`: the narrower door into the same steps, for whoever has a request object.

use pyo3::PyVisit;
use pyo3::prelude::*;

use super::handler::context_of_given;
use crate::attached::attached;
use crate::coroutine::Coroutine;
use crate::package::Package;
use crate::plan::{Body, Graph, OverridesProvider, solve};
use crate::traverse::{Traverse, Visited, traverse};

/// A dependency graph that `solve_dependencies` can run on its own.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct SolvePlan {
    package: &'static Package,
    graph: Graph,
    overrides_provider: Option<OverridesProvider>,
}

traverse!(SolvePlan {
    graph,
    overrides_provider
} but {
    package
});

#[pymethods]
impl SolvePlan {
    #[new]
    fn new(
        package: &'static Package,
        graph: Graph,
        overrides_provider: Option<Bound<'_, PyAny>>,
    ) -> Self {
        Self {
            package,
            graph,
            overrides_provider: overrides_provider.map(OverridesProvider::new),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}

/// Run the steps of `plan` for `request`; gives `(values, errors, background, response, cache)`.
///
/// In `cache`, given and returned, a result stands in a tuple of its own, and `None` where there is none.
#[pyfunction]
#[pyo3(signature = (plan, request, body, is_form, background, response, cache))]
pub fn solve_dependencies(
    plan: Py<SolvePlan>,
    request: Py<PyAny>,
    body: Py<PyAny>,
    is_form: bool,
    background: Option<Py<PyAny>>,
    response: Py<PyAny>,
    cache: Vec<Option<(Py<PyAny>,)>>,
) -> Coroutine {
    Coroutine::new(|channel| async move {
        let package = plan.get().package;
        let mut cx = attached(|py| context_of_given(py, package, channel, request.bind(py)))?;
        cx.background = background;
        cx.response = Some(response);
        let body = attached(|py| {
            if body.is(&cx.leaves.undefined) {
                Body::Undefined
            } else if is_form {
                Body::Form(body.clone_ref(py))
            } else {
                Body::Content(body.clone_ref(py))
            }
        });
        let plan = plan.get();
        let provider = plan.overrides_provider.as_ref();
        let known = cache.into_iter().map(|cell| Some(cell?.0)).collect();
        let solution = solve(&plan.graph, &mut cx, &body, Some(known), provider).await?;
        attached(|py| {
            let step = plan.graph.steps.last();
            let values = step.map(|step| solution.values(py, step)).transpose()?;
            let cache = solution.cache.into_iter();
            let cache: Vec<_> = cache.map(|cell| Some((cell?,))).collect();
            let result = (values, solution.errors, cx.background, cx.response, cache);
            Ok(result.into_pyobject(py)?.into_any().unbind())
        })
    })
}
