//! Scores: a population is fitted into a model, and the model scores one user as a pure function.
