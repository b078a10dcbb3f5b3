//! Definitions and acts that contradict themselves are refused, with what to do instead.

use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::UserId;
use userops::log::EventLog;
use userops::rule::{Measure, Rule, UnknownFold};
use userops::segment::SegmentDefinition;
use userops::tag::{
    Band, Bands, Cases, ManualPolicy, ManualTag, ManualTags, Preference, TOP_MAX, TagDefinition, TagKind,
};
use userops::time::{Span, Timestamp};
use userops::value::ValueType;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn bought() -> Rule {
    Measure::count("order").at_least(1i64)
}

fn bands(bands: &[(&str, f64)]) -> TagKind {
    TagKind::Bands(Bands {
        measure: Measure::count("order"),
        bands: bands.iter().map(|(label, from)| Band::new(*label, *from)).collect(),
        below: None,
    })
}

fn likes(preference: Preference) -> TagDefinition {
    TagDefinition::new("likes", TagKind::Preference(preference))
}

#[test]
fn a_definition_that_contradicts_itself_is_refused() {
    let cases = |cases: Cases| TagDefinition::new("x", TagKind::Cases(cases));
    let of_bands = |list: &[(&str, f64)]| TagDefinition::new("x", bands(list));
    let month = || Preference::new("sku", "view", Span::from_days(30));
    let named = TagDefinition::new("x", TagKind::Manual { values: vec!["a".into(), "a".into()] });
    let refused = [
        (TagDefinition::rule(" ", bought()), "a tag has an empty name"),
        (cases(Cases::default().otherwise("y")), "there is no case"),
        (cases(Cases::default().case("y", bought()).case("y", bought())), "the value \"y\" occurs twice"),
        (cases(Cases::default().case("y", bought()).otherwise("y")), "the value \"y\" occurs twice"),
        (cases(Cases::default().case("", bought())), "a value is the empty text"),
        (of_bands(&[]), "there is no band"),
        (of_bands(&[("a", 1.0), ("b", 1.0)]), "band \"a\" begins at 1 and the next, \"b\", at 1: bands ascend"),
        (of_bands(&[("a", 2.0), ("b", 1.5)]), "bands ascend"),
        (of_bands(&[("a", f64::NAN)]), "which is no finite number"),
        (of_bands(&[("a", 1.0), ("a", 2.0)]), "the value \"a\" occurs twice"),
        (likes(month().top(0)), "ranks 1 to 20 values, not 0"),
        (likes(month().top(TOP_MAX + 1)), "not 21"),
        (likes(Preference::new("sku", "view", Span::from_days(0))), "a half-life is positive"),
        (likes(Preference::new("", "view", Span::from_days(1))), "needs the property"),
        (likes(month().weight_min(-1.0)), "not negative, not -1"),
        (likes(month().weight_min(f64::INFINITY)), "finite"),
        (likes(month()).unknown(UnknownFold::In), "`unknown` is for tags made of a rule or of cases"),
        (of_bands(&[("a", 1.0)]).unknown(UnknownFold::In), "`unknown` is for"),
        (named, "the value \"a\" occurs twice"),
    ];
    for (definition, says) in refused {
        let error = definition.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidDefinition, "{error}");
        assert!(error.to_string().contains(says), "{error:?} does not say {says:?}");
        let names = definition.name.trim().is_empty() || error.to_string().starts_with("tag \"");
        assert!(names, "{error} does not name the tag");
    }
    assert!(of_bands(&[("a", -1.0), ("b", 0.0), ("c", 2.5)]).check().is_ok());
    assert!(SegmentDefinition::new("", bought()).check().is_err());
}

#[test]
fn types_and_labels_follow_from_the_kind() {
    let flag = TagDefinition::rule("flag", bought());
    assert_eq!((flag.value_type(None), flag.labels()), (ValueType::Bool, None));
    let kinds = [
        (TagKind::Value(Measure::count("order")), ValueType::Integer),
        (bands(&[("a", 1.0)]), ValueType::Text),
        (TagKind::Manual { values: Vec::new() }, ValueType::Bool),
        (TagKind::Manual { values: vec!["a".into()] }, ValueType::Text),
    ];
    for (kind, value_type) in kinds {
        assert_eq!(TagDefinition::new("x", kind).value_type(Some(ValueType::Integer)), value_type);
    }
    assert_eq!(TagDefinition::new("x", bands(&[("a", 1.0), ("b", 2.0)])).labels(), Some(vec!["a", "b"]));
}

fn log() -> EventLog {
    let events = ["ann", "bob"].map(|user| Event::new(user, at("2026-01-01T00:00:00Z"), "view"));
    EventLog::from_events(EventSchema::default(), &events).unwrap().0
}

#[test]
fn an_act_that_contradicts_itself_or_its_tag_is_refused() {
    let tags = [
        TagDefinition::rule("buyer", bought()),
        TagDefinition::new("tier", TagKind::Manual { values: vec!["gold".into(), "silver".into()] }),
        TagDefinition::new("orders", TagKind::Value(Measure::count("order"))),
    ];
    let log = log();
    let noon = at("2026-01-02T12:00:00Z");
    let add = |tag: &str| ManualTag::add("ann", tag, "eve", noon);
    let refused = [
        (ManualTag::add("ann", "buyer", " ", noon), "there is no author"),
        (add("buyer").expires(noon), "which is not after"),
        (add("buyer").value("yes"), "the tag is on or off: leave the value yes out"),
        (add("tier"), "the tag is one of several texts: say which"),
        (add("tier").value("glod"), "the tag has no value \"glod\"; did you mean \"gold\"?"),
        (add("tier").value(3i64), "the tag is a text, and \"3\" is none"),
        (ManualTag::remove("ann", "tier", "eve", noon).value("gold"), "taking it off needs no value"),
        (add("orders").value(3i64), "the tag is a measure"),
    ];
    for (act, says) in refused {
        let error = ManualTags::new(&tags, log.users(), &[add("buyer"), act]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidDefinition, "{error}");
        assert!(error.to_string().contains(says), "{error:?} does not say {says:?}");
        assert!(error.to_string().starts_with("manual tag 2 ("), "{error}");
    }
}

#[test]
fn unknown_users_and_tags_are_listed_or_reported() {
    let tags = [TagDefinition::rule("buyer", bought())];
    let log = log();
    let noon = at("2026-01-02T12:00:00Z");
    let list = [
        ManualTag::add("ann", "buyer", "eve", noon),
        ManualTag::add("cai", "buyer", "eve", noon),
        ManualTag::add("bob", "byer", "eve", noon),
    ];
    let error = ManualTags::new(&tags, log.users(), &list).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownName);
    let message =
        "manual tags name what is not known: the users \"cai\", and the tags \"byer\"; did you mean \"buyer\"?";
    assert_eq!(error.to_string(), message);
    let (known, report) = ManualTags::of_known(&tags, log.users(), &list).unwrap();
    assert_eq!(report.unknown_users, [(1, UserId::from("cai"))]);
    assert_eq!(report.unknown_tags, [(2, "byer".to_owned())]);
    let ann = log.users().find("ann").unwrap();
    assert_eq!(known.find("buyer", ann, noon), Some(&list[0]));
    assert_eq!(known.find("buyer", ann, noon.plus(Span::from_micros(-1))), None, "not visible before");
}

#[test]
fn definitions_round_trip_through_json_and_toml() {
    let json = r#"[
        {"name": "buyer", "kind": {"rule": "count(\"order\") >= 1"}, "unknown": "in", "manual": "rule_first"},
        {"name": "tier", "kind": {"cases": {"cases": [{"value": "a", "when": "count(\"order\") > 3"}], "otherwise": "b"}}},
        {"name": "band", "kind": {"bands": {"measure": "count(\"order\")", "bands": [{"label": "few", "from": 1}]}}},
        {"name": "likes", "kind": {"preference": {"property": "sku", "half_life": "14d", "top": 3}}},
        {"name": "orders", "kind": {"value": "count(\"order\")"}},
        {"name": "vip", "kind": {"manual": {}}}
    ]"#;
    let tags: Vec<TagDefinition> = serde_json::from_str(json).unwrap();
    assert_eq!(
        tags[0],
        TagDefinition::rule("buyer", bought()).unknown(UnknownFold::In).manual(ManualPolicy::RuleFirst)
    );
    assert!(tags.iter().all(|tag| tag.check().is_ok()));
    let written = serde_json::to_string(&tags).unwrap();
    assert_eq!(serde_json::from_str::<Vec<TagDefinition>>(&written).unwrap(), tags);
    for tag in &tags {
        let text = toml::to_string(tag).unwrap();
        assert_eq!(&toml::from_str::<TagDefinition>(&text).unwrap(), tag, "{text}");
    }
    let unknown = json.replace("\"top\"", "\"topp\"");
    assert!(serde_json::from_str::<Vec<TagDefinition>>(&unknown).unwrap_err().to_string().contains("topp"));
    let act = r#"{"user": 7, "tag": "vip", "author": "eve", "at": "2026-01-01T00:00:00Z", "action": "remove"}"#;
    let act: ManualTag = serde_json::from_str(act).unwrap();
    assert_eq!(act, ManualTag::remove(7, "vip", "eve", at("2026-01-01T00:00:00Z")));
    let segment = r#"{"name": "s", "when": "count(\"order\") >= 1", "include": [7, "ann"], "unknown": "in"}"#;
    let segment: SegmentDefinition = serde_json::from_str(segment).unwrap();
    let built = SegmentDefinition::new("s", bought()).unknown(UnknownFold::In);
    assert_eq!(segment, built.include([UserId::from(7)]).include(["ann"]));
}
