//! The trace buffer: spans by trace until somebody decides about the whole trace.
//!
//! Spans stay where they came, in their segments ([`held`]); a trace is one row of features, a list of the places of
//! its spans, and one bit for each thing that a policy looks for ([`matcher`]). Who decides gets rows as columns
//! ([`columns`]), and answers with one fate per row; what is kept is copied out ([`emit`]). Time is the caller's, in
//! microseconds that never go back.

mod arrival;
mod buffer;
mod columns;
mod decided;
mod emit;
mod held;
mod matcher;
mod rows;
mod spill;
mod take;
mod trace_state;

pub use arrival::{Arrival, NONE, Scanner, TraceId};
pub use buffer::{Added, Options, Stats, TraceBuffer};
pub use columns::Columns;
pub use decided::{DROPPED, Decision, NOT_SAMPLED, SAMPLED};
pub use held::Full;
pub use matcher::{Matchers, Wanted};
pub use spill::Spill;
pub use take::{Taken, WAIT_ON};
