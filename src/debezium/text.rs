//! Short text on the stack, for what is composed per record.

use std::fmt;
use std::ops::Deref;

/// At most `N` bytes of UTF-8; what does not fit is an error of the write.
#[derive(Clone, Copy)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self { bytes: [0; N], length: 0 }
    }
}

impl<const N: usize> Text<N> {
    /// The digits of `number`, at least `width` of them (at most 20), without what `write!` spends on them.
    pub(super) fn push_number(&mut self, mut number: u64, width: usize) -> fmt::Result {
        let mut digits = [b'0'; 20];
        let mut first = digits.len();
        while number > 0 {
            first -= 1;
            // A remainder of ten is a digit.
            digits[first] += (number % 10).to_le_bytes()[0];
            number /= 10;
        }
        self.append(&digits[first.min(digits.len() - width)..])
    }

    fn append(&mut self, bytes: &[u8]) -> fmt::Result {
        let end = self.length + bytes.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(bytes);
        self.length = end;
        Ok(())
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.append(text.as_bytes())
    }
}

impl<const N: usize> Deref for Text<N> {
    type Target = str;

    fn deref(&self) -> &str {
        // Only whole strs and digits are ever appended.
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_that_write_would_print() {
        for number in [0, 1, 9, 10, 99, 100, 1_234_567_890, u64::MAX] {
            for width in [1, 2, 6, 20] {
                let mut text = Text::<20>::default();
                text.push_number(number, width).unwrap();
                assert_eq!(&*text, format!("{number:0width$}"));
                assert!(text.length < 20 || text.push_number(0, 1).is_err());
            }
        }
    }
}
