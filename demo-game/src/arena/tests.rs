//! The arena's promises, each as a sentence. Plays whole matches; draws nothing, waits for nothing.

use super::brain::Brain;
use super::*;

const ANN: PlayerId = PlayerId(1);
const BEN: PlayerId = PlayerId(2);

/// A match of bots, remembered: every event, and the worlds before and after each tick handed to `watch`.
fn play(
    players: u16,
    seed: u64,
    mut watch: impl FnMut(&World, &World, &[ArenaEvent]),
) -> (Arena, Vec<ArenaEvent>) {
    let mut arena = Arena::new(ArenaConfig::default(), seed);
    let mut brains = Vec::new();
    for id in 1..=players {
        arena.add(PlayerId(id), &format!("bot{id}")).unwrap();
        brains.push((PlayerId(id), Brain::new(seed ^ u64::from(id))));
    }
    let mut all = Vec::new();
    while !arena.is_over() {
        let before = arena.world();
        for (id, brain) in &mut brains {
            arena.steer(*id, brain.steer(&before, *id));
        }
        let events = arena.tick();
        watch(&before, &arena.world(), &events);
        all.extend(events);
    }
    (arena, all)
}

fn eatings(events: &[ArenaEvent]) -> usize {
    events.iter().filter(|e| matches!(e, ArenaEvent::Eaten { .. })).count()
}

/// Two discs on a field without food, Ann of this radius and Ben fresh, in the same place.
fn ann_over_ben(ann_radius: f32) -> Arena {
    let mut arena = Arena::new(ArenaConfig { pellets: 0, ..Default::default() }, 7);
    arena.add(ANN, "ann").unwrap();
    arena.add(BEN, "ben").unwrap();
    for id in [ANN, BEN] {
        arena.place(id, 50.0, 50.0);
    }
    arena.resize(ANN, ann_radius);
    arena
}

#[test]
fn the_same_seed_plays_the_same_match() {
    let (one, its_events) = play(8, 42, |_, _, _| {});
    let (two, other_events) = play(8, 42, |_, _, _| {});
    assert_eq!(one.world(), two.world());
    assert_eq!(its_events, other_events);
    assert_ne!(play(8, 43, |_, _, _| {}).0.world(), one.world());
}

#[test]
fn a_match_of_eight_bots_is_lively() {
    for seed in 0..20 {
        let (arena, events) = play(8, seed, |_, _, _| {});
        assert!(eatings(&events) >= 3, "seed {seed}: {} eatings", eatings(&events));
        assert!(arena.standings()[0].score > 30, "seed {seed}: {:?}", arena.standings());
    }
}

#[test]
fn the_bigger_eats_the_smaller_and_never_the_reverse() {
    for seed in 0..20 {
        play(12, seed, |before, _, events| {
            for event in events {
                let ArenaEvent::Eaten { by, who, .. } = event else { continue };
                let size = |id: &PlayerId| before.disc(*id).filter(|d| d.alive).map_or(2.2, |d| d.radius);
                assert!(size(by) > size(who) * 1.1, "{by:?} of {} ate {who:?} of {}", size(by), size(who));
            }
        });
    }
}

#[test]
fn a_clearly_bigger_disc_eats_the_one_under_it() {
    let mut arena = ann_over_ben(4.0);
    let events = arena.tick();
    assert!(matches!(events[0], ArenaEvent::Eaten { by: ANN, who: BEN, points } if points > 0));
    assert!(!arena.world().disc(BEN).unwrap().alive);
    assert!(arena.world().disc(ANN).unwrap().radius > 4.0);
    assert_eq!(arena.standings()[0].eaten, 1);
}

#[test]
fn discs_of_about_one_size_pass_over_each_other() {
    let mut arena = ann_over_ben(2.3);
    assert_eq!(arena.tick(), []);
}

#[test]
fn an_eaten_disc_comes_back_small_after_its_time_and_keeps_its_score() {
    let mut arena = ann_over_ben(4.0);
    arena.resize(BEN, 3.0);
    arena.tick();
    let out = arena.world().disc(BEN).unwrap().clone();
    for _ in 1..ArenaConfig::default().respawn_ticks {
        assert_eq!(arena.tick(), []);
    }
    assert_eq!(arena.tick(), [ArenaEvent::Respawned { who: BEN }]);
    let back = arena.world().disc(BEN).unwrap().clone();
    assert!(back.alive && back.radius < out.radius && back.score == out.score);
}

#[test]
fn a_disc_that_is_out_neither_moves_nor_eats_nor_is_eaten() {
    let mut arena = ann_over_ben(4.0);
    arena.tick();
    arena.steer(BEN, Steer { dx: 1.0, dy: 0.0 });
    let out = arena.world().disc(BEN).unwrap().clone();
    assert_eq!(arena.tick(), []);
    assert_eq!(arena.world().disc(BEN), Some(&out));
}

#[test]
fn every_disc_stays_inside_the_walls_and_every_value_is_finite() {
    for seed in 0..10 {
        play(16, seed, |_, world, _| {
            assert_eq!(world.pellets.len(), 60);
            for d in &world.discs {
                assert!(d.x >= d.radius && d.x <= world.width - d.radius, "{d:?}");
                assert!(d.y >= d.radius && d.y <= world.height - d.radius, "{d:?}");
                assert!(d.radius >= 2.0 && d.radius <= 11.0, "{d:?}");
            }
        });
    }
}

#[test]
fn hostile_steering_never_moves_a_disc_faster_than_its_stride() {
    let hostile =
        [0.0, -0.0, 1.0, 1e9, -1e38, f32::MAX, f32::MIN_POSITIVE, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let mut arena = Arena::new(ArenaConfig { pellets: 0, ..Default::default() }, 1);
    arena.add(ANN, "ann").unwrap();
    for dx in hostile {
        for dy in hostile {
            arena.place(ANN, 50.0, 50.0);
            arena.steer(ANN, Steer { dx, dy });
            arena.tick();
            let d = arena.world().disc(ANN).unwrap().clone();
            let moved = (d.x - 50.0).hypot(d.y - 50.0);
            assert!(moved <= 21.0 / 30.0 + 1e-3, "({dx}, {dy}) moved {moved}");
        }
    }
}

#[test]
fn a_long_wish_keeps_its_direction_and_a_short_one_its_length() {
    let long = Steer { dx: 3e38, dy: 3e38 }.tamed();
    assert!((long.dx - long.dy).abs() < 1e-6 && (long.dx.hypot(long.dy) - 1.0).abs() < 1e-6);
    assert_eq!(Steer { dx: 0.25, dy: 0.0 }.tamed(), Steer { dx: 0.25, dy: 0.0 });
    assert_eq!(Steer { dx: f32::NAN, dy: 1.0 }.tamed(), Steer::default());
}

#[test]
fn the_large_are_slower_than_the_small() {
    assert!(rules::stride_units(8.0) < rules::stride_units(4.0));
    assert!(rules::stride_units(4.0) < rules::stride_units(2.2));
}

#[test]
fn the_leader_is_told_once_and_only_when_overtaken() {
    let mut arena = ann_over_ben(4.0);
    let told = |events: &[ArenaEvent]| {
        let who = |e: &ArenaEvent| match e {
            ArenaEvent::LeaderChanged { who, .. } => Some(*who),
            _ => None,
        };
        events.iter().filter_map(who).collect::<Vec<_>>()
    };
    assert_eq!(told(&arena.tick()), [ANN]);
    assert_eq!(told(&arena.tick()), []);
    arena.score(BEN, arena.standings()[0].score);
    assert_eq!(told(&arena.tick()), [], "a tie does not dethrone");
    assert_eq!(arena.standings()[0].id, ANN);
    arena.score(BEN, arena.standings()[0].score + 1);
    assert_eq!(told(&arena.tick()), [BEN]);
    arena.remove(BEN);
    assert_eq!(told(&arena.tick()), [ANN], "who leaves no longer leads");
}

#[test]
fn scores_never_fall_and_grow_by_what_the_events_say_plus_pellets() {
    play(8, 3, |before, after, events| {
        for now in &after.discs {
            let gained = now.score - before.disc(now.id).unwrap().score;
            let by_eating: u32 = events
                .iter()
                .filter_map(|e| match e {
                    ArenaEvent::Eaten { by, points, .. } if *by == now.id => Some(points),
                    _ => None,
                })
                .sum();
            assert!(gained >= by_eating && gained <= by_eating + 60);
        }
    });
}

#[test]
fn the_match_ends_once_and_then_rests() {
    let mut arena = Arena::new(ArenaConfig { match_ticks: 2, ..Default::default() }, 1);
    arena.add(ANN, "ann").unwrap();
    assert!(!arena.tick().contains(&ArenaEvent::Finished));
    assert_eq!(arena.tick().last(), Some(&ArenaEvent::Finished));
    let rest = arena.world();
    assert_eq!(rest.ticks_left, 0);
    assert_eq!(arena.tick(), []);
    assert_eq!(arena.world(), rest);
}

#[test]
fn the_seventeenth_player_and_a_second_disc_are_refused() {
    let mut arena = Arena::new(ArenaConfig::default(), 1);
    arena.add(ANN, "ann").unwrap();
    assert_eq!(arena.add(ANN, "ann"), Err(JoinError::AlreadyIn));
    for id in 2..=16 {
        arena.add(PlayerId(id), "x").unwrap();
    }
    assert_eq!(arena.add(PlayerId(17), "x"), Err(JoinError::ArenaFull));
    arena.remove(ANN);
    assert_eq!(arena.add(PlayerId(17), "x"), Ok(()));
}

#[test]
fn a_name_cannot_drive_the_terminal_nor_fill_it() {
    let mut arena = Arena::new(ArenaConfig::default(), 1);
    arena.add(ANN, "\u{1b}[2Jann\r\n").unwrap();
    arena.add(BEN, &"b".repeat(5000)).unwrap();
    arena.add(PlayerId(3), " \u{7} ").unwrap();
    let names: Vec<String> = arena.world().discs.into_iter().map(|d| d.name).collect();
    assert_eq!(names, ["[2Jann", "bbbbbbbbbbbb", "?"]);
}

#[test]
fn a_senseless_config_still_gives_a_playable_field() {
    let wild = ArenaConfig {
        width_units: f32::NAN,
        height_units: -3.0,
        pellets: u16::MAX,
        match_ticks: 5,
        respawn_ticks: 0,
    };
    let mut arena = Arena::new(wild, 1);
    arena.add(ANN, "ann").unwrap();
    arena.tick();
    let world = arena.world();
    assert_eq!((world.width, world.height, world.pellets.len()), (40.0, 40.0, 200));
}

#[test]
fn a_snapshot_of_twelve_discs_and_sixty_pellets_is_below_one_kibibyte() {
    let (arena, _) = play(12, 1, |_, _, _| {});
    // What a codec with fixed-width integers and 8-byte lengths writes, counted by hand: no codec is a dependency here.
    let world = arena.world();
    let discs: usize = world.discs.iter().map(|d| 2 + 8 + d.name.len() + 3 * 4 + 4 + 1).sum();
    let bytes = 4 + 4 + 4 + 4 + 8 + discs + 8 + world.pellets.len() * 4;
    assert!(bytes < 1024, "{bytes} bytes");
}

#[test]
fn a_bot_flees_the_large_chases_the_small_and_else_grazes() {
    let mut arena = ann_over_ben(4.0);
    arena.place(BEN, 58.0, 50.0);
    let mut brain = Brain::new(1);
    let world = arena.world();
    assert!(brain.steer(&world, ANN).dx > 0.5, "the large one chases");
    assert!(brain.steer(&world, BEN).dx > 0.5, "the small one runs");
    assert_eq!(brain.steer(&world, PlayerId(9)), Steer::default(), "who has no disc stands still");

    let world = World { discs: vec![world.discs[0].clone()], pellets: vec![Pellet::at(50.0, 5.0)], ..world };
    assert!(brain.steer(&world, ANN).dy < -0.5, "the lonely one grazes");
}
