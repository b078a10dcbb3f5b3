//! One user, by number.

use userops_core::error::{Error, ErrorKind};
use userops_core::id::UserIx;
use userops_core::log::EventLog;

use crate::boundary::Outcome;

/// The user of this number, where the log has it.
pub(crate) fn user_of(log: &EventLog, user: u32) -> Outcome<UserIx> {
    let user = UserIx(user);
    if user.index() < log.user_count() {
        return Ok(user);
    }
    let message = format!("there is no user {} among the log's {}; numbers begin at 0", user.0, log.user_count());
    Err(Error::new(ErrorKind::InvalidArgument, message).into())
}
