//! Rows that are due, as columns.

use super::matcher::has;
use super::rows::Rows;

/// One entry per row in each, in the same order; `matches` has all rows of the first matcher, then those of the next.
#[derive(Default)]
pub struct Columns {
    /// Slot and serial number: the row may be gone meanwhile.
    pub(super) slots: Vec<(u32, u64)>,
    pub trace_ids: Vec<u8>,
    pub first_start_ns: Vec<u64>,
    pub last_end_ns: Vec<u64>,
    pub spans: Vec<i64>,
    pub size_bytes: Vec<i64>,
    pub status_codes: Vec<u8>,
    pub flags: Vec<u32>,
    pub arrived_us: Vec<u64>,
    pub matches: Vec<u8>,
}

impl Columns {
    pub(super) fn new(rows: &Rows, slots: Vec<(u32, u64)>, bits: usize) -> Columns {
        let count = slots.len();
        let mut columns = Columns { matches: vec![0; bits * count], ..Columns::default() };
        for (at, (slot, _)) in slots.iter().enumerate() {
            let Some(row) = rows.get(*slot) else { continue };
            columns.trace_ids.extend_from_slice(&row.id);
            columns.first_start_ns.push(row.features.first_start_ns);
            columns.last_end_ns.push(row.features.last_end_ns);
            columns.spans.push(row.features.spans.into());
            columns.size_bytes.push(row.features.bytes as i64);
            columns.status_codes.push(row.features.status_codes);
            columns.flags.push(row.features.flags);
            columns.arrived_us.push(row.arrived_us);
            let own = rows.bits(*slot);
            for bit in 0..bits {
                columns.matches[bit * count + at] = has(own, bit).into();
            }
        }
        Columns { slots, ..columns }
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}
