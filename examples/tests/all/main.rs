//! The examples as a whole: the main job from end to end, and every playbook recounted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod content_app;
mod main_job;
mod playbooks;
