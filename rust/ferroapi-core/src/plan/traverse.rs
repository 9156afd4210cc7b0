//! The Python objects a graph refers to, for the garbage collector.

use pyo3::{PyTraverseError, PyVisit};

use super::spec::{
    Alias, BodyParam, BodyStep, Check, Default, Graph, Injection, Param, ParamModel, Step,
};

type Visited = Result<(), PyTraverseError>;

impl Graph {
    /// Visits every object that the graph owns.
    pub fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        visit.call(&self.overrides)?;
        visit.call(&self.builder)?;
        self.steps.iter().try_for_each(|step| step.traverse(visit))
    }
}

impl Step {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        visit.call(&self.call)?;
        visit.call(&self.names)?;
        visit.call(&self.concurrency)?;
        self.params
            .iter()
            .try_for_each(|param| param.traverse(visit))?;
        for (injection, _) in &self.injections {
            if let Injection::SecurityScopes(scopes) = injection {
                visit.call(scopes)?;
            }
        }
        match &self.body {
            None => Ok(()),
            Some(BodyStep::Whole(param)) => param.traverse(visit),
            Some(BodyStep::Keys(params)) => {
                params.iter().try_for_each(|param| param.traverse(visit))
            }
            Some(BodyStep::Form { fields, .. }) => visit.call(fields),
        }
    }
}

impl Param {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        if let Some(model) = &self.model {
            model.traverse(visit)?;
        }
        traverse_aliases(&self.aliases, visit)?;
        self.check.traverse(visit)
    }
}

impl ParamModel {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        visit.call(&self.loc)?;
        self.fields.iter().try_for_each(|field| {
            visit.call(&field.name)?;
            field.keys.iter().try_for_each(|key| visit.call(key))?;
            traverse_aliases(&field.aliases, visit)
        })
    }
}

impl BodyParam {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        traverse_aliases(&self.aliases, visit)?;
        visit.call(&self.reader)?;
        self.check.traverse(visit)
    }
}

impl Check {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        visit.call(&self.field)?;
        visit.call(&self.validate)?;
        match &self.default {
            Default::Shared(value) => visit.call(value),
            Default::Required | Default::PerRequest => Ok(()),
        }
    }
}

fn traverse_aliases(aliases: &[Alias], visit: PyVisit<'_>) -> Visited {
    aliases.iter().try_for_each(|alias| visit.call(&alias.loc))
}
