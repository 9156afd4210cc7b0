//! The Python objects a graph refers to, for the garbage collector.

use pyo3::PyVisit;

use super::spec::{
    Alias, BodyParam, BodyStep, Check, Default, Graph, Injection, ModelParam, Param, ParamModel,
    Step,
};
use crate::traverse::{Traverse, Visited, traverse};

traverse!(Graph { steps, overrides, builder } but { slots, cache_cells });
traverse!(Step {
    call, names, params, body, injections, concurrency
} but {
    kind, first_slot, parent, target, cache_cell, use_cache, function_scope
});
traverse!(Param {
    aliases, model, check
} but {
    source, slot, many, empty_is_missing, plain, asked
});
traverse!(ParamModel { fields, loc } but { nullable, extra_counts, renames });
traverse!(ModelParam {
    name, aliases, keys
} but {
    spellings, many, empty_is_missing
});
traverse!(BodyParam { aliases, check, reader } but { slot });
traverse!(Check { field, validate, default } but { validate_default });
traverse!(Alias { loc } but { name, key, lower, header });

impl Traverse for Default {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match self {
            Self::Shared(value) => value.traverse(visit),
            Self::Required | Self::PerRequest => Ok(()),
        }
    }
}

impl Traverse for BodyStep {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match self {
            Self::Whole(param) => param.traverse(visit),
            Self::Keys(params) => params.traverse(visit),
            Self::Form {
                fields,
                embed: _,
                slots: _,
            } => fields.traverse(visit),
        }
    }
}

impl Traverse for (Injection, usize) {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match &self.0 {
            Injection::SecurityScopes(scopes) => scopes.traverse(visit),
            Injection::Request | Injection::Response | Injection::BackgroundTasks => Ok(()),
        }
    }
}
