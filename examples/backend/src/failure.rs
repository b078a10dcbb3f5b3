//! What went wrong, as an answer over HTTP.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use userops::error::{Error, ErrorKind};

/// An answer that says no: a status, a word for programs, and a message for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Failure {
    /// What the request says makes no sense.
    pub fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: ErrorKind::InvalidArgument.name(), message: message.into() }
    }

    /// There is no such thing.
    pub fn missing(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, kind: ErrorKind::UnknownName.name(), message: message.into() }
    }

    /// The back end cannot take more work now.
    pub fn busy(message: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, kind: "busy", message: message.into() }
    }

    /// The same, but that what has an unknown name is not there: for names in the address.
    #[must_use]
    pub fn or_missing(mut self) -> Self {
        if self.kind == ErrorKind::UnknownName.name() {
            self.status = StatusCode::NOT_FOUND;
        }
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<Error> for Failure {
    /// The disk is the back end's own concern; all else is about what was asked.
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::Io | ErrorKind::InvalidFormat => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, kind: error.kind().name(), message: error.to_string() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self { status, kind, message } = self;
        (status, Json(json!({ "error": kind, "message": message }))).into_response()
    }
}
