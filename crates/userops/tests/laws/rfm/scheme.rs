//! Schemes give every cell exactly one name.

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::score::rfm::{CellScheme, RfmScore, ScoreRange, SegmentRule, ValueGroup};

fn all_scores(bins: u8) -> impl Iterator<Item = RfmScore> {
    (1..=bins).flat_map(move |recency| {
        (1..=bins).flat_map(move |frequency| (1..=bins).map(move |monetary| RfmScore { recency, frequency, monetary }))
    })
}

#[test]
fn ten_segments_partition_all_cells() {
    let scheme = CellScheme::ten_segments();
    // The checked constructor accepts the rules: no cell is claimed twice, none is left out.
    assert_eq!(CellScheme::new(scheme.bins(), scheme.rules().to_vec(), None).unwrap(), scheme);
    assert_eq!(scheme.names().len(), 10);
    for score in all_scores(5) {
        let expected = match (score.recency, score.frequency) {
            (5, 4 | 5) => "champions",
            (3 | 4, 4 | 5) => "loyal_customers",
            (4 | 5, 2 | 3) => "potential_loyalists",
            (5, 1) => "new_customers",
            (4, 1) => "promising",
            (3, 3) => "need_attention",
            (3, 1 | 2) => "about_to_sleep",
            (1 | 2, 3 | 4) => "at_risk",
            (1 | 2, 5) => "cant_lose",
            (1 | 2, 1 | 2) => "hibernating",
            _ => "none",
        };
        assert_eq!(scheme.segment(score).unwrap(), expected, "{score}");
    }
}

#[test]
fn eight_groups_are_all_reached_and_named() {
    let group = |bits: u8| ValueGroup::from_high(bits & 4 > 0, bits & 2 > 0, bits & 1 > 0);
    let mut groups: Vec<ValueGroup> = (0..8).map(group).collect();
    groups.sort_unstable();
    assert_eq!(groups, ValueGroup::ALL);
    for group in ValueGroup::ALL {
        assert_eq!(serde_json::to_string(&group).unwrap(), format!("\"{}\"", group.name()));
    }
}

#[test]
fn a_scheme_with_cells_left_out_lists_them_or_names_the_remainder() {
    let rules = || [SegmentRule::new("best").recency(2..=3).frequency(3), SegmentRule::new("lost").recency(1)];
    let error = CellScheme::new([3, 3, 3], rules(), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidDefinition);
    assert!(error.to_string().contains("without a name: R2 F1, R2 F2, R3 F1, R3 F2;"), "{error}");

    let scheme = CellScheme::new([3, 3, 3], rules(), Some("rest".to_owned())).unwrap();
    let score = RfmScore { recency: 3, frequency: 1, monetary: 9 };
    assert_eq!(scheme.segment(score).unwrap(), "rest");
    assert_eq!(scheme.explain(score).unwrap().render(), "segment: rest (319 lies in no other segment)");
    let score = RfmScore { recency: 1, ..score };
    assert_eq!(scheme.explain(score).unwrap().render(), "segment: lost (119 lies in R1)");
}

#[test]
fn a_cell_claimed_twice_is_refused() {
    let rules = [SegmentRule::new("a").recency(1..=3), SegmentRule::new("b").frequency(2).monetary(1)];
    let error = CellScheme::new([5, 5, 5], rules, Some("rest".to_owned())).unwrap_err();
    assert_eq!(error.to_string(), "cell R1 F2 M1 is claimed twice, by \"a\" (R1–3) and \"b\" (F2 M1)");
}

#[test]
fn scores_and_ranges_outside_the_scheme_are_refused() {
    let score = RfmScore { recency: 6, frequency: 1, monetary: 1 };
    assert_eq!(CellScheme::ten_segments().segment(score).unwrap_err().kind(), ErrorKind::InvalidArgument);
    for rule in [
        SegmentRule::new("a").recency(0),
        SegmentRule::new("a").recency(2..=6),
        SegmentRule::new("a").monetary(ScoreRange { low: 3, high: 2 }),
        SegmentRule::new(""),
    ] {
        let error = CellScheme::new([5, 5, 5], [rule], Some("rest".to_owned())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidDefinition);
    }
    assert_eq!(
        CellScheme::new([5, 11, 5], [], Some("rest".to_owned())).unwrap_err().kind(),
        ErrorKind::InvalidDefinition
    );
}

#[test]
fn a_definition_is_checked_when_it_is_read() {
    let text = r#"
        bins = [2, 2, 1]
        remainder = "rest"
        [[segments]]
        name = "best"
        recency = 2
        frequency = [2, 2]
    "#;
    let scheme: CellScheme = toml::from_str(text).unwrap();
    let written = serde_json::to_string(&scheme).unwrap();
    assert_eq!(serde_json::from_str::<CellScheme>(&written).unwrap(), scheme);
    let error = toml::from_str::<CellScheme>(&text.replace("remainder = \"rest\"", "")).unwrap_err();
    assert!(error.to_string().contains("cells without a name: R1 F1, R1 F2, R2 F1"), "{error}");
}

proptest! {
    #[test]
    fn any_scheme_that_is_accepted_partitions_its_cells(
        blocks in prop::collection::vec((1u8..=4, 0u8..4, 1u8..=4, 0u8..4), 0..4),
        remainder in any::<bool>(),
    ) {
        let rule = |(name, (r, r_more, f, f_more)): (usize, (u8, u8, u8, u8))| {
            SegmentRule::new(format!("s{name}")).recency(r..=(r + r_more).min(4)).frequency(f..=(f + f_more).min(4))
        };
        let rules: Vec<SegmentRule> = blocks.into_iter().enumerate().map(rule).collect();
        let claims = |score: RfmScore| rules.iter().filter(|rule| {
            rule.recency.is_none_or(|range| range.contains(score.recency))
                && rule.frequency.is_none_or(|range| range.contains(score.frequency))
        }).collect::<Vec<_>>();
        let scheme = CellScheme::new([4, 4, 4], rules.clone(), remainder.then(|| "rest".to_owned()));
        let most = all_scores(4).map(|score| claims(score).len()).max().unwrap();
        let least = all_scores(4).map(|score| claims(score).len()).min().unwrap();
        prop_assert_eq!(scheme.is_ok(), most <= 1 && (least == 1 || remainder));
        if let Ok(scheme) = scheme {
            for score in all_scores(4) {
                let expected = claims(score).first().map_or("rest", |rule| rule.name.as_str());
                prop_assert_eq!(scheme.segment(score).unwrap(), expected);
            }
        }
    }
}
