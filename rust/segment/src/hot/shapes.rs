//! The shapes of a chunk by the texts that they share, and what is known of their rows.

use std::sync::Arc;

use hashbrown::HashMap;

use super::chunk::Chunk;
use crate::filter::value::Value;
use crate::filter::{Field, Intrinsic, Test};
use crate::reader::{Judge, Range};

/// Texts are in memory once: equal ones have one address.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    /// Each once, in no order.
    pub services: Vec<Arc<[u8]>>,
    names: Vec<Arc<[u8]>>,
    /// By shape the places of its service and its name.
    service_of: Vec<u32>,
    name_of: Vec<u32>,
    /// By shape the shortest and the longest of its rows.
    durations: Vec<(i64, i64)>,
}

impl Shapes {
    pub fn of(chunk: &Chunk) -> Shapes {
        let mut shapes = Shapes::default();
        shapes.service_of = numbered(chunk.shapes.iter().map(|shape| &shape.service), &mut shapes.services);
        shapes.name_of = numbered(chunk.shapes.iter().map(|shape| &shape.name), &mut shapes.names);
        shapes.durations = vec![(i64::MAX, i64::MIN); chunk.shapes.len()];
        for (shape, duration) in chunk.shape_of.iter().zip(&chunk.durations) {
            let (shortest, longest) = &mut shapes.durations[*shape as usize];
            (*shortest, *longest) = ((*shortest).min(*duration), (*longest).max(*duration));
        }
        shapes
    }

    /// The shapes of a service.
    pub fn of_service(&self, service: &[u8]) -> impl Iterator<Item = usize> {
        let place = self.services.iter().position(|known| **known == *service);
        let shapes = self.service_of.iter().enumerate();
        shapes.filter(move |(_, of)| place == Some(**of as usize)).map(|(shape, _)| shape)
    }

    /// By shape whether a row of it can have such a duration.
    pub fn of_duration(&self, test: &Test) -> Vec<bool> {
        match Range::of(test, Judge::Int) {
            Some(range) => self.durations.iter().map(|bounds| range.of_bounds(*bounds).0).collect(),
            None => vec![true; self.durations.len()],
        }
    }

    /// What each shape of the chunk alone says: true is final, false only where the items are not asked.
    pub fn verdicts(&self, chunk: &Chunk, test: &Test) -> Vec<bool> {
        let of_header = |shape: usize| {
            let shape = &chunk.shapes[shape];
            test.holds_for_resource(&shape.resource) || test.holds_for_scope(&shape.scope)
        };
        match &test.field {
            Field::Intrinsic(Intrinsic::Name) => {
                let holds: Vec<bool> = self.names.iter().map(|name| test.holds_for_text(name)).collect();
                self.name_of.iter().map(|name| holds[*name as usize]).collect()
            }
            Field::Intrinsic(Intrinsic::Kind) => by_code(chunk.shapes.iter().map(|shape| shape.kind), test),
            Field::Intrinsic(Intrinsic::Status) => by_code(chunk.shapes.iter().map(|shape| shape.status), test),
            Field::Intrinsic(Intrinsic::Service) => {
                // Of an empty one the header says whether it was given.
                let holds =
                    |service: &Arc<[u8]>| (!service.is_empty()).then(|| test.condition.holds(Value::Text(service)));
                let holds: Vec<Option<bool>> = self.services.iter().map(holds).collect();
                let services = self.service_of.iter().enumerate();
                services.map(|(shape, service)| holds[*service as usize].unwrap_or_else(|| of_header(shape))).collect()
            }
            _ => {
                let mut last: Option<(*const u8, *const u8, bool)> = None;
                let verdict = |shape: usize| {
                    // Neighbours have equal headers more often than not.
                    let at = (chunk.shapes[shape].resource.as_ptr(), chunk.shapes[shape].scope.as_ptr());
                    let holds = match last {
                        Some((resource, scope, holds)) if (resource, scope) == at => holds,
                        _ => of_header(shape),
                    };
                    last = Some((at.0, at.1, holds));
                    holds
                };
                (0..chunk.shapes.len()).map(verdict).collect()
            }
        }
    }
}

/// The place of each text among those that are there, which are appended.
fn numbered<'a>(texts: impl Iterator<Item = &'a Arc<[u8]>>, all: &mut Vec<Arc<[u8]>>) -> Vec<u32> {
    let mut places: HashMap<*const u8, u32> = HashMap::new();
    let place = |text: &Arc<[u8]>| {
        *places.entry(text.as_ptr()).or_insert_with(|| {
            all.push(text.clone());
            all.len() as u32 - 1
        })
    };
    texts.map(place).collect()
}

/// Neighbours' codes are few: each is judged as often as it changes.
fn by_code(codes: impl Iterator<Item = i32>, test: &Test) -> Vec<bool> {
    let mut last: Option<(i32, bool)> = None;
    let verdict = |code: i32| {
        let holds = match last {
            Some((known, holds)) if known == code => holds,
            _ => test.holds_for_int(code.into()),
        };
        last = Some((code, holds));
        holds
    };
    codes.map(verdict).collect()
}
