//! The shop's playbook in Rust, over the purchases of the CDNOW file.

use std::ffi::OsString;

use userops::event::Event;
use userops::money::Money;
use userops_examples::arguments::{Arguments, Command};

use super::recount::{DAY, Definition, Facts, text, yes};
use super::{Case, Recount, StageDays, plain, read_playbook};

const PURCHASE: &[&str] = &["purchase"];
const DOLLAR: i64 = 100;

const RECOUNT: Recount = Recount {
    score: "rfm",
    measures: [
        |user| user.days_since_last(PURCHASE),
        |user| Some(user.active_days(PURCHASE)),
        |user| Some(user.minor(PURCHASE)),
    ],
    has_groups: true,
    activity: PURCHASE,
    stages: StageDays::Derived,
    definitions: DEFINITIONS,
};

const DEFINITIONS: &[(&str, Definition)] = &[
    ("tag repeat_buyer", |user, _| yes(user.active_days(PURCHASE) >= 2)),
    ("tag big_spender", |user, _| {
        let amounts = user.recent(PURCHASE, 365).map(|bought| bought.event.amount.unwrap().minor());
        yes(amounts.sum::<i64>() >= 100 * DOLLAR)
    }),
    ("tag silent", |user, _| yes(user.is_observed(182) && user.count_recent(PURCHASE, 182) == 0)),
    ("tag spend_band", |user, _| {
        text(match user.minor(PURCHASE) {
            ..1 => "none",
            minor if minor < 50 * DOLLAR => "under 50",
            minor if minor < 200 * DOLLAR => "50 to 200",
            _ => "200 and more",
        })
    }),
    ("tag value", |_, told| {
        text(match told.at_least("score rfm.monetary", 5) {
            true if told.at_least("score rfm.recency", 4) => "gold",
            true => "sleeping gold",
            false if told.has("tag repeat_buyer") => "ordinary",
            false => "occasional",
        })
    }),
    ("segment win_back", |_, told| {
        yes(told.has("tag silent") && told.at_least("score rfm.monetary", 4) && !told.is("stage", "churn"))
    }),
    ("segment second_order", |user, _| {
        yes(user.count(PURCHASE) == 1 && user.days_since_last(PURCHASE).is_some_and(|days| days <= 90))
    }),
    ("segment best", |_, told| yes(told.is("tag value", "gold"))),
    ("milestone acquisition", |user, _| user.first(|user| user.count(PURCHASE) >= 1)),
    ("milestone retention", |user, _| user.first(|user| user.active_days(PURCHASE) >= 2)),
    ("milestone revenue", |user, _| user.first(|user| user.minor(PURCHASE) >= 100 * DOLLAR)),
];

pub(super) fn case() -> Case {
    let Command::Report(arguments) = Arguments::parse([OsString::from("cdnow")]).unwrap() else { panic!("a report") };
    let (log, report) = arguments.reader().read().unwrap();
    assert_eq!(report.rejected, 0);
    Case {
        playbook: read_playbook("cdnow.toml"),
        log,
        facts: Facts::new(0, purchases().map(plain)),
        recount: RECOUNT,
        instants: &["1997-03-15T12:00:00Z", "1997-10-04T23:59:59.999999Z", "1998-06-30T00:00:00Z"],
    }
}

/// The lines of the file, read by hand: customer, day, number of CDs, dollars.
fn purchases() -> impl Iterator<Item = Event> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/cdnow_master.txt");
    let lines: Vec<String> = std::fs::read_to_string(path).unwrap().lines().skip(1).map(str::to_owned).collect();
    lines.into_iter().map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [customer, day, _, dollars] = fields[..] else { panic!("{line:?}") };
        let time = format!("{}-{}-{}T00:00:00Z", &day[..4], &day[4..6], &day[6..]).parse().unwrap();
        let (whole, cents) = dollars.split_once('.').unwrap();
        assert_eq!(cents.len(), 2);
        let minor = 100 * whole.parse::<i64>().unwrap() + cents.parse::<i64>().unwrap();
        Event::new(customer, time, "purchase").with_amount(Money::from_minor(minor))
    })
}

#[test]
fn the_first_purchase_is_read_right() {
    let facts = Facts::new(0, purchases().map(plain));
    let first = facts.users_at(i64::MAX).find(|user| user.id == "00001").unwrap();
    assert_eq!((first.events[0].time / DAY, first.minor(PURCHASE)), (9_862, 1_177), "11.77 dollars on 1997-01-01");
}
