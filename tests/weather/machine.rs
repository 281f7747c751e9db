//! The protocol as a state machine: two operators over one table, random acts, random faults, deaths and restarts.
//!
//! A schedule is made from its seed alone. As a rule the first 300 are sailed; `ICEDECK_SCHEDULES=10000` for the night,
//! `ICEDECK_SCHEDULE=17` for one of them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use icedeck::ingest::run::Mode;
use icedeck::recovery::OnConflict;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Runtime;

use super::acts::{Act, Deed, act};
use super::ground::{Ground, Sea};
use super::sky::Fault;
use crate::common::rounds;

/// Schedules that are always sailed.
const USUAL: u64 = 300;

/// Schedules that fail before a run is given up.
const MOST: usize = 3;

#[derive(Debug, Clone)]
struct Step {
    who: usize,
    what: Act,
    faults: Vec<Fault>,
}

#[derive(Debug, Clone)]
struct Schedule {
    is_server: bool,
    format: u8,
    arrives: bool,
    steps: Vec<Step>,
}

fn any_act() -> impl Strategy<Value = Act> {
    let deed = prop_oneof![
        3 => Just(Deed::Rebase),
        2 => Just(Deed::Restage),
        3 => Just(Deed::Discard),
        1 => Just(Deed::Branch),
    ];
    let branch = prop_oneof![3 => Just("main"), 1 => Just("wip")];
    let mode = prop_oneof![6 => Just(Mode::Append), 1 => Just(Mode::Overwrite)];
    let on_conflict =
        prop_oneof![3 => Just(OnConflict::Rebase), 3 => Just(OnConflict::Fail), 1 => Just(OnConflict::Branch)];
    prop_oneof![
        8 => (branch, mode, on_conflict).prop_map(|(branch, mode, on_conflict)| Act::Load { branch, mode, on_conflict }),
        8 => (any::<u8>(), deed).prop_map(|(which, deed)| Act::Resolve(which, deed)),
        3 => any::<u8>().prop_map(Act::Rollback),
        2 => Just(Act::Fork),
        1 => any::<u8>().prop_map(Act::Tag),
        1 => any::<u8>().prop_map(Act::DropRef),
        2 => any::<u8>().prop_map(Act::Pick),
        1 => Just(Act::Undo),
        1 => Just(Act::Widen),
        1 => Just(Act::Narrow),
        1 => Just(Act::Respec),
        2 => (1..4_u32).prop_map(Act::Expire),
        4 => any::<u8>().prop_map(Act::Arrive),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        2 => Just(Fault::Before),
        2 => Just(Fault::After),
        1 => Just(Fault::Twice),
        1 => Just(Fault::NotSent),
        1 => Just(Fault::Refused),
        3 => Just(Fault::Late),
        1 => Just(Fault::Echo),
        2 => any::<u16>().prop_map(Fault::DeadBefore),
        2 => Just(Fault::DeadLate),
        2 => Just(Fault::DeadAfter),
        2 => (1..20_u8, any::<bool>()).prop_map(|(reads, is_heard)| Fault::Blind(reads, is_heard)),
        4 => any_act().prop_map(|theirs| Fault::Meanwhile(Box::new(theirs))),
    ]
}

/// Up to five steps in the schedules that are always sailed, up to eleven in those of the night.
fn schedule(seed: u64) -> impl Strategy<Value = Schedule> {
    let longest = if seed < USUAL { 6 } else { 12 };
    let step = (0..2_usize, any_act(), proptest::collection::vec(fault(), 0..3));
    let step = step.prop_map(|(who, what, faults)| Step { who, what, faults });
    (any::<bool>(), 2..4_u8, any::<bool>(), proptest::collection::vec(step, 2..longest))
        .prop_map(|(is_server, format, arrives, steps)| Schedule { is_server, format, arrives, steps })
}

async fn sail(sea: &Sea, schedule: Schedule) -> Vec<String> {
    let ground = Ground::new(sea, schedule.is_server, schedule.format).await;
    for Step { who, what, faults } in &schedule.steps {
        act(&ground, *who, what, faults).await;
    }
    ground.settle(schedule.arrives).await;
    ground.tally()
}

/// Says what went wrong, with the shortest schedule that shows it.
fn sail_seed(seed: u64, runtime: &Runtime, sea: &Sea, tally: &RefCell<BTreeMap<String, u32>>) -> Result<(), String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config =
        ProptestConfig { cases: 1, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let sailed = runner.run(&schedule(seed), |schedule| {
        for word in runtime.block_on(sail(sea, schedule)) {
            *tally.borrow_mut().entry(word).or_default() += 1;
        }
        Ok(())
    });
    sailed.map_err(|e| format!("schedule {seed} (again with ICEDECK_SCHEDULE={seed}): {e}"))
}

/// Every second seed, from `first` on.
fn sail_all(first: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let seeds = match rounds("ICEDECK_SCHEDULE") {
        Some(seed) => seed..seed + 1,
        None => 0..rounds("ICEDECK_SCHEDULES").unwrap_or(USUAL),
    };
    let tally = RefCell::default();
    let ours = seeds.filter(|seed| seed % 2 == first);
    let mut sea = None;
    let failed = ours.filter_map(|seed| {
        // A new one now and then: nothing is taken away, and memory is finite.
        sea = sea.take().filter(|_| seed % 100 > 1);
        let sea = sea.get_or_insert_with(|| {
            println!("schedules from {seed} on");
            runtime.block_on(Sea::new())
        });
        sail_seed(seed, &runtime, sea, &tally).inspect_err(|wrong| println!("{wrong}")).err()
    });
    let wrong: Vec<String> = failed.take(MOST).collect();
    println!("what operators were told: {:?}", tally.borrow());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn two_operators_lose_and_double_nothing_in_even_schedules() {
    sail_all(0);
}

#[test]
fn two_operators_lose_and_double_nothing_in_odd_schedules() {
    sail_all(1);
}
