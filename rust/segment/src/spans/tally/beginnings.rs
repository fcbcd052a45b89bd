//! The beginnings of numbered texts in all columns, each once.

use std::sync::Arc;

use hashbrown::HashMap;

use super::UNTOLD;
use crate::numbered::{Beginning, Numbered};

/// Numbers of numbered texts take up to 54 bits; below them stands which beginning it is.
const BITS: u32 = 10;

#[derive(Default)]
pub struct Beginnings {
    all: Vec<Beginning>,
    numbers: HashMap<Beginning, u32>,
    /// Of columns that were met: their beginnings here.
    of: Vec<(Arc<Numbered>, Arc<[u32]>)>,
}

impl Beginnings {
    /// `None` if there are too many.
    pub fn number(&mut self, text: &[u8], digits: u8) -> Option<u32> {
        let beginning = Beginning { text: text.to_vec(), digits };
        if let Some(known) = self.numbers.get(&beginning) {
            return Some(*known);
        }
        let number = self.all.len() as u32;
        if number >> BITS > 0 {
            return None;
        }
        self.all.push(beginning.clone());
        self.numbers.insert(beginning, number);
        Some(number)
    }

    pub fn of_column(&mut self, numbered: &Arc<Numbered>) -> Arc<[u32]> {
        if let Some((_, known)) = self.of.iter().find(|(known, _)| Arc::ptr_eq(known, numbered)) {
            return known.clone();
        }
        let own = numbered.beginnings().iter();
        let own: Arc<[u32]> = own.map(|own| self.number(&own.text, own.digits).unwrap_or(UNTOLD)).collect();
        self.of.push((numbered.clone(), own.clone()));
        own
    }

    pub fn get(&self, number: u32) -> &Beginning {
        &self.all[number as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Beginning> {
        self.all.iter()
    }
}

/// What stands for a text; `None` if its number has no room.
#[inline]
pub fn key(beginning: u32, number: u64) -> Option<u64> {
    (number >> (64 - BITS) == 0).then_some(number << BITS | u64::from(beginning))
}

/// Beginning and number.
#[inline]
pub fn parts(key: u64) -> (u32, u64) {
    ((key & ((1 << BITS) - 1)) as u32, key >> BITS)
}
