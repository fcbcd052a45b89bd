//! Steps that one walk over a batch can do, as if each were done for the whole batch before the next.
//!
//! A walk comes to outer messages before inner ones. So a step about an outer message may only join a walk whose steps
//! about inner ones don't look at it: they would see what it did too early.

use otelier_wire::Signal;

use super::action::{self, Action};
use super::program::StepForm;
use crate::condition::{Compiler, Expression, OnError, levels};
use crate::level::{LEVELS, Level};
use crate::scene::Needs;

pub struct Step {
    /// Its place in the program.
    pub number: usize,
    pub when: Option<Expression>,
    /// Steps behind this one that are passed over where it is not true.
    pub guards: usize,
    pub on_error: OnError,
    pub actions: Vec<Action>,
}

pub struct Pass {
    pub needs: Needs,
    pub steps: [Vec<Step>; LEVELS],
    /// The deepest level that has steps.
    pub deepest: Level,
}

pub fn passes(signal: Signal, forms: &[StepForm]) -> Result<Vec<Pass>, String> {
    let mut passes = Vec::new();
    let mut open: Vec<(usize, &StepForm)> = Vec::new();
    for (number, form) in forms.iter().enumerate() {
        if open.iter().any(|(_, before)| before.level > form.level && reads(before).contains(&form.level)) {
            passes.push(pass(signal, &open)?);
            open.clear();
        }
        open.push((number, form));
    }
    if !open.is_empty() {
        passes.push(pass(signal, &open)?);
    }
    Ok(passes)
}

fn reads(form: &StepForm) -> Vec<Level> {
    let mut found = Vec::new();
    form.when.iter().for_each(|when| levels(when, &mut found));
    form.actions.iter().for_each(|action| action::reads(action, &mut found));
    found
}

fn pass(signal: Signal, forms: &[(usize, &StepForm)]) -> Result<Pass, String> {
    let mut compiler = Compiler::new(signal);
    let mut steps: [Vec<Step>; LEVELS] = Default::default();
    for (number, form) in forms {
        let level = form.level;
        let step = step(&mut compiler, *number, form).map_err(|why| format!("step {number}: {why}"))?;
        steps[level as usize].push(step);
    }
    let deepest = forms.iter().map(|(_, form)| form.level).max().unwrap_or(Level::Resource);
    Ok(Pass { needs: compiler.needs, steps, deepest })
}

fn step(compiler: &mut Compiler, number: usize, form: &StepForm) -> Result<Step, String> {
    compiler.level(form.level)?;
    if reads(form).iter().any(|level| *level > form.level) {
        return Err("a step can't look at messages inside of its own".into());
    }
    let when = match &form.when {
        Some(when) => Some(compiler.condition(form.level, when)?),
        None => None,
    };
    let actions = form.actions.iter().map(|action| Action::new(compiler, form.level, action));
    Ok(Step { number, when, guards: form.guards, on_error: form.on_error, actions: actions.collect::<Result<_, _>>()? })
}
