//! What a chunk holds of a trace.

use super::chunk::Chunk;
use crate::assemble::Assembly;
use crate::error::ReadError;
use crate::filter::value::Fixed;
use crate::newest::TraceId;
use crate::summary::{Fact, Parent};

impl Chunk {
    /// Adds the trace's spans; those that are in already count once.
    pub fn spans(&self, trace_id: &TraceId, assembly: &mut Assembly) -> Result<(), ReadError> {
        for row in self.rows_of(trace_id) {
            let row = *row as usize;
            let Some(span) = self.item(row)? else { continue };
            let (shape, fixed) = (self.shape(row), Fixed::read(&span));
            let span_id = fixed.span_id.try_into().unwrap_or_default();
            if assembly.is_new(*trace_id, span_id, fixed.start_ns, fixed.kind) {
                let place = assembly.place(&shape.resource, &shape.scope);
                assembly.add(place, &span);
            }
        }
        Ok(())
    }

    /// Adds the trace's log records. Records may repeat: all of them count.
    pub fn logs(&self, trace_id: &TraceId, assembly: &mut Assembly) -> Result<(), ReadError> {
        for row in self.rows_of(trace_id) {
            let row = *row as usize;
            let Some(record) = self.item(row)? else { continue };
            let shape = self.shape(row);
            let place = assembly.place(&shape.resource, &shape.scope);
            assembly.add(place, &record);
        }
        Ok(())
    }

    /// Adds what a summary needs of the trace's spans.
    pub fn facts(&self, trace_id: &TraceId, facts: &mut Vec<Fact>) -> Result<(), ReadError> {
        for row in self.rows_of(trace_id) {
            let row = *row as usize;
            let Some(span) = self.item(row)? else { continue };
            let (shape, fixed) = (self.shape(row), Fixed::read(&span));
            facts.push(Fact {
                span_id: fixed.span_id.try_into().ok(),
                kind: fixed.kind,
                parent: match fixed.parent() {
                    Some(id) => Parent::Named(id.try_into().unwrap_or_default()),
                    None => Parent::None,
                },
                start_ns: fixed.start_ns,
                end_ns: fixed.end_ns,
                error: fixed.status_code == ERROR,
                service: shape.service.clone(),
                name: Some(shape.name.clone()),
            });
        }
        Ok(())
    }
}

/// STATUS_CODE_ERROR.
const ERROR: i32 = 2;
