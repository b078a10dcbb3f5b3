//! The JSON Schema of what serde writes as text.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Day, Span, Timestamp, Zone};

/// Types that are written as a text of their own form.
macro_rules! text_schema {
    ($($type:ty => $name:literal, $description:literal, $example:literal;)*) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $description, "examples": [$example] })
            }
        }
    )*};
}

text_schema! {
    Timestamp => "Timestamp", "An instant in RFC 3339.", "2026-01-31T00:00:00Z";
    Day => "Day", "A calendar date.", "2026-01-31";
    Span => "Span", "A whole number and a unit: d, h, m, s, ms, us.", "30d";
    Zone => "Zone", "A time zone of the IANA database.", "Asia/Shanghai";
}
