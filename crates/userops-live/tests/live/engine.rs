//! The durable engine: killed, reopened, replaced, followed, and asked by many.

mod cases;
mod crash;
mod durable;
mod service;
mod world;
