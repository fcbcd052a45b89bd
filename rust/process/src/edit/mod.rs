//! Edits of encoded telemetry: a program of steps, each about the messages of one level.
//!
//! A message is walked once, whatever is done with it. What no step changes is copied in runs, a segment in which
//! nothing changed is shared.

mod action;
mod convert;
mod field;
mod pass;
mod program;
mod walk;

use otelier_wire::{Batch, Signal};

use crate::condition::{Errors, Failure, signal_named};
use pass::Pass;
use program::Program;

/// A compiled program.
pub struct Edit {
    signal: Signal,
    steps: usize,
    passes: Vec<Pass>,
}

/// The edited batch, and for each step of the program how often and why it failed.
#[derive(Debug)]
pub struct Edited {
    pub batch: Batch,
    pub errors: Vec<Errors>,
}

impl Edit {
    /// Of a program in JSON. The error says what is wrong with it.
    pub fn new(program: &[u8]) -> Result<Edit, String> {
        let program: Program = serde_json::from_slice(program).map_err(|error| error.to_string())?;
        let signal = signal_named(&program.signal)?;
        Ok(Edit { signal, steps: program.steps.len(), passes: pass::passes(signal, &program.steps)? })
    }

    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// The batch must be of the same signal.
    pub fn apply(&self, batch: &Batch) -> Result<Edited, Failure> {
        let mut edited = Edited { batch: batch.clone(), errors: vec![Errors::default(); self.steps] };
        for pass in &self.passes {
            edited.batch = walk::apply(pass, &edited.batch, &mut edited.errors)?;
        }
        Ok(edited)
    }
}
