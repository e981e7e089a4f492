//! Orders that Java's collections leave behind in records.

/// Sorts as iterating a `HashMap` with these keys would, inserted in the present order.
pub(super) fn hash_order<T>(items: &mut [T], key: impl Fn(&T) -> &str) {
    let mut capacity = 16;
    while items.len() * 4 > capacity * 3 {
        capacity *= 2;
    }
    let mask = u32::try_from(capacity - 1).unwrap_or(u32::MAX);
    items.sort_by_key(|item| {
        let hash = string_hash(key(item));
        (hash ^ (hash >> 16)) & mask
    });
}

/// `String.hashCode`.
fn string_hash(text: &str) -> u32 {
    text.encode_utf16().fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_iterates_by_bucket() {
        let mut keys = ["zebra", "apple", "mango", "kiwi", "fig"];
        hash_order(&mut keys, |key| key);
        assert_eq!(keys, ["zebra", "apple", "kiwi", "fig", "mango"]);
        let mut tables = ["public.a_item", "public.b_item"];
        hash_order(&mut tables, |key| key);
        assert_eq!(tables, ["public.b_item", "public.a_item"]);
    }
}
