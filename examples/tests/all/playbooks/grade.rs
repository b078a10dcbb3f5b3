//! RFM by its formula: as many as are strictly worse; the ten segments by their table, the groups by the median.

use super::recount::{Answer, text};

/// The columns of the score of each user; all unknown for those who are not graded.
pub(super) fn grade(measured: &[[Option<i64>; 3]], has_groups: bool) -> Vec<Vec<(&'static str, Answer)>> {
    // More is better throughout: recency is turned round.
    let better = |measured: &[Option<i64>; 3]| match *measured {
        [Some(recency), Some(frequency), Some(monetary)] if frequency > 0 => Some([-recency, frequency, monetary]),
        _ => None,
    };
    let population: Vec<[i64; 3]> = measured.iter().filter_map(better).collect();
    let sorted = [0, 1, 2].map(|measure| {
        let mut values: Vec<i64> = population.iter().map(|user| user[measure]).collect();
        values.sort_unstable();
        values
    });
    let score = |measure: usize, value: i64| {
        let worse = sorted[measure].partition_point(|other| *other < value);
        1 + 5 * worse / population.len()
    };
    let is_high = |measure: usize, value: i64| {
        let values = &sorted[measure];
        2 * value > values[(values.len() - 1) / 2] + values[values.len() / 2]
    };
    let columns = |user: &[Option<i64>; 3]| {
        let values = better(user);
        let scores = values.map(|values| [0, 1, 2].map(|measure| score(measure, values[measure])));
        let number = |measure: usize| scores.map(|scores| scores[measure].to_string());
        let mut columns = vec![
            ("recency", number(0)),
            ("frequency", number(1)),
            ("monetary", number(2)),
            ("segment", scores.and_then(|[recency, frequency, _]| text(segment(recency, frequency)))),
        ];
        if has_groups {
            let group = values.map(|values| [0, 1, 2].map(|measure| is_high(measure, values[measure])));
            columns.push(("group", group.and_then(|high| text(eight_groups(high)))));
        }
        columns
    };
    measured.iter().map(columns).collect()
}

fn segment(recency: usize, frequency: usize) -> &'static str {
    match (recency, frequency) {
        (5, 4..) => "champions",
        (3 | 4, 4..) => "loyal_customers",
        (4.., 2 | 3) => "potential_loyalists",
        (5, 1) => "new_customers",
        (4, 1) => "promising",
        (3, 3) => "need_attention",
        (3, _) => "about_to_sleep",
        (_, 5) => "cant_lose",
        (_, 3 | 4) => "at_risk",
        _ => "hibernating",
    }
}

fn eight_groups(high: [bool; 3]) -> &'static str {
    match high {
        [true, true, true] => "important_value",
        [true, false, true] => "important_develop",
        [false, true, true] => "important_keep",
        [false, false, true] => "important_retain",
        [true, true, false] => "ordinary_value",
        [true, false, false] => "ordinary_develop",
        [false, true, false] => "ordinary_keep",
        [false, false, false] => "ordinary_retain",
    }
}
