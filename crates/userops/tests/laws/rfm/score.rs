//! Laws of scores, against oracles that count and sort.

use proptest::prelude::*;
use userops::score::rfm::{
    BinMethod, EightGroupOptions, EightGroupScheme, MeasureOptions, Measures, Nesting, RfmModel, RfmOptions, RfmScore,
    ThresholdKind, UserMeasures, ValueGroup,
};
use userops::score::{Comparison, Direction};

use super::{columns, user, users};

const DIRECTIONS: [Direction; 3] = [Direction::LowerIsBetter, Direction::HigherIsBetter, Direction::HigherIsBetter];

fn is_worse(direction: Direction, a: i64, b: i64) -> bool {
    if direction == Direction::HigherIsBetter { a < b } else { a > b }
}

/// 1 + ⌊bins · #(strictly worse) / N⌋ among `values`, by counting.
fn low_rank(values: &[i64], value: i64, direction: Direction, bins: u8) -> u8 {
    let worse = values.iter().filter(|other| is_worse(direction, **other, value)).count();
    1 + (usize::from(bins) * worse / values.len()) as u8
}

fn fit_and_score(users: &[(i64, i64, i64)], options: &RfmOptions) -> (RfmModel, Vec<RfmScore>) {
    let [recency, frequency, monetary] = columns(users);
    let measures = Measures::new(&recency, &frequency, &monetary);
    let model = RfmModel::fit(&measures, options).unwrap();
    let scores = model.score_columns(&measures).unwrap();
    (model, scores.iter().collect())
}

fn options() -> impl Strategy<Value = RfmOptions> {
    let method = prop_oneof![
        Just(BinMethod::LowRank),
        Just(BinMethod::Quantile),
        Just(BinMethod::Thresholds([5i64, 20].into())),
    ];
    let nesting = prop_oneof![Just(Nesting::Independent), Just(Nesting::Nested)];
    (3u8..=10, method, nesting).prop_map(|(bins, method, nesting)| RfmOptions::from(method).bins(bins).nesting(nesting))
}

proptest! {
    #[test]
    fn low_rank_equals_counting(users in users(), bins in 2u8..=10) {
        let (_, scores) = fit_and_score(&users, &RfmOptions::new().bins(bins));
        let [recency, frequency, monetary] = columns(&users);
        for (user, score) in users.iter().zip(scores) {
            prop_assert_eq!(score.recency, low_rank(&recency, user.0, DIRECTIONS[0], bins));
            prop_assert_eq!(score.frequency, low_rank(&frequency, user.1, DIRECTIONS[1], bins));
            prop_assert_eq!(score.monetary, low_rank(&monetary, user.2, DIRECTIONS[2], bins));
        }
    }

    #[test]
    fn nested_low_rank_equals_counting_among_peers(users in users(), bins in 2u8..=10) {
        let (_, scores) = fit_and_score(&users, &RfmOptions::new().bins(bins).nesting(Nesting::Nested));
        for (user, score) in users.iter().zip(&scores) {
            let peers = |fits: &dyn Fn(&RfmScore) -> bool| -> Vec<(i64, i64, i64)> {
                users.iter().zip(&scores).filter(|(_, score)| fits(score)).map(|(user, _)| *user).collect()
            };
            let [_, frequency, _] = columns(&peers(&|peer| peer.recency == score.recency));
            prop_assert_eq!(score.frequency, low_rank(&frequency, user.1, DIRECTIONS[1], bins));
            let [_, _, monetary] =
                columns(&peers(&|peer| (peer.recency, peer.frequency) == (score.recency, score.frequency)));
            prop_assert_eq!(score.monetary, low_rank(&monetary, user.2, DIRECTIONS[2], bins));
        }
    }

    #[test]
    fn quantile_bins_equal_exact_fractions(users in users(), bins in 2u8..=10) {
        let (_, scores) = fit_and_score(&users, &RfmOptions::from(BinMethod::Quantile).bins(bins));
        let [recency, frequency, _] = columns(&users);
        let edges = |mut values: Vec<i64>| -> Vec<i64> {
            // Every quantile times the number of bins is whole.
            values.sort_unstable();
            let (last, bins) = (values.len() - 1, usize::from(bins));
            let at = |i: usize| {
                let (below, above) = (values[last * i / bins], values[(last * i / bins + 1).min(last)]);
                below * bins as i64 + (above - below) * (last * i % bins) as i64
            };
            let mut edges: Vec<i64> = (0..=bins).map(at).collect();
            edges.dedup();
            edges
        };
        let bin = |edges: &[i64], value: i64| -> u8 {
            // The last bin whose lower edge the value is above; the first includes its lower edge.
            edges.iter().filter(|edge| value * i64::from(bins) > **edge).count().max(1) as u8
        };
        let (recency_edges, frequency_edges) = (edges(recency), edges(frequency));
        let best = recency_edges.len().saturating_sub(1).max(1) as u8;
        for (user, score) in users.iter().zip(scores) {
            prop_assert_eq!(score.recency, best + 1 - bin(&recency_edges, user.0));
            prop_assert_eq!(score.frequency, bin(&frequency_edges, user.1));
        }
    }

    #[test]
    fn thresholds_count_the_cuts_passed(
        users in users(),
        cuts in prop::collection::btree_set(-100i32..1_000, 1..9),
    ) {
        let halves: Vec<f64> = cuts.iter().map(|cut| f64::from(*cut) / 2.0).collect();
        let measure = |direction| MeasureOptions::new("measure", direction).bins(10).thresholds(halves.clone());
        let options = RfmOptions::new().recency(measure(DIRECTIONS[0])).monetary(measure(DIRECTIONS[2]));
        let (_, scores) = fit_and_score(&users, &options);
        for (user, score) in users.iter().zip(scores) {
            let passed = |direction, value: i64| {
                halves.iter().filter(|cut| match direction {
                    Direction::HigherIsBetter => value as f64 >= **cut,
                    Direction::LowerIsBetter => value as f64 <= **cut,
                }).count() as u8
            };
            prop_assert_eq!(score.recency, 1 + passed(DIRECTIONS[0], user.0));
            prop_assert_eq!(score.monetary, 1 + passed(DIRECTIONS[2], user.2));
        }
    }

    #[test]
    fn scores_do_not_depend_on_the_order_of_users(users in users(), options in options(), turn in 0usize..120) {
        let (_, scores) = fit_and_score(&users, &options);
        let turn = turn % users.len();
        let turned: Vec<_> = users[turn..].iter().chain(&users[..turn]).rev().copied().collect();
        let (_, turned_scores) = fit_and_score(&turned, &options);
        for (user, score) in users.iter().zip(scores) {
            let place = turned.iter().position(|other| other == user).unwrap();
            prop_assert_eq!(turned_scores[place], score);
        }
    }

    #[test]
    fn equal_users_share_scores_and_better_ones_never_score_less(users in users(), options in options()) {
        let (_, scores) = fit_and_score(&users, &options);
        for (user, score) in users.iter().zip(&scores) {
            for (other, other_score) in users.iter().zip(&scores) {
                prop_assert!(user != other || score == other_score);
                prop_assert!(user.0 > other.0 || score.recency >= other_score.recency);
                if options.nesting == Nesting::Independent {
                    prop_assert!(user.1 < other.1 || score.frequency >= other_score.frequency);
                    prop_assert!(user.2 < other.2 || score.monetary >= other_score.monetary);
                }
            }
        }
    }

    #[test]
    fn the_column_kernel_equals_the_scalar_for_users_never_seen(
        users in users(),
        newcomers in prop::collection::vec((any::<i64>(), any::<i64>(), any::<i64>()), 0..40),
        options in options(),
    ) {
        let (model, _) = fit_and_score(&users, &options);
        let [recency, frequency, monetary] = columns(&newcomers);
        let scores = model.score_columns(&Measures::new(&recency, &frequency, &monetary)).unwrap();
        prop_assert_eq!(scores.len(), newcomers.len());
        for (newcomer, score) in newcomers.into_iter().zip(scores.iter()) {
            prop_assert_eq!(model.score(&user(newcomer)).unwrap(), score);
            let explanation = model.explain(&user(newcomer)).unwrap();
            prop_assert_eq!(explanation.value, Some(score.to_string().into()));
        }
    }

    #[test]
    fn floats_score_as_whole_numbers_do_under_low_rank(users in users(), bins in 2u8..=10) {
        let options = RfmOptions::new().bins(bins);
        let (_, scores) = fit_and_score(&users, &options);
        let floats: Vec<_> = users.iter().map(|(r, f, m)| (*r as f64 / 3.0, *f as f64 * 0.1, *m as f64)).collect();
        let [recency, frequency, monetary] = columns(&floats);
        let measures = Measures::new(&recency, &frequency, &monetary);
        let model = RfmModel::fit(&measures, &options).unwrap();
        prop_assert_eq!(model.score_columns(&measures).unwrap().iter().collect::<Vec<_>>(), scores.clone());
        for (float, score) in floats.into_iter().zip(scores) {
            prop_assert_eq!(model.score(&UserMeasures::new(float.0, float.1, float.2)).unwrap(), score);
        }
    }

    #[test]
    fn any_floats_can_be_binned_by_quantiles(
        floats in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 1..60),
        bins in 2u8..=10,
    ) {
        let measures = Measures::new(&floats, &floats, &floats);
        let options = RfmOptions::from(BinMethod::Quantile).bins(bins);
        let scores = RfmModel::fit(&measures, options).unwrap().score_columns(&measures).unwrap();
        prop_assert!(scores.monetary.iter().all(|score| (1..=bins).contains(score)));
    }

    #[test]
    fn a_model_written_and_read_is_the_same(users in users(), options in options()) {
        let (model, _) = fit_and_score(&users, &options);
        let json = serde_json::to_string(&model).unwrap();
        prop_assert_eq!(serde_json::from_str::<RfmModel>(&json).unwrap(), model);
    }

    #[test]
    fn a_model_of_floats_written_and_read_is_the_same(
        floats in prop::collection::vec(prop::num::f64::NORMAL, 1..60),
    ) {
        let measures = Measures::new(&floats, &floats, &floats);
        let model = RfmModel::fit(&measures, RfmOptions::new()).unwrap();
        let text = toml::to_string(&model).unwrap();
        prop_assert_eq!(toml::from_str::<RfmModel>(&text).unwrap(), model);
    }

    #[test]
    fn eight_groups_equal_comparing_fractions(users in users(), median in any::<bool>(), above in any::<bool>()) {
        let [recency, frequency, monetary] = columns(&users);
        let measures = Measures::new(&recency, &frequency, &monetary);
        let kind = if median { ThresholdKind::Median } else { ThresholdKind::Mean };
        let comparison = if above { Comparison::Above } else { Comparison::AtLeast };
        let mut options = EightGroupOptions::from(kind).comparison(comparison);
        options.recency.comparison = comparison;
        let scheme = EightGroupScheme::fit(&measures, options).unwrap();
        // The threshold is the sum of `picked` over their number.
        let is_high = |values: &[i64], value: i64, direction: Direction| {
            let mut picked = values.to_vec();
            if median {
                picked.sort_unstable();
                picked = vec![picked[(picked.len() - 1) / 2], picked[picked.len() / 2]];
            }
            let (scaled, total) = (value * picked.len() as i64, picked.iter().sum::<i64>());
            is_worse(direction, total, scaled) || (!above && total == scaled)
        };
        for (row, group) in scheme.groups(&measures).unwrap().into_iter().enumerate() {
            prop_assert_eq!(group, ValueGroup::from_high(
                is_high(&recency, recency[row], DIRECTIONS[0]),
                is_high(&frequency, frequency[row], DIRECTIONS[1]),
                is_high(&monetary, monetary[row], DIRECTIONS[2]),
            ));
            prop_assert_eq!(scheme.group(&measures.get(row).unwrap()).unwrap(), group);
        }
        let text = toml::to_string(&scheme).unwrap();
        prop_assert_eq!(toml::from_str::<EightGroupScheme>(&text).unwrap(), scheme);
    }

    #[test]
    fn means_of_floats_do_not_depend_on_the_order_of_users(
        floats in prop::collection::vec(-1e12f64..1e12, 1..60),
        turn in 0usize..60,
    ) {
        let turn = turn % floats.len();
        let turned: Vec<f64> = floats[turn..].iter().chain(&floats[..turn]).rev().copied().collect();
        let fit = |values: &Vec<f64>| {
            EightGroupScheme::fit(&Measures::new(values, values, values), EightGroupOptions::new()).unwrap()
        };
        prop_assert_eq!(fit(&floats), fit(&turned));
    }
}

#[test]
fn the_number_of_threads_makes_no_difference() {
    // A linear congruence (Knuth's MMIX constants) spreads 50,000 users over more rows than one task takes.
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i64
    };
    let users: Vec<(i64, i64, i64)> = (0..50_000).map(|_| (next() % 400, 1 + next() % 9, next() % 1_000_000)).collect();
    for options in [RfmOptions::new(), RfmOptions::new().nesting(Nesting::Nested)] {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit_and_score(&users, &options))
        };
        assert_eq!(run(1), run(4));
    }
}

#[test]
fn extreme_values_are_scored_exactly() {
    let values = [i64::MIN, -1, 0, 1, i64::MAX];
    let measures = Measures::new(&values, &values, &values);
    for options in [RfmOptions::new(), RfmOptions::from(BinMethod::Quantile)] {
        let model = RfmModel::fit(&measures, options).unwrap();
        let scores = model.score_columns(&measures).unwrap();
        assert_eq!(scores.recency, [5, 4, 3, 2, 1]);
        assert_eq!(scores.monetary, [1, 2, 3, 4, 5]);
        model.explain(&UserMeasures::new(i64::MAX, i64::MIN, 0i64)).unwrap();
    }
    let scheme = EightGroupScheme::fit(&measures, EightGroupOptions::new()).unwrap();
    // The mean is −1/5.
    assert_eq!(scheme.groups(&measures).unwrap()[1], ValueGroup::OrdinaryDevelop);
    assert_eq!(scheme.groups(&measures).unwrap()[2], ValueGroup::ImportantKeep);
}

#[test]
fn an_explanation_tells_the_cut_passed_and_the_step_missing() {
    let users: Vec<_> = (1..=10).map(|i| (i * 10, i, i * 100)).collect();
    let (model, _) = fit_and_score(&users, &RfmOptions::new());
    let text = model.explain(&UserMeasures::new(30i64, 5i64, 100i64)).unwrap().render();
    let expected = "\
rfm: 431 (by the cuts of 10 users)
  recency: 30 (recency: score 4 of 5)
    cut_passed: 50 (passed: less than 50 makes at least 4)
    cut_next: 30 (not passed: less than 30 would make 5)
    step_missing: 1 (at least that much less)
  frequency: 5 (frequency (days with an order): score 3 of 5)
    cut_passed: 4 (passed: more than 4 makes at least 3)
    cut_next: 6 (not passed: more than 6 would make 4)
    step_missing: 2 (at least that much more)
  monetary: 100 (monetary (the sum over all orders): score 1 of 5)
    cut_next: 200 (not passed: more than 200 would make 2)
    step_missing: 101 (at least that much more)";
    assert_eq!(text, expected);
}
