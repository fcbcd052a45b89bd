//! Conditions on encoded telemetry: a program answers one byte per item.

mod call;
mod expression;
mod form;
pub mod text;
mod value;

use otelier_wire::protobuf::{Field, Value as Wire, fields};
use otelier_wire::{Batch, Signal};
use serde::Deserialize;

pub use expression::{Compiler, Expression, deepest, levels};
pub use form::Form;
pub use value::{Fault, Value};

use crate::level::Level;
use crate::scene::{Needs, Scene};

/// What can't be evaluated: stop at once, or take it as not so, count it and go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    Raise,
    Ignore,
}

/// A condition as Python writes it: true where one of `any` is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Program {
    signal: String,
    any: Vec<Form>,
    on_error: OnError,
}

/// A compiled condition.
pub struct Condition {
    signal: Signal,
    any: Vec<Expression>,
    on_error: OnError,
    needs: Needs,
}

/// One byte per item, and what went wrong with each of the conditions.
#[derive(Debug)]
pub struct Mask {
    pub bytes: Vec<u8>,
    pub errors: Vec<Errors>,
}

/// How often one condition or step failed, and why the first time.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    pub count: u64,
    pub first: String,
}

impl Errors {
    pub fn note(&mut self, fault: Fault) {
        if self.count == 0 {
            self.first = fault.into_owned();
        }
        self.count += 1;
    }
}

/// A condition or step failed that must not: its place in the program, and why.
#[derive(Debug)]
pub struct Failure {
    pub place: usize,
    pub fault: Fault,
}

pub fn signal_named(name: &str) -> Result<Signal, String> {
    Signal::from_name(name).ok_or_else(|| format!("signal must be traces, metrics or logs, not {name:?}"))
}

impl Condition {
    /// Of a program in JSON. The error says what is wrong with it.
    pub fn new(program: &[u8]) -> Result<Condition, String> {
        let program: Program = serde_json::from_slice(program).map_err(|error| error.to_string())?;
        let signal = signal_named(&program.signal)?;
        if program.any.iter().any(|form| deepest(form) == Some(Level::Event)) {
            return Err("a condition about items can't look at one of their events".into());
        }
        let mut compiler = Compiler::new(signal);
        let conditions = program.any.iter().map(|form| compiler.condition(Level::Item, form));
        let any = conditions.collect::<Result<_, _>>()?;
        Ok(Condition { signal, any, on_error: program.on_error, needs: compiler.needs })
    }

    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Whether it is true, for each item of the batch, which must be of the same signal.
    pub fn mask(&self, batch: &Batch) -> Result<Mask, Failure> {
        let errors = vec![Errors::default(); self.any.len()];
        let mask = Mask { bytes: Vec::with_capacity(batch.items()), errors };
        let mut scene = Scene::new(self.signal, &self.needs);
        let mut walk = Walk { condition: self, mask };
        for segment in batch.segments() {
            scene.source = segment.bytes();
            for resource in children(segment.bytes(), 1) {
                walk.resource(&mut scene, resource)?;
            }
        }
        Ok(walk.mask)
    }
}

struct Walk<'p> {
    condition: &'p Condition,
    mask: Mask,
}

impl Walk<'_> {
    fn resource(&mut self, scene: &mut Scene, content: &[u8]) -> Result<(), Failure> {
        scene.enter_header(Level::Resource, content);
        children(content, 2).try_for_each(|scope| self.scope(scene, scope))
    }

    fn scope(&mut self, scene: &mut Scene, content: &[u8]) -> Result<(), Failure> {
        scene.enter_header(Level::Scope, content);
        scene.next_scope();
        for child in children(content, 2) {
            match self.condition.signal {
                Signal::Metrics => self.metric(scene, child)?,
                Signal::Traces | Signal::Logs => self.item(scene, child, 0)?,
            }
        }
        Ok(())
    }

    fn metric(&mut self, scene: &mut Scene, content: &[u8]) -> Result<(), Failure> {
        if scene.needs.reads[Level::Metric as usize] {
            scene.enter(Level::Metric, content, 0, false);
        }
        for Field { number, value, .. } in fields(content) {
            if let (5 | 7 | 9 | 10 | 11, Wire::Len(data)) = (number, value) {
                children(data, 1).try_for_each(|point| self.item(scene, point, number))?;
            }
        }
        Ok(())
    }

    #[inline]
    fn item(&mut self, scene: &mut Scene, content: &[u8], data: u32) -> Result<(), Failure> {
        if scene.needs.reads[Level::Item as usize] {
            scene.enter(Level::Item, content, data, false);
        }
        let mut holds = false;
        for (place, condition) in self.condition.any.iter().enumerate() {
            match condition.holds(scene) {
                Ok(true) => {
                    holds = true;
                    break;
                }
                Ok(false) => {}
                Err(fault) if self.condition.on_error == OnError::Raise => return Err(Failure { place, fault }),
                Err(fault) => self.mask.errors[place].note(fault),
            }
        }
        self.mask.bytes.push(u8::from(holds));
        Ok(())
    }
}

fn children(content: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    fields(content).filter_map(move |field| match field.value {
        Wire::Len(child) if field.number == number => Some(child),
        _ => None,
    })
}
