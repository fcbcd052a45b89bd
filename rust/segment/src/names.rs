//! Keys by their bytes, looked up for every attribute: short ones, nearly all, without a call or a loop.

use crate::hash::mix;
use crate::write::Interner;

/// A key of up to 24 bytes: three words that may overlap, and its length. Two keys with the same are the same.
type Short = ([u64; 3], usize);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Open addressing by hash; the number of slots is a power of two, at most half of them taken.
    slots: Vec<Option<(Short, u32)>>,
    count: usize,
    long: Interner,
    /// Numbers of long names in the order of the interner.
    numbers: Vec<u32>,
}

#[inline]
fn short(key: &[u8]) -> Option<Short> {
    let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    match key.len() {
        length @ 8..=24 => {
            let middle = &key[(length - 8) / 2..];
            Some(([word(key.first_chunk()), word(middle.first_chunk()), word(key.last_chunk())], length))
        }
        length @ 0..8 => Some(([key.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0, 0], length)),
        _ => None,
    }
}

#[inline]
fn hash((words, length): &Short) -> usize {
    mix(words[1] ^ *length as u64, words[0] ^ words[2].rotate_left(23)) as usize
}

impl Names {
    /// The number of a key that was added.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Option<u32> {
        let Some(short) = short(key) else {
            return self.long.find(key).map(|place| self.numbers[place as usize]);
        };
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash(&short) & mask;
        loop {
            match self.slots.get(at)? {
                Some((known, number)) if *known == short => return Some(*number),
                Some(_) => at = (at + 1) & mask,
                None => return None,
            }
        }
    }

    /// The key's number, which is the next one if it is new.
    pub fn add(&mut self, key: &[u8]) -> u32 {
        if let Some(number) = self.find(key) {
            return number;
        }
        let number = self.count as u32;
        self.count += 1;
        match short(key) {
            Some(short) => {
                if 2 * self.count > self.slots.len() {
                    self.grow();
                }
                self.insert(short, number);
            }
            None => {
                self.long.intern(key);
                self.numbers.push(number);
            }
        }
        number
    }

    fn grow(&mut self) {
        let room = vec![None; (4 * self.count).next_power_of_two().max(16)];
        let old = std::mem::replace(&mut self.slots, room);
        old.into_iter().flatten().for_each(|(short, number)| self.insert(short, number));
    }

    fn insert(&mut self, short: Short, number: u32) {
        let mask = self.slots.len() - 1;
        let mut at = hash(&short) & mask;
        while self.slots[at].is_some() {
            at = (at + 1) & mask;
        }
        self.slots[at] = Some((short, number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_one_number_whatever_its_length() {
        let mut names = Names::default();
        assert_eq!(names.find(b"key"), None);
        let key = |number: usize| [vec![b'k'; number % 40], number.to_string().into_bytes()].concat();
        for number in 0..2_000 {
            assert_eq!(names.add(&key(number)), number as u32);
        }
        for number in 0..2_000 {
            assert_eq!(names.find(&key(number)), Some(number as u32));
            assert_eq!(names.add(&key(number)), number as u32);
            assert_eq!(names.find(&[&key(number)[..], b"\0"].concat()), None);
        }
        assert_eq!((names.find(b""), names.find(b"\0")), (None, None));
    }
}
