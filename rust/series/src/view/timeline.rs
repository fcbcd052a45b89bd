//! Lists of timestamps made one: of a series whose samples come from several places.

use std::sync::Arc;

use hashbrown::HashMap;

/// Some neighbouring timestamps of a list.
#[derive(Clone, Debug)]
pub struct Times {
    pub ms: Arc<[i64]>,
    pub from: usize,
    pub to: usize,
}

impl Times {
    fn get(&self) -> &[i64] {
        &self.ms[self.from..self.to]
    }
}

/// All timestamps of a chain of lists, and by list where each of its own stands among them.
#[derive(Debug)]
pub struct Timeline {
    pub ms: Vec<i64>,
    pub rows: Vec<(u32, Arc<[u32]>)>,
}

/// Chains of lists: two series with equal chains have samples at the same moments.
#[derive(Debug, Default)]
pub struct Chains {
    pub lists: Vec<Times>,
    /// By chain, the chain without its last list, and that.
    links: Vec<(u32, u32)>,
    known: HashMap<(u32, u32), u32>,
    /// The last one that was looked up: neighbours mostly have the same.
    last: Option<((u32, u32), u32)>,
}

/// The chain without lists.
pub const EMPTY: u32 = u32::MAX;

impl Chains {
    pub fn add_list(&mut self, times: Times) -> u32 {
        self.lists.push(times);
        self.lists.len() as u32 - 1
    }

    /// A chain with one more list.
    pub fn longer(&mut self, chain: u32, list: u32) -> u32 {
        if let Some((key, number)) = self.last
            && key == (chain, list)
        {
            return number;
        }
        let next = self.links.len() as u32;
        let number = *self.known.entry((chain, list)).or_insert(next);
        if number == next {
            self.links.push((chain, list));
        }
        self.last = Some(((chain, list), number));
        number
    }

    fn lists_of(&self, chain: u32) -> Vec<u32> {
        let (mut lists, mut at) = (Vec::new(), chain);
        while at != EMPTY {
            let (before, list) = self.links[at as usize];
            lists.push(list);
            at = before;
        }
        lists.reverse();
        lists
    }

    pub fn timeline(&self, chain: u32) -> Timeline {
        let lists = self.lists_of(chain);
        let mut ms: Vec<i64> = Vec::new();
        for list in &lists {
            ms.extend_from_slice(self.lists[*list as usize].get());
        }
        if !ms.is_sorted_by(|a, b| a < b) {
            ms.sort_unstable();
            ms.dedup();
        }
        let rows = |list: &u32| {
            let mut row = 0;
            let place = |each: &i64| {
                row += ms[row..].partition_point(|known| known < each);
                row as u32
            };
            let own = self.lists[*list as usize].get();
            let first = own.first().map_or(0, |first| ms.partition_point(|known| known < first));
            // Mostly the list lies in one piece among the others.
            if ms.get(first..first + own.len()) == Some(own) {
                return (*list, (first as u32..(first + own.len()) as u32).collect());
            }
            (*list, own.iter().map(place).collect())
        };
        let rows = lists.iter().map(rows).collect();
        Timeline { ms, rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(ms: &[i64]) -> Times {
        Times { ms: ms.into(), from: 0, to: ms.len() }
    }

    #[test]
    fn equal_timestamps_of_several_lists_are_one_moment() {
        let mut chains = Chains::default();
        let lists = [times(&[10, 20, 40]), times(&[5, 20, 30]), times(&[50])].map(|list| chains.add_list(list));
        let chain = lists.iter().fold(EMPTY, |chain, list| chains.longer(chain, *list));
        let timeline = chains.timeline(chain);
        assert_eq!(timeline.ms, [5, 10, 20, 30, 40, 50]);
        let rows: Vec<Vec<u32>> = timeline.rows.iter().map(|(_, rows)| rows.to_vec()).collect();
        assert_eq!(rows, [vec![1, 2, 4], vec![0, 2, 3], vec![5]]);
        assert_eq!(chain, lists.iter().fold(EMPTY, |chain, list| chains.longer(chain, *list)));
    }
}
