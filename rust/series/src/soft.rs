//! Soft labels: attributes of resources that a query can name, though they are not part of a series' name.

/// Whether a query that says `name` means the attribute `key`: as it is, or with `_` for what names can't have.
pub fn means(name: &[u8], key: &[u8]) -> bool {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter as u8 } else { b'_' };
    let translated = || std::str::from_utf8(key).unwrap_or_default().chars().map(plain);
    name == key || (!name.is_empty() && name.iter().copied().eq(translated()))
}

/// Of the keys that a name means the one that counts: the key itself, else the first.
pub fn find<'a, T>(name: &[u8], keys: impl Iterator<Item = (&'a [u8], T)>) -> Option<T> {
    let mut found = None;
    for (key, what) in keys {
        if key == name {
            return Some(what);
        }
        if found.is_none() && means(name, key) {
            found = Some(what);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_meant_by_their_names_and_by_what_translation_makes_of_them() {
        assert!(means(b"k8s.pod.name", b"k8s.pod.name") && means(b"k8s_pod_name", b"k8s.pod.name"));
        assert!(!means(b"k8s_pod", b"k8s.pod.name") && !means(b"k8s.pod_name", b"k8s.pod.name"));
        assert!(means(b"gr__e", "größe".as_bytes()));
        let keys = [(&b"a.b"[..], 1), (b"a_b", 2), (b"a-b", 3)];
        assert_eq!(find(b"a_b", keys.into_iter()), Some(2));
        assert_eq!(find(b"a-b", keys.into_iter()), Some(3));
        assert_eq!(find(b"c", keys.into_iter()), None);
    }
}
