//! Lines of memory, which come as a whole.

use std::hint::black_box;

/// What comes at once, on the processors that this is made for.
const LINE_BYTES: usize = 64;

/// Reads a value of each line that these lie in, so that they are near when they are needed. All lines are on their way at once, where
/// what goes from value to value waits for one after the other.
#[inline]
pub(crate) fn read_lines<T: Copy>(values: &[T]) {
    values.iter().step_by((LINE_BYTES / size_of::<T>()).max(1)).for_each(|value| {
        black_box(*value);
    });
}
