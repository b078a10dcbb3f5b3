//! Laws: what must hold for every input, judged against naive reimplementations.

mod ladder;
mod portrait;
