//! The twenty tags of the side-by-side runs, and the combinations of them that are counted.

use userops::rule::{EventQuery, Measure, Rule};
use userops::time::{MICROS_PER_DAY, Timestamp, Window};

use crate::answer::as_of;

/// Who has the first and the second tag but not the third is counted.
pub const TRIPLES: [[usize; 3]; 10] = [
    [8, 9, 0],
    [1, 4, 10],
    [5, 14, 17],
    [6, 12, 18],
    [7, 3, 16],
    [1, 8, 3],
    [13, 12, 14],
    [19, 18, 0],
    [17, 5, 2],
    [11, 12, 6],
];

/// How many events of this name there are, in the last days or ever; of any name where it is empty.
fn count(name: &str, days: Option<i64>) -> Measure {
    Measure::count(over(name, days))
}

fn over(name: &str, days: Option<i64>) -> EventQuery {
    let names = Some(name).filter(|name| !name.is_empty());
    EventQuery::new(names).window(days.map_or(Window::All, Window::rolling_days))
}

/// The money spent in the last days or ever.
fn spent(days: Option<i64>) -> Measure {
    Measure::sum("amount", over("", days))
}

/// The first instant of the last days.
fn days_ago(days: i64) -> Timestamp {
    Timestamp::from_micros(as_of().as_micros() + 1 - days * MICROS_PER_DAY)
}

/// The rules of the tags, in the order of `benches/peers/README.md`.
#[must_use]
pub fn tag_rules() -> Vec<Rule> {
    let (first, last) = (|| Measure::FirstTime(over("", None)), || Measure::LastTime(over("", None)));
    let orders = |days| count("order_paid", days);
    let country = Measure::Latest { property: "country".to_owned(), over: over("", None) };
    vec![
        orders(Some(30)).at_least(2).and(count("login", Some(7)).eq(0)),
        spent(None).at_least(1_000),
        first().at_least(days_ago(7)),
        last().below(days_ago(30)),
        last().at_least(days_ago(30)).and(last().below(days_ago(7))),
        orders(None).eq(0).and(count("view", Some(30)).at_least(10)),
        count("add_to_cart", Some(7)).at_least(1).and(orders(Some(7)).eq(0)),
        orders(None).eq(1),
        orders(None).at_least(5),
        spent(Some(30)).at_least(500),
        count("invite", None).at_least(1),
        count("post", None).at_least(3),
        count("like", Some(30)).at_least(20),
        count("checkin", Some(30)).at_least(7),
        count("", Some(7)).at_least(50),
        count("", Some(30)).eq(0).and(count("", Some(90)).at_least(20)),
        orders(Some(90)).at_least(1).and(orders(Some(30)).eq(0)),
        count("favorite", None).at_least(3).and(orders(None).eq(0)),
        country.eq("CN").and(spent(None).at_least(200)),
        count("share", None).at_least(1).and(count("", Some(30)).at_least(10)).and(orders(None).at_least(1)),
    ]
}
