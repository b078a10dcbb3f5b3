//! Paths against lists of labels, and the conservation of what comes in and goes out.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::log::EventLog;
use userops::path::{
    AnchorChoice, PathDirection, PathGroup, PathNodeKind, PathOptions, PathTree, PathTreeOptions, Transitions,
    Ungrouped, build_path_tree, count_transitions,
};
use userops::rule::EventPattern;
use userops::time::{Calendar, Span, TimeRange, Timestamp, Window, Zone};

use crate::stream::{Deed, MINUTE, START, Stream, matches, patterns, streams, with_threads};

fn windows() -> impl Strategy<Value = Window> {
    let at = |minutes: i64| Timestamp::from_micros(START + minutes * MINUTE);
    prop_oneof![
        4 => Just(Window::All),
        1 => (0i64..60, 0i64..2000).prop_map(move |(from, long)| Window::Between { start: at(from), end: at(from + long) }),
        1 => Just(Window::rolling_days(3)),
    ]
}

fn path_options() -> impl Strategy<Value = PathOptions> {
    let group = (prop::sample::select(vec!["shop", "order", "touch"]), patterns());
    let groups = prop_oneof![Just(Vec::new()), prop::collection::vec(group, 1..3)];
    let ungrouped = prop::sample::select(vec![Ungrouped::Name, Ungrouped::Together, Ungrouped::LeaveOut]);
    let gap = prop::option::of(prop::sample::select(vec![10 * MINUTE, 30 * MINUTE, 600 * MINUTE]));
    (windows(), groups, ungrouped, any::<bool>(), gap).prop_map(|(window, groups, ungrouped, collapsed, gap)| {
        PathOptions {
            window,
            groups: groups.into_iter().map(|(name, pattern)| PathGroup::new(name, pattern)).collect(),
            ungrouped,
            repeats_collapsed: collapsed,
            session_gap: gap.map(Span::from_micros),
        }
    })
}

fn tree_options() -> impl Strategy<Value = PathTreeOptions> {
    (
        path_options(),
        prop::option::weighted(0.8, patterns()),
        prop::sample::select(vec![AnchorChoice::First, AnchorChoice::Last, AnchorChoice::Every]),
        prop::sample::select(vec![PathDirection::After, PathDirection::Before]),
        1u8..5,
        prop::option::of(prop::sample::select(vec![0, 20 * MINUTE, 3000 * MINUTE])),
        prop::sample::select(vec![0.0, 0.0, 0.2, 0.5, 1.0]),
    )
        .prop_map(|(paths, anchor, choice, direction, depth, within, ratio_min)| {
            let within = within.map(Span::from_micros);
            PathTreeOptions { paths, anchor, choice, direction, depth, within, ratio_min }
        })
}

/// The label of an event on the path, or none where it is left out.
fn label(options: &PathOptions, deed: &Deed) -> Option<String> {
    match options.groups.iter().find(|group| matches(&group.pattern(), deed)) {
        Some(group) => Some(group.name.clone()),
        None => match options.ungrouped {
            Ungrouped::Name => Some(deed.name.to_owned()),
            Ungrouped::Together => Some("(ungrouped)".to_owned()),
            Ungrouped::LeaveOut => None,
        },
    }
}

/// The instants that count.
fn window(stream: &Stream, options: &PathOptions) -> TimeRange {
    let calendar = Calendar::new(Zone::UTC, stream.as_of(), stream.as_of());
    options.window.range(stream.as_of(), &calendar).unwrap()
}

/// The paths of one user, left-out events included, each with the last instant at which it could go on, if it could.
fn paths(stream: &Stream, range: TimeRange, options: &PathOptions, deeds: &[Deed]) -> Vec<(Vec<Deed>, Option<i64>)> {
    let inside = deeds.iter().filter(|deed| range.contains(Timestamp::from_micros(deed.time)));
    let mut paths: Vec<Vec<Deed>> = Vec::new();
    for deed in inside {
        let gap = options.session_gap.map_or(i64::MAX, Span::as_micros);
        match paths.last_mut() {
            Some(path) if deed.time - path[path.len() - 1].time <= gap => path.push(*deed),
            _ => paths.push(vec![*deed]),
        }
    }
    let count = paths.len();
    let may_go_on = range.end > stream.as_of();
    let with_end = |(index, path): (usize, Vec<Deed>)| {
        let last = path[path.len() - 1].time;
        let until = match options.session_gap {
            _ if index + 1 < count || !may_go_on => Some(stream.as_of),
            Some(gap) => Some(last + gap.as_micros()),
            None => None,
        };
        (path, until)
    };
    paths.into_iter().enumerate().map(with_end).collect()
}

/// Whether a path that may go on until `until`, and counts no further than `limit`, has not come to its end.
fn is_open(stream: &Stream, until: Option<i64>, limit: Option<i64>) -> bool {
    (until.is_some() || limit.is_some()) && until.unwrap_or(i64::MAX).min(limit.unwrap_or(i64::MAX)) > stream.as_of
}

fn naive_median(mut values: Vec<i64>) -> Option<f64> {
    values.sort_unstable();
    let at = |index: usize| values[index] as f64 / 1e6;
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        len if len % 2 == 1 => Some(at(middle)),
        _ => Some(at(middle - 1) * 0.5 + at(middle) * 0.5),
    }
}

type Pair = (String, String);

/// Count, users and times between, by pair of labels.
fn naive_transitions(stream: &Stream, options: &PathOptions) -> BTreeMap<Pair, (u64, BTreeSet<i64>, Vec<i64>)> {
    let mut pairs: BTreeMap<Pair, (u64, BTreeSet<i64>, Vec<i64>)> = BTreeMap::new();
    let range = window(stream, options);
    for deeds in stream.by_user() {
        for (path, until) in paths(stream, range, options, &deeds) {
            let mut steps: Vec<(String, i64)> =
                path.iter().filter_map(|d| Some((label(options, d)?, d.time))).collect();
            if options.repeats_collapsed {
                steps.dedup_by(|later, earlier| later.0 == earlier.0);
            }
            let Some((first, _)) = steps.first() else { continue };
            let end = if is_open(stream, until, None) { "(open)" } else { "(exit)" };
            let mut add = |source: &str, target: &str, gap: Option<i64>| {
                let cell = pairs.entry((source.to_owned(), target.to_owned())).or_default();
                cell.0 += 1;
                cell.1.insert(path[0].user);
                cell.2.extend(gap);
            };
            add("(start)", first, None);
            steps.windows(2).for_each(|pair| add(&pair[0].0, &pair[1].0, Some(pair[1].1 - pair[0].1)));
            add(&steps[steps.len() - 1].0, end, None);
        }
    }
    pairs
}

fn check_transitions(stream: &Stream, found: &Transitions) -> Result<(), TestCaseError> {
    let naive = naive_transitions(stream, &found.options);
    prop_assert_eq!(found.rows.len(), naive.len());
    let (mut ins, mut outs) = (BTreeMap::<&str, u64>::new(), BTreeMap::<&str, u64>::new());
    for row in &found.rows {
        *outs.entry(&row.source).or_default() += row.count;
        *ins.entry(&row.target).or_default() += row.count;
    }
    for row in &found.rows {
        let (count, users, gaps) = &naive[&(row.source.clone(), row.target.clone())];
        prop_assert_eq!((row.count, row.user_count), (*count, users.len() as u64));
        prop_assert_eq!(row.gap_median_seconds, naive_median(gaps.clone()));
        prop_assert_eq!(row.ratio, row.count as f64 / outs[row.source.as_str()] as f64);
        if row.source_kind == PathNodeKind::Event {
            prop_assert_eq!(ins[row.source.as_str()], outs[row.source.as_str()], "what comes in goes out");
        }
    }
    prop_assert_eq!(outs.get("(start)").copied().unwrap_or(0), found.path_count);
    let ends = ins.get("(exit)").copied().unwrap_or(0) + ins.get("(open)").copied().unwrap_or(0);
    prop_assert_eq!(ends, found.path_count);
    let order =
        |row: &userops::path::Transition| (std::cmp::Reverse(row.count), row.source.clone(), row.target.clone());
    prop_assert!(found.rows.is_sorted_by_key(order));
    let users: BTreeSet<i64> =
        naive.iter().filter(|(pair, _)| pair.0 == "(start)").flat_map(|(_, c)| c.1.clone()).collect();
    prop_assert_eq!(found.user_count, users.len() as u64);
    Ok(())
}

/// The labels on the way from every anchor of a user.
fn naive_ways(stream: &Stream, options: &PathTreeOptions, deeds: &[Deed]) -> Vec<Vec<String>> {
    let mut ways = Vec::new();
    for (path, until) in paths(stream, window(stream, &options.paths), &options.paths, deeds) {
        let on_path: Vec<usize> = (0..path.len()).filter(|at| label(&options.paths, &path[*at]).is_some()).collect();
        // Where the anchor stands, and whether it is on the path by itself.
        let mut anchors: Vec<(usize, bool)> = match (&options.anchor, options.direction) {
            (Some(pattern), _) => {
                (0..path.len()).filter(|at| matches(pattern, &path[*at])).map(|at| (at, true)).collect()
            }
            (None, PathDirection::After) => on_path.first().map(|at| (*at, false)).into_iter().collect(),
            (None, PathDirection::Before) => on_path.last().map(|at| (*at, false)).into_iter().collect(),
        };
        match options.choice {
            AnchorChoice::First => anchors.truncate(1),
            AnchorChoice::Last => anchors = anchors.last().copied().into_iter().collect(),
            AnchorChoice::Every => {}
        }
        for (at, is_event) in anchors {
            let after = options.direction == PathDirection::After;
            let rest: Vec<&Deed> = match (after, is_event) {
                (true, true) => path[at + 1..].iter().collect(),
                (true, false) => path[at..].iter().collect(),
                (false, true) => path[..at].iter().rev().collect(),
                (false, false) => path[..=at].iter().rev().collect(),
            };
            let within = options.within.map_or(i64::MAX, Span::as_micros);
            let mut before = if is_event { label(&options.paths, &path[at]) } else { None };
            let (mut way, mut is_cut) = (Vec::new(), false);
            for deed in rest {
                let Some(label) = label(&options.paths, deed) else { continue };
                if options.paths.repeats_collapsed && before.as_ref() == Some(&label) {
                    continue;
                }
                is_cut |= (deed.time - path[at].time).abs() > within;
                if is_cut || way.len() == usize::from(options.depth) {
                    break;
                }
                way.push(label.clone());
                before = Some(label);
            }
            if way.len() < usize::from(options.depth) {
                let limit = options.within.map(|within| path[at].time + within.as_micros());
                let end = match after {
                    false => "(start)",
                    true if !is_cut && is_open(stream, until, limit) => "(open)",
                    true => "(exit)",
                };
                way.push(end.to_owned());
            }
            ways.push(way);
        }
    }
    ways
}

/// Count and users by way from the root, small branches folded.
fn naive_tree(stream: &Stream, options: &PathTreeOptions) -> BTreeMap<Vec<String>, (u64, u64)> {
    let ways: Vec<(usize, Vec<String>)> = stream
        .by_user()
        .iter()
        .enumerate()
        .flat_map(|(user, deeds)| naive_ways(stream, options, deeds).into_iter().map(move |way| (user, way)))
        .collect();
    let with_prefix = |prefix: &[String]| ways.iter().filter(|(_, way)| way.starts_with(prefix)).count();
    let mut tree: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::from([(Vec::new(), Vec::new())]);
    for (user, way) in &ways {
        let mut shown = Vec::new();
        tree.entry(shown.clone()).or_default().push(*user);
        for step in 1..=way.len() {
            let is_end = ["(exit)", "(open)", "(start)"].contains(&way[step - 1].as_str());
            let is_small = (with_prefix(&way[..step]) as f64) < options.ratio_min * ways.len() as f64;
            let folded = !is_end && is_small;
            shown.push(if folded { "(other)".to_owned() } else { way[step - 1].clone() });
            tree.entry(shown.clone()).or_default().push(*user);
            if folded {
                break;
            }
        }
    }
    let counts = |users: Vec<usize>| (users.len() as u64, users.into_iter().collect::<BTreeSet<_>>().len() as u64);
    tree.into_iter().map(|(way, users)| (way, counts(users))).collect()
}

/// The labels from the root down to each node.
fn ways_of(tree: &PathTree) -> Vec<Vec<String>> {
    let mut ways: Vec<Vec<String>> = Vec::new();
    for node in &tree.nodes {
        let above = node.parent.map(|parent| ways[parent as usize].clone());
        ways.push(above.map_or(Vec::new(), |mut way| {
            way.push(node.node.clone());
            way
        }));
    }
    ways
}

fn check_tree(stream: &Stream, tree: &PathTree) -> Result<(), TestCaseError> {
    let found: BTreeMap<Vec<String>, (u64, u64)> =
        ways_of(tree).into_iter().zip(tree.nodes.iter().map(|node| (node.count, node.user_count))).collect();
    prop_assert_eq!(found.len(), tree.nodes.len());
    prop_assert_eq!(found, naive_tree(stream, &tree.options));
    for (index, node) in tree.nodes.iter().enumerate() {
        let children: Vec<_> = tree.nodes.iter().filter(|child| child.parent == Some(index as u32)).collect();
        prop_assert!(children.iter().all(|child| child.step == node.step + 1));
        let is_last = node.step == tree.options.depth || (node.kind != PathNodeKind::Event && index > 0);
        if !is_last {
            prop_assert_eq!(children.iter().map(|child| child.count).sum::<u64>(), node.count);
        }
    }
    let flows = tree.flows();
    let after = tree.options.direction == PathDirection::After;
    for flow in
        flows.iter().filter(|flow| flow.target_kind == PathNodeKind::Event && flow.source_kind == PathNodeKind::Event)
    {
        let (step, node) = if after { (flow.step + 1, &flow.target) } else { (flow.step, &flow.source) };
        if step.unsigned_abs() < u16::from(tree.options.depth) {
            let into: u64 = flows.iter().filter(|f| f.step + 1 == step && f.target == *node).map(|f| f.count).sum();
            let out: u64 = flows.iter().filter(|f| f.step == step && f.source == *node).map(|f| f.count).sum();
            prop_assert_eq!(into, out);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn transitions_equal_lists_of_labels_and_conserve_them(
        stream in streams(), options in prop::collection::vec(path_options(), 8),
    ) {
        let log = stream.log();
        for options in options {
            let found = count_transitions(&log, stream.as_of(), options).unwrap();
            check_transitions(&stream, &found)?;
            prop_assert_eq!(found.to_table().unwrap().row_count(), found.rows.len());
        }
    }

    #[test]
    fn trees_equal_lists_of_labels_and_conserve_them(
        stream in streams(), options in prop::collection::vec(tree_options(), 8),
    ) {
        let log = stream.log();
        for options in options {
            let tree = build_path_tree(&log, stream.as_of(), options).unwrap();
            check_tree(&stream, &tree)?;
            prop_assert_eq!(tree.to_table().unwrap().row_count(), tree.nodes.len());
            prop_assert_eq!(tree.to_flow_table().unwrap().row_count(), tree.flows().len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn paths_do_not_depend_on_arrival_threads_or_parts(
        stream in streams(), options in path_options(), tree in tree_options(),
    ) {
        let (log, as_of) = (stream.log(), stream.as_of());
        let whole = with_threads(|| count_transitions(&log, as_of, options.clone()).unwrap());
        let other_log = stream.rearranged().log();
        prop_assert_eq!(&count_transitions(&other_log, as_of, options.clone()).unwrap(), &whole);
        let tree_of = |log| build_path_tree(log, as_of, tree.clone()).unwrap();
        let whole_tree = with_threads(|| tree_of(&log));
        prop_assert_eq!(&tree_of(&other_log), &whole_tree);
        let json = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(serde_json::from_str::<Transitions>(&json).unwrap(), whole.clone());
        let json = serde_json::to_string(&whole_tree).unwrap();
        prop_assert_eq!(serde_json::from_str::<PathTree>(&json).unwrap(), whole_tree);

        let unfolded = PathTreeOptions { ratio_min: 0.0, ..tree.clone() };
        let (mut counts, mut branches) = (BTreeMap::new(), BTreeMap::new());
        for users in [vec![0, 2, 4], vec![1, 3, 5]] {
            let part = stream.log_of(&users);
            for row in count_transitions(&part, as_of, options.clone()).unwrap().rows {
                let sum: &mut (u64, u64) = counts.entry((row.source, row.target)).or_default();
                *sum = (sum.0 + row.count, sum.1 + row.user_count);
            }
            let tree = build_path_tree(&part, as_of, unfolded.clone()).unwrap();
            for (way, node) in ways_of(&tree).into_iter().zip(&tree.nodes) {
                let sum: &mut (u64, u64) = branches.entry(way).or_default();
                *sum = (sum.0 + node.count, sum.1 + node.user_count);
            }
        }
        let rows = whole.rows.into_iter().map(|row| ((row.source, row.target), (row.count, row.user_count)));
        prop_assert_eq!(rows.collect::<BTreeMap<_, _>>(), counts);
        prop_assert_eq!(naive_tree(&stream, &unfolded), branches);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let stream = Stream { deeds: Vec::new(), zone: "UTC", cities: vec![None; 6], as_of: START };
    let log = stream.log();
    let refused = |options: PathTreeOptions| build_path_tree(&log, stream.as_of(), options).unwrap_err();
    let named = |name: &str| PathOptions::default().group(name, EventPattern::default());
    for (options, kind, part) in [
        (PathTreeOptions::default().depth(0), ErrorKind::InvalidArgument, "depth = 0 is not in the range 1 to 20"),
        (PathTreeOptions::default().depth(21), ErrorKind::InvalidArgument, "depth = 21"),
        (PathTreeOptions::default().ratio_min(f64::NAN), ErrorKind::InvalidArgument, "ratio_min = NaN"),
        (PathTreeOptions::default().within(Span::from_days(-1)), ErrorKind::InvalidArgument, "within = -1d"),
        (PathTreeOptions::default().paths(named("(exit)")), ErrorKind::InvalidDefinition, "(exit)"),
        (PathTreeOptions::default().paths(named("")), ErrorKind::InvalidDefinition, "group 0"),
        (
            PathTreeOptions::default().paths(PathOptions::default().session_gap(Span::from_days(0))),
            ErrorKind::InvalidArgument,
            "session_gap = 0d is not positive",
        ),
        (PathTreeOptions::after(EventPattern::new(["oder"])), ErrorKind::UnknownName, "did you mean \"order\"?"),
    ] {
        let error = refused(options);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let many = PathOptions { groups: vec![PathGroup::new("g", EventPattern::default()); 64], ..PathOptions::default() };
    let error = count_transitions(&log, stream.as_of(), many).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(serde_json::from_str::<PathOptions>(r#"{"gruops": []}"#).is_err());
    let read: PathOptions = serde_json::from_str(r#"{"groups": [{"name": "shop", "events": ["view"]}]}"#).unwrap();
    assert_eq!(read, PathOptions::default().group("shop", EventPattern::new(["view"])));
}

#[test]
fn many_kinds_of_events_are_counted_up_to_the_limit() {
    let log_of = |kinds: i64| {
        let event = |(user, kind): (i64, i64)| {
            let time = Timestamp::from_micros(START + kind * MINUTE);
            Event::new(user, time, format!("kind {kind:03}"))
        };
        let events: Vec<Event> = (0..40).flat_map(|user| (user..kinds).map(move |kind| event((user, kind)))).collect();
        EventLog::from_events(EventSchema::default(), &events).unwrap().0
    };
    let as_of = Timestamp::from_micros(START + 10_000 * MINUTE);
    let log = log_of(300);
    let found = with_threads(|| count_transitions(&log, as_of, PathOptions::default()).unwrap());
    // User u begins with kind u and does all that follow.
    assert_eq!((found.path_count, found.user_count, found.rows.len()), (40, 40, 40 + 299 + 1));
    for kind in 0..299i64 {
        let row = found.row(&format!("kind {kind:03}"), &format!("kind {:03}", kind + 1)).unwrap();
        assert_eq!((row.count as i64, row.gap_median_seconds), (40.min(kind + 1), Some(60.0)));
    }
    let log = log_of(501);
    let error = count_transitions(&log, as_of, PathOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(error.to_string().contains("501 kinds of events are more than the limit of 500"), "{error}");
    let together = PathOptions::default().ungrouped(Ungrouped::Together);
    assert_eq!(count_transitions(&log, as_of, together).unwrap().rows.len(), 2);
}
