//! DELTA_BINARY_PACKED: integers by their differences.

use otelier_wire::protobuf::Cursor;

use super::Damage;
use super::bits::packed_wide;

const CUT: Damage = "deltas are cut off";

/// Calls `see` with each of the first `count` of `total` values, which is how many there must be; answers the bytes
/// behind them all.
#[inline]
pub fn each(bytes: &[u8], total: usize, count: usize, mut see: impl FnMut(i64)) -> Result<&[u8], Damage> {
    let mut cursor = Cursor::new(bytes);
    let mut number = || cursor.varint().ok().and_then(|number| usize::try_from(number).ok()).ok_or(CUT);
    let (block, parts, said) = (number()?, number()?, number()?);
    if parts == 0 || block == 0 || block > 1 << 16 || parts > 64 || !block.is_multiple_of(parts * 32) {
        return Err("deltas come in blocks of an impossible size");
    }
    if said != total || count > total {
        return Err("deltas are not as many as rows");
    }
    let mut value = zigzag(&mut cursor)?;
    let mut wanted = count;
    if wanted > 0 {
        see(value);
        wanted -= 1;
    }
    let (part, mut left) = (block / parts, total.saturating_sub(1));
    while left > 0 {
        let least = zigzag(&mut cursor)?;
        let widths = cursor.take(parts).map_err(|_| CUT)?;
        for width in widths {
            if left == 0 {
                break;
            }
            if *width > 64 {
                return Err("deltas of more than 64 bits");
            }
            let packed = cursor.take(part * usize::from(*width) / 8).map_err(|_| CUT)?;
            let here = left.min(part);
            let some = here.min(wanted);
            for at in 0..some {
                let above = packed_wide(packed, at * usize::from(*width), (*width).into());
                value = value.wrapping_add(least).wrapping_add(above as i64);
                see(value);
            }
            wanted -= some;
            left -= here;
        }
    }
    Ok(cursor.rest)
}

/// Appends those from `from` to `to` of `total` values; else as `each`.
pub fn read<'a>(bytes: &'a [u8], total: usize, from: usize, to: usize, out: &mut Vec<i64>) -> Result<&'a [u8], Damage> {
    out.reserve(to.saturating_sub(from).min(total));
    let mut place = 0;
    each(bytes, total, to, |value| {
        if place >= from {
            out.push(value);
        }
        place += 1;
    })
}

fn zigzag(cursor: &mut Cursor) -> Result<i64, Damage> {
    let value = cursor.varint().map_err(|_| CUT)?;
    Ok((value >> 1) as i64 ^ -((value & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::put_deltas;

    #[test]
    fn values_read_back_as_they_were_written_up_to_any_number() {
        let rows: [Vec<i64>; 5] = [
            vec![],
            vec![i64::MIN],
            vec![i64::MAX, i64::MIN, 0, -1, 1],
            (0..1000).map(|at| at * at - 500).collect(),
            (0..300).map(|at| if at % 100 == 7 { i64::MIN + at } else { i64::MAX - at }).collect(),
        ];
        for values in rows {
            let mut bytes = Vec::new();
            put_deltas(&mut bytes, &values);
            bytes.extend_from_slice(b"behind");
            for count in [0, 1, 2, 128, 129, 200, 1000].map(|count| values.len().min(count)) {
                let mut out = Vec::new();
                let from = count / 3;
                let behind = read(&bytes, values.len(), from, count, &mut out).unwrap();
                assert_eq!(out, values[from..count]);
                assert_eq!(behind, b"behind");
            }
            assert!(read(&bytes, values.len() + 1, 0, 0, &mut Vec::new()).is_err());
        }
    }

    #[test]
    fn what_is_cut_off_is_damage() {
        let mut bytes = Vec::new();
        put_deltas(&mut bytes, &(0..1000).map(|at| at * at).collect::<Vec<i64>>());
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end], 1000, 0, 1000, &mut Vec::new()).is_err(), "{end}");
        }
    }
}
