//! Buckets of durations: exponential, 64 to a doubling (OpenTelemetry's scale 6), in integers, so that every machine
//! counts alike.

/// Buckets per doubling, as a power of two.
const SCALE: u32 = 6;
const PER_DOUBLING: usize = 1 << SCALE;

/// 2^(k/64) with 63 bits behind the point, rounded down.
static BOUNDS: [u64; PER_DOUBLING] = bounds();

const fn bounds() -> [u64; PER_DOUBLING] {
    // Six square roots of two give 2^(1/64); each bound is the product of the roots that its number has bits for.
    let mut roots = [0u64; SCALE as usize];
    let (mut i, mut square) = (0, 1u128 << 127);
    while i < SCALE as usize {
        let root = square.isqrt();
        roots[i] = root as u64;
        square = root << 63;
        i += 1;
    }
    let mut bounds = [0u64; PER_DOUBLING];
    let mut k = 0;
    while k < PER_DOUBLING {
        let mut product = 1u128 << 63;
        let mut i = 0;
        while i < SCALE as usize {
            if k >> (SCALE as usize - 1 - i) & 1 == 1 {
                product = (product * roots[i] as u128) >> 63;
            }
            i += 1;
        }
        bounds[k] = product as u64;
        k += 1;
    }
    bounds
}

/// 2^(k/64) for k from 0 to 63, with 63 bits behind the point, rounded down.
pub const fn mantissa_bounds() -> &'static [u64; PER_DOUBLING] {
    &BOUNDS
}

/// 0 for durations of 0 or less; else 1 + 64 · log2(duration), rounded down. Never falls as durations grow.
pub fn bucket(duration_ns: i64) -> u32 {
    let Ok(duration @ 1..) = u64::try_from(duration_ns) else { return 0 };
    let exponent = duration.ilog2();
    let mantissa = duration << (63 - exponent);
    let within = BOUNDS.partition_point(|bound| *bound <= mantissa) as u32 - 1;
    1 + (exponent << SCALE | within)
}

/// The least duration in a bucket and the least above it, as numbers of nanoseconds.
pub fn bucket_bounds(bucket: u32) -> (f64, f64) {
    let bound = |at: u32| {
        let (exponent, within) = (at >> SCALE, at as usize % PER_DOUBLING);
        BOUNDS[within] as f64 / (1u64 << 63) as f64 * 2f64.powi(exponent as i32)
    };
    match bucket.checked_sub(1) {
        None => (0.0, 1.0),
        Some(at) => (bound(at), bound(at + 1)),
    }
}

/// The middle of a bucket in nanoseconds.
pub fn bucket_middle(bucket: u32) -> u64 {
    if bucket == 0 {
        return 0;
    }
    let (least, above) = bucket_bounds(bucket);
    ((least + above) / 2.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_what_their_bounds_say_and_are_a_hundredth_wide() {
        for duration in (0..63).flat_map(|bit| [1i64 << bit, (1 << bit) + (1 << bit) / 3, i64::MAX >> bit]) {
            let number = bucket(duration);
            let (least, above) = bucket_bounds(number);
            let about = duration as f64;
            assert!(least <= about * (1.0 + 1e-15) && about <= above * (1.0 + 1e-15), "{duration} in {number}");
            assert!(above / least < 1.011);
        }
        assert_eq!((bucket(0), bucket(-5), bucket(i64::MIN), bucket(1), bucket(2), bucket(4)), (0, 0, 0, 1, 65, 129));
    }

    #[test]
    fn buckets_never_fall() {
        let durations: Vec<i64> = (0..100_000).chain((17..63).map(|bit| 1 << bit)).collect();
        assert!(durations.is_sorted_by_key(|duration| bucket(*duration)));
    }
}
