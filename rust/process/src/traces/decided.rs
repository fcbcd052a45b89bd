//! What was decided about traces that are gone, so that late spans follow it: so many of the newest, or of those asked
//! for most recently.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::arrival::TraceId;

/// As Python counts them.
pub const NOT_SAMPLED: u8 = 0;
pub const SAMPLED: u8 = 1;
pub const DROPPED: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub fate: u8,
    /// When, in microseconds of the caller's clock.
    pub at_us: u64,
}

/// A bounded map from traces to decisions.
#[derive(Default)]
pub struct Memory {
    known: HashMap<TraceId, (Decision, u64)>,
    /// With the stamp of the entry; one with another stamp is out of date.
    order: VecDeque<(TraceId, u64)>,
    stamp: u64,
}

impl Memory {
    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn put(&mut self, id: TraceId, decision: Decision) {
        self.stamp += 1;
        self.known.insert(id, (decision, self.stamp));
        self.order.push_back((id, self.stamp));
    }

    pub fn get(&self, id: &TraceId) -> Option<Decision> {
        self.known.get(id).map(|(decision, _)| *decision)
    }

    /// The same, and the trace counts as new again.
    pub fn touch(&mut self, id: &TraceId) -> Option<Decision> {
        let (decision, stamp) = self.known.get_mut(id)?;
        self.stamp += 1;
        *stamp = self.stamp;
        let decision = *decision;
        self.order.push_back((*id, self.stamp));
        if self.order.len() > 2 * self.known.len() + 64 {
            let known = &self.known;
            self.order.retain(|(id, stamp)| known.get(id).is_some_and(|(_, newest)| newest == stamp));
        }
        Some(decision)
    }

    /// Forgets the oldest until there are at most so many.
    pub fn shrink(&mut self, most: usize) {
        while self.known.len() > most {
            let Some((id, stamp)) = self.order.pop_front() else { return };
            if self.known.get(&id).is_some_and(|(_, newest)| *newest == stamp) {
                self.known.remove(&id);
            }
        }
    }

    /// Oldest first.
    pub fn entries(&self) -> impl Iterator<Item = (&TraceId, Decision)> {
        self.order.iter().filter_map(|(id, stamp)| {
            let (decision, newest) = self.known.get(id)?;
            (newest == stamp).then_some((id, *decision))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> TraceId {
        [number; 16]
    }

    #[test]
    fn the_oldest_is_forgotten_unless_it_was_asked_for() {
        let mut memory = Memory::default();
        let decision = Decision { fate: SAMPLED, at_us: 7 };
        (1..=3).for_each(|number| memory.put(id(number), decision));
        assert_eq!(memory.touch(&id(1)), Some(decision));
        memory.shrink(2);
        assert_eq!(memory.entries().map(|(id, _)| id[0]).collect::<Vec<_>>(), [3, 1]);
        (0..1000).for_each(|_| assert!(memory.touch(&id(3)).is_some()));
        assert!(memory.order.len() < 200);
        memory.shrink(0);
        assert!(memory.len() == 0 && memory.get(&id(1)).is_none());
    }
}
