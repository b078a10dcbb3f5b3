//! Tests of what only the inside of a store can bring about.
