//! Laws and golden values, judged through the public interface alone.

mod rfm;
