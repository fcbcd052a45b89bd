//! Definition levels of flat optional columns: one bit a row, as Parquet's hybrid of runs and packed bits.

/// Runs of equal levels from this many groups of eight rows on are written as runs.
const LONG: usize = 8;

/// Appends the levels of `count` rows with their length in front; `rows` are those with a value, in order, counted
/// from `first`. `bits` is room to work in.
pub fn put_levels(out: &mut Vec<u8>, rows: &[u32], first: u32, count: usize, bits: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    if rows.is_empty() || rows.len() == count {
        put_run(out, count, u8::from(!rows.is_empty()));
    } else {
        bits.clear();
        bits.resize(count.div_ceil(8), 0);
        for row in rows {
            let row = row - first;
            bits[row as usize / 8] |= 1 << (row % 8);
        }
        put_groups(out, bits, count);
    }
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

fn put_groups(out: &mut Vec<u8>, bits: &[u8], count: usize) {
    // The last group may be one that is not full: it is always packed.
    let whole = count / 8;
    let run = |at: usize| bits[at..whole].iter().take_while(|group| **group == bits[at]).count();
    let (mut packed, mut at) = (0, 0);
    while at < whole {
        let length = if matches!(bits[at], 0 | 0xff) { run(at) } else { 0 };
        if length < LONG {
            at += length.max(1);
            continue;
        }
        put_packed(out, &bits[packed..at]);
        put_run(out, length * 8, bits[at] & 1);
        at += length;
        packed = at;
    }
    put_packed(out, &bits[packed..]);
}

fn put_run(out: &mut Vec<u8>, count: usize, level: u8) {
    super::codes::put_varint(out, (count << 1) as u64);
    out.push(level);
}

fn put_packed(out: &mut Vec<u8>, groups: &[u8]) {
    if !groups.is_empty() {
        super::codes::put_varint(out, (groups.len() << 1 | 1) as u64);
        out.extend_from_slice(groups);
    }
}
