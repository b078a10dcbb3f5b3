//! Portraits against naive counts, and what they must keep from view.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use userops::analytics::interval::wilson_interval;
use userops::column::{Bitmap, Column, Packed};
use userops::error::ErrorKind;
use userops::id::UserIx;
use userops::portrait::{
    Audience, CellKind, Dimension, INTEGER_CATEGORIES_MAX, Portrait, PortraitOptions, PortraitRow, SmallCells,
    VALUES_LIMIT, build_portrait,
};

/// One user: whether in the audience, and a value of each type.
#[derive(Debug, Clone)]
struct User {
    member: bool,
    city: Option<&'static str>,
    paid: Option<bool>,
    level: Option<i64>,
    orders: Option<i64>,
    /// In quarters, so that no rounding of cuts moves a value.
    spend: Option<f64>,
}

fn user(member_ratio: f64) -> impl Strategy<Value = User> {
    let city = prop::sample::select(vec!["", "A", "A", "A", "B", "B", "C", "D", "E", "F", "G"]);
    let spend = prop_oneof![Just(0.0), (-40i32..400).prop_map(|quarters| f64::from(quarters) / 4.0)];
    (
        prop::bool::weighted(member_ratio),
        prop::option::weighted(0.9, city),
        prop::option::weighted(0.9, prop::bool::weighted(0.9)),
        prop::option::weighted(0.95, 1i64..4),
        prop::option::weighted(0.9, prop_oneof![Just(0i64), -5i64..60]),
        prop::option::weighted(0.8, spend),
    )
        .prop_map(|(member, city, paid, level, orders, spend)| User { member, city, paid, level, orders, spend })
}

fn users() -> impl Strategy<Value = Vec<User>> {
    (0.0..=1.0).prop_flat_map(|member_ratio| prop::collection::vec(user(member_ratio), 1..150))
}

fn dimensions(users: &[User]) -> Vec<Dimension<'static>> {
    vec![
        Dimension::new("city", Column::texts(users.iter().map(|user| user.city))),
        Dimension::new("paid", Column::Bool(users.iter().map(|user| user.paid).collect())),
        Dimension::new("level", Column::Integer(users.iter().map(|user| user.level).collect())),
        Dimension::new("orders", Column::Integer(users.iter().map(|user| user.orders).collect())),
        Dimension::new("spend", Column::Float(users.iter().map(|user| user.spend).collect())),
    ]
}

fn members(users: &[User]) -> Bitmap {
    users.iter().map(|user| user.member).collect()
}

fn portrait(users: &[User], options: impl Into<PortraitOptions>) -> Portrait {
    build_portrait(members(users), &dimensions(users), options).unwrap()
}

/// Audience and everybody of each key, ascending by key; unknown last.
fn naive_counts<K: Ord>(users: &[User], key: impl Fn(&User) -> Option<K>) -> Vec<(u64, u64)> {
    let mut counts: BTreeMap<(bool, Option<K>), (u64, u64)> = BTreeMap::new();
    for user in users {
        let key = key(user);
        let count = counts.entry((key.is_none(), key)).or_default();
        count.0 += u64::from(user.member);
        count.1 += 1;
    }
    counts.into_values().collect()
}

fn shown_counts(portrait: &Portrait, dimension: &str) -> Vec<(u64, u64)> {
    let counts = |row: &PortraitRow| (row.audience_count.unwrap(), row.everyone_count.unwrap());
    portrait.rows_of(dimension).map(counts).collect()
}

/// The bin of a value, by the definition of the cuts.
fn naive_bin(all: &[f64], bins: usize, value: f64) -> usize {
    let mut sorted = all.to_vec();
    sorted.sort_by(f64::total_cmp);
    let greatest = sorted[sorted.len() - 1];
    let below = sorted.iter().copied().rfind(|value| *value < greatest);
    let cut = |i: usize| {
        let cut = sorted[(sorted.len() * i).div_ceil(bins) - 1];
        if cut < greatest { Some(cut) } else { below }
    };
    let cuts: BTreeSet<u64> = (1..bins).filter_map(cut).filter(|cut| *cut < value).map(f64::to_bits).collect();
    cuts.len()
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    }
}

fn hiding() -> impl Strategy<Value = PortraitOptions> {
    (prop::sample::select(vec![SmallCells::Merge, SmallCells::Suppress]), 1u32..9, 1u16..9).prop_map(
        |(small_cells, users, values)| {
            PortraitOptions::new().small_cells(small_cells).cell_users_min(users).values_max(values)
        },
    )
}

proptest! {
    #[test]
    fn counts_equal_naive_ones(users in users(), bins in 2u8..8) {
        let shown = portrait(&users, PortraitOptions::from(SmallCells::Show).bins(bins));
        prop_assert_eq!(shown_counts(&shown, "paid"), naive_counts(&users, |user| user.paid));
        prop_assert_eq!(shown_counts(&shown, "level"), naive_counts(&users, |user| user.level));
        let spends: Vec<f64> = users.iter().filter_map(|user| user.spend).collect();
        let by_spend = naive_counts(&users, |user| Some(naive_bin(&spends, usize::from(bins), user.spend?)));
        prop_assert_eq!(shown_counts(&shown, "spend"), by_spend);
        let orders: Vec<f64> = users.iter().filter_map(|user| Some(user.orders? as f64)).collect();
        let few = users.iter().filter_map(|user| user.orders).collect::<BTreeSet<_>>().len() <= INTEGER_CATEGORIES_MAX;
        let by_orders = naive_counts(&users, |user| {
            let value = user.orders?;
            Some(if few { value } else { naive_bin(&orders, usize::from(bins), value as f64) as i64 })
        });
        prop_assert_eq!(shown_counts(&shown, "orders"), by_orders);
    }

    #[test]
    fn texts_come_by_users_then_by_text(users in users()) {
        let shown = portrait(&users, SmallCells::Show);
        let mut naive: BTreeMap<Option<&str>, (u64, u64)> = BTreeMap::new();
        for user in &users {
            let count = naive.entry(user.city).or_default();
            count.0 += u64::from(user.member);
            count.1 += 1;
        }
        let special = [Some(""), None].map(|city| (city, naive.remove(&city)));
        let mut values: Vec<_> = naive.into_iter().collect();
        values.sort_by_key(|(city, (_, everyone))| (std::cmp::Reverse(*everyone), *city));
        values.extend(special.into_iter().filter_map(|(city, counts)| Some((city, counts?))));
        let name = |city: Option<&'static str>| match city {
            Some("") => ("(empty)", CellKind::Empty),
            None => ("(unknown)", CellKind::Unknown),
            Some(city) => (city, CellKind::Value),
        };
        let rows: Vec<_> = shown.rows_of("city").map(|row| (row.value.as_str(), row.kind)).collect();
        prop_assert_eq!(rows, values.iter().map(|(city, _)| name(*city)).collect::<Vec<_>>());
        prop_assert_eq!(shown_counts(&shown, "city"), values.into_iter().map(|(_, counts)| counts).collect::<Vec<_>>());
    }

    #[test]
    fn ratios_lifts_and_intervals_follow_from_the_counts(users in users()) {
        let shown = portrait(&users, SmallCells::Show);
        for row in &shown.rows {
            let (audience, everyone) = (row.audience_count.unwrap(), row.everyone_count.unwrap());
            let ratio = everyone as f64 / users.len() as f64;
            prop_assert_eq!(row.everyone_ratio, Some(ratio));
            prop_assert_eq!(row.audience_interval, wilson_interval(audience, shown.audience_count));
            let of_audience = (shown.audience_count > 0).then(|| audience as f64 / shown.audience_count as f64);
            prop_assert_eq!(row.audience_ratio, of_audience);
            prop_assert_eq!(row.lift, of_audience.map(|of_audience| of_audience / ratio));
        }
    }

    #[test]
    fn shown_counts_conserve_users(users in users(), values_max in 1u16..9) {
        let shown = portrait(&users, PortraitOptions::from(SmallCells::Show).values_max(values_max));
        prop_assert_eq!(shown.everyone_count, users.len() as u64);
        for dimension in ["city", "paid", "level", "orders", "spend"] {
            let (mut audience, mut everyone) = (0, 0);
            for (of_audience, of_everyone) in shown_counts(&shown, dimension) {
                audience += of_audience;
                everyone += of_everyone;
            }
            prop_assert_eq!((audience, everyone), (shown.audience_count, shown.everyone_count));
            let values = shown.rows_of(dimension).filter(|row| row.kind == CellKind::Value).count();
            prop_assert!(values <= usize::from(values_max));
        }
    }

    #[test]
    fn an_audience_of_everybody_has_lift_1_everywhere(mut users in users(), options in hiding()) {
        users.iter_mut().for_each(|user| user.member = true);
        let all = portrait(&users, options);
        for row in &all.rows {
            prop_assert_eq!(row.lift, (!row.suppressed).then_some(1.0));
            prop_assert_eq!(row.audience_count, row.everyone_count);
        }
        prop_assert!(all.most_distinctive(9).is_empty());
        for summary in &all.summaries {
            prop_assert_eq!(summary.audience_mean, summary.everyone_mean);
            prop_assert_eq!(summary.audience_median, summary.everyone_median);
        }
    }

    #[test]
    fn the_order_of_users_does_not_matter(
        (users, shuffled) in users().prop_flat_map(|users| (Just(users.clone()), Just(users).prop_shuffle())),
        options in hiding(),
    ) {
        prop_assert_eq!(portrait(&users, options), portrait(&shuffled, options));
        prop_assert_eq!(portrait(&users, SmallCells::Show), portrait(&shuffled, SmallCells::Show));
    }

    #[test]
    fn nothing_small_is_in_view_or_can_be_computed(users in users(), options in hiding()) {
        let hidden = portrait(&users, options);
        let is_small = |count: u64| (1..u64::from(options.cell_users_min)).contains(&count);
        for dimension in ["city", "paid", "level", "orders", "spend"] {
            let (mut audience, mut everyone) = (hidden.audience_count, hidden.everyone_count);
            let (out_of_view, in_view): (Vec<_>, Vec<_>) = hidden.rows_of(dimension).partition(|row| row.suppressed);
            for row in &in_view {
                let (of_audience, of_everyone) = (row.audience_count.unwrap(), row.everyone_count.unwrap());
                prop_assert!(!is_small(of_audience) && !is_small(of_everyone) && !is_small(of_everyone - of_audience));
                audience -= of_audience;
                everyone -= of_everyone;
            }
            for row in &out_of_view {
                prop_assert!(row.audience_count.is_none() && row.audience_ratio.is_none());
                prop_assert!(row.everyone_count.is_none() && row.everyone_ratio.is_none());
                prop_assert!(row.audience_interval.is_none() && row.lift.is_none());
            }
            if out_of_view.is_empty() {
                prop_assert_eq!((audience, everyone), (0, 0));
            } else if !in_view.is_empty() {
                prop_assert!(!is_small(audience) && !is_small(everyone) && !is_small(everyone - audience));
                prop_assert!(out_of_view.len() > 1, "a lone hidden row is its own sum");
            }
            if options.small_cells == SmallCells::Merge && !out_of_view.is_empty() {
                prop_assert!(out_of_view.iter().any(|row| row.kind == CellKind::Other));
            }
        }
    }

    #[test]
    fn the_most_distinctive_rows_are_those_of_a_full_sort(users in users(), k in 0usize..6) {
        let shown = portrait(&users, SmallCells::Show);
        let mut naive: Vec<(f64, usize)> = Vec::new();
        for (position, row) in shown.rows.iter().enumerate() {
            let (Some(lift), Some(interval), Some(everyone)) = (row.lift, row.audience_interval, row.everyone_ratio) else {
                continue;
            };
            if everyone < interval.low || everyone > interval.high {
                let lift = if lift == 0.0 { interval.high / everyone } else { lift };
                naive.push((-lift.ln().abs(), position));
            }
        }
        naive.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let naive: Vec<&PortraitRow> = naive.iter().take(k).map(|(_, position)| &shown.rows[*position]).collect();
        prop_assert_eq!(shown.most_distinctive(k), naive);
    }

    #[test]
    fn summaries_equal_naive_ones_or_are_hidden(users in users(), min in 1u32..9) {
        for small_cells in [SmallCells::Show, SmallCells::Merge] {
            let options = PortraitOptions::from(small_cells).cell_users_min(min);
            let portrait = portrait(&users, options);
            let value = |user: &User| user.spend;
            let mut of_audience: Vec<f64> = users.iter().filter(|user| user.member).filter_map(value).collect();
            let mut of_everyone: Vec<f64> = users.iter().filter_map(value).collect();
            let is_small = |count: usize| small_cells != SmallCells::Show && (1..min as usize).contains(&count);
            let hides_audience = is_small(of_audience.len()) || is_small(of_everyone.len() - of_audience.len());
            let hides_everyone = is_small(of_everyone.len());
            if hides_audience {
                of_audience.clear();
            }
            if hides_everyone {
                of_everyone.clear();
            }
            let summary = &portrait.summaries[2];
            prop_assert_eq!(&summary.dimension, "spend");
            prop_assert_eq!(summary.suppressed, hides_audience || hides_everyone);
            prop_assert!(close(summary.audience_mean, mean(&of_audience)));
            prop_assert!(close(summary.everyone_mean, mean(&of_everyone)));
            prop_assert_eq!(summary.audience_median, median(&mut of_audience));
            prop_assert_eq!(summary.everyone_median, median(&mut of_everyone));
        }
    }

    #[test]
    fn bins_hold_about_equal_parts_where_values_differ(count in 13usize..200, bins in 2u8..13) {
        let values: Vec<f64> = (0..count).map(|value| (value as f64).sqrt() * 1e3).collect();
        let members: Bitmap = (0..count).map(|_| true).collect();
        let options = PortraitOptions::from(SmallCells::Show).bins(bins);
        let portrait = build_portrait(&members, &[Dimension::new("x", values)], options).unwrap();
        for row in &portrait.rows {
            let part = count as u64 / u64::from(bins);
            prop_assert!((part..=part + 2).contains(&row.everyone_count.unwrap()), "{:?}", row);
        }
    }

    #[test]
    fn any_column_can_be_portrayed(
        times in prop::collection::vec(prop::option::of(any::<i64>()), 1..40),
        days in prop::collection::vec(prop::option::of(any::<i32>()), 40),
        floats in prop::collection::vec(prop::option::of(prop::num::f64::NORMAL), 40),
    ) {
        let count = times.len();
        let members: Bitmap = (0..count).map(|user| user % 2 == 0).collect();
        let dimensions = [
            Dimension::new("integer", Column::Integer(times.iter().copied().collect())),
            Dimension::new("time", Column::Time(times.iter().copied().collect())).in_zone("Asia/Shanghai".parse().unwrap()),
            Dimension::new("date", Column::Date(days.into_iter().take(count).collect())),
            Dimension::new("float", Column::Float(floats.into_iter().take(count).collect())),
        ];
        let portrait = build_portrait(&members, &dimensions, SmallCells::Show).unwrap();
        for dimension in &dimensions {
            let users: u64 = portrait.rows_of(dimension.name()).filter_map(|row| row.everyone_count).sum();
            prop_assert_eq!(users, count as u64);
        }
        prop_assert_eq!(portrait.to_table().unwrap().row_count(), portrait.rows.len());
        prop_assert_eq!(portrait.to_summary_table().unwrap().row_count(), 2);
    }
}

fn bits(count: usize, is_member: impl Fn(usize) -> bool) -> Bitmap {
    (0..count).map(is_member).collect()
}

#[test]
fn a_portrait_reads_as_text() {
    let cities = (0..100).map(|user| match user {
        0..60 => Some("Beijing"),
        60..90 => Some("上海"),
        90..92 => Some(""),
        92..95 => Some("Lhasa"),
        _ => None,
    });
    let ages: Vec<i64> = (0..100).map(|user| 20 + user % 50).collect();
    let dimensions = [Dimension::new("city", Column::texts(cities)), Dimension::new("age", ages)];
    let portrait = build_portrait(bits(100, |user| user % 5 < 2), &dimensions, PortraitOptions::new()).unwrap();
    let text = "\
40 of 100 users
dimension  value      audience   share     interval    everyone   share  lift
city       Beijing          24  60.0 %  44.6–73.7 %          60  60.0 %  1.00
city       上海     suppressed       –            –  suppressed       –     –
city       (other)  suppressed       –            –  suppressed       –     –
age        ≤ 29              8  20.0 %  10.5–34.8 %          20  20.0 %  1.00
age        30–39             8  20.0 %  10.5–34.8 %          20  20.0 %  1.00
age        40–49             8  20.0 %  10.5–34.8 %          20  20.0 %  1.00
age        50–59             8  20.0 %  10.5–34.8 %          20  20.0 %  1.00
age        ≥ 60              8  20.0 %  10.5–34.8 %          20  20.0 %  1.00

dimension  audience mean  audience median  everyone mean  everyone median
age                43.00            43.00          44.50            44.50
";
    assert_eq!(portrait.to_string(), text);
}

#[test]
fn a_small_rest_takes_the_next_smallest_with_it() {
    let cities = |user: usize| Some(["A", "B", "C", "D"][[0, 50, 80, 97].partition_point(|start| *start <= user) - 1]);
    let dimension = [Dimension::new("city", Column::texts((0..100).map(cities)))];
    let values = |small_cells| {
        let portrait = build_portrait(bits(100, |user| user % 2 == 0), &dimension, PortraitOptions::from(small_cells));
        portrait.unwrap().rows.into_iter().map(|row| (row.value, row.everyone_count)).collect::<Vec<_>>()
    };
    let row = |value: &str, count| (value.to_owned(), count);
    let merged = [row("A", Some(50)), row("B", Some(30)), row("C", None), row("(other)", None)];
    assert_eq!(values(SmallCells::Merge), merged);
    let suppressed = [row("A", Some(50)), row("B", Some(30)), row("C", None), row("D", None)];
    assert_eq!(values(SmallCells::Suppress), suppressed);
    let shown = [row("A", Some(50)), row("B", Some(30)), row("C", Some(17)), row("D", Some(3))];
    assert_eq!(values(SmallCells::Show), shown);
}

#[test]
fn instants_are_counted_by_local_month() {
    let micros = ["2025-12-31T15:59:59Z", "2025-12-31T16:00:00Z", "2026-02-01T00:00:00Z"]
        .map(|text| Some(text.parse::<userops::time::Timestamp>().unwrap().as_micros()));
    let times = Column::Time(micros.into_iter().collect());
    let months = |dimension: Dimension<'_>| {
        let portrait = build_portrait(bits(3, |_| true), &[dimension], SmallCells::Show).unwrap();
        assert!(portrait.summaries.is_empty());
        portrait.rows.into_iter().map(|row| row.value).collect::<Vec<_>>()
    };
    assert_eq!(months(Dimension::of("first seen", &times)), ["2025-12", "2026-02"]);
    let local = Dimension::of("first seen", &times).in_zone("Asia/Shanghai".parse().unwrap());
    assert_eq!(months(local), ["2025-12", "2026-01", "2026-02"]);
    let days: Packed<i32> = (0..600).map(|user| Some(user * 30)).collect();
    let births = build_portrait(bits(600, |_| true), &[Dimension::new("born", Column::Date(days))], SmallCells::Show);
    let labels: Vec<String> = births.unwrap().rows.into_iter().map(|row| row.value).collect();
    assert_eq!(labels, ["≤ 1979-10", "1979-11–1989-08", "1989-09–1999-06", "1999-07–2009-05", "≥ 2009-06"]);
}

#[test]
fn an_empty_audience_has_counts_but_no_ratios() {
    let dimension = [Dimension::new("x", vec![true; 9])];
    let portrait = build_portrait(bits(9, |_| false), &dimension, PortraitOptions::new()).unwrap();
    let row = &portrait.rows[0];
    assert_eq!((row.audience_count, row.everyone_count), (Some(0), Some(9)));
    assert_eq!((row.audience_ratio, row.audience_interval, row.lift), (None, None, None));
    assert!(portrait.most_distinctive(3).is_empty());
}

#[test]
fn audiences_come_from_bits_bools_and_users() {
    let known: Packed<bool> = [Some(true), None, Some(false)].into_iter().collect();
    let bools = Audience::from(&known);
    assert_eq!(bools, Audience::from(vec![true, false, false]));
    assert_eq!(bools, Audience::of_users(3, [UserIx(0), UserIx(0)]).unwrap());
    assert_eq!(bools, Audience::from(bits(3, |user| user == 0)));
    assert_eq!(Audience::of_users(3, [UserIx(3)]).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn what_cannot_be_portrayed_is_refused() {
    let kind = |users, dimensions: &[Dimension<'_>], options: PortraitOptions| {
        build_portrait(bits(users, |_| true), dimensions, options).unwrap_err().kind()
    };
    let options = PortraitOptions::new();
    assert_eq!(kind(0, &[], options), ErrorKind::Empty);
    assert_eq!(kind(2, &[Dimension::new("x", vec![true])], options), ErrorKind::InvalidArgument);
    assert_eq!(kind(1, &[Dimension::new("x", vec![f64::NAN])], options), ErrorKind::InvalidArgument);
    let twice = [Dimension::new("x", vec![true]), Dimension::new("x", vec![1i64])];
    assert_eq!(kind(1, &twice, options), ErrorKind::InvalidArgument);
    for bad in [options.bins(1), options.values_max(0), options.values_max(VALUES_LIMIT + 1), options.cell_users_min(0)]
    {
        assert_eq!(kind(1, &[], bad), ErrorKind::InvalidArgument);
    }
    let read: PortraitOptions = serde_json::from_str(r#"{"small_cells":"suppress"}"#).unwrap();
    assert_eq!(read, PortraitOptions::from(SmallCells::Suppress));
}
