//! Early warning against naive counts, its laws, and answers worked out elsewhere.

mod evaluation;
mod feature;
mod fit;
mod golden;
mod logistic;
mod simulation;
