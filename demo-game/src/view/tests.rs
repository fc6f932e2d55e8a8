//! What a view must show, asked of ratatui's test terminal and of the plain lines. Needs no TTY.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::keyboard::Keyboard;
use super::*;
use crate::arena::{Arena, ArenaConfig, Pellet, PlayerId};

/// A running match of these players, two calls and a few messages.
fn scene(players: u16) -> Scene {
    let mut arena = Arena::new(ArenaConfig::default(), 5);
    for id in 0..players {
        arena.add(PlayerId(id), &format!("bot{id}")).unwrap();
    }
    arena.tick();
    let mut scene = Scene {
        title: "farcall arena".to_owned(),
        phase: Phase::Match { number: 1 },
        standings: arena.standings(),
        world: Some(arena.world()),
        ..Scene::default()
    };
    scene.call(WireLine::new(
        Direction::ToPlayer,
        Outcome::Answered,
        "server → cat: ready_check → true 1.1 ms",
    ));
    scene.call(WireLine::new(
        Direction::Relayed,
        Outcome::Failed,
        "cat → server → owl: whisper → no answer within 2 s, gave up 2001.0 ms",
    ));
    scene.chat("bot3", "watch out");
    scene.event("bot1 ate bot2 (+9)");
    scene
}

/// The rows of a terminal of this size after drawing.
fn rows(scene: &Scene, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(frame, scene, None)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect();
    (0..height).map(row).collect()
}

fn shows(rows: &[String], text: &str) -> bool {
    rows.iter().any(|row| row.contains(text))
}

#[test]
fn names_calls_scores_and_messages_appear_at_common_sizes() {
    for (width, height) in [(80, 24), (100, 30), (160, 50), (237, 61)] {
        let rows = rows(&scene(8), width, height);
        for text in [
            "farcall arena",
            "match 1",
            "0:20 left",
            "bot7",
            "server → cat: ready_check → true",
            "1.1 ms",
            "watch out",
            "bot1 ate",
        ] {
            assert!(shows(&rows, text), "{text:?} is missing at {width}x{height}:\n{}", rows.join("\n"));
        }
    }
}

#[test]
fn a_long_call_is_cut_in_the_middle_and_keeps_its_duration() {
    let rows = rows(&scene(8), 80, 24);
    let row = rows.iter().find(|row| row.contains("whisper")).unwrap();
    assert!(row.contains('…') && row.contains("2001.0 ms"), "{row}");
}

#[test]
fn what_became_of_a_cut_connection_is_seen_in_narrow_and_wide_terminals() {
    let mut scene = scene(8);
    let line = "owl detached · 14 waiting · resumed 140 ms · 0 lost 0 repeated";
    scene.call(WireLine::new(Direction::Link, Outcome::Answered, line));
    assert!(shows(&rows(&scene, 160, 50), line));
    let narrow = rows(&scene, 80, 24);
    let row = narrow.iter().find(|row| row.contains("owl detached · 14")).unwrap();
    assert!(row.contains("… · 0 lost 0 repeated"), "{row}");
    assert!(Plain::default().lines(&scene).contains(&format!("link   {line}")));
}

#[test]
fn no_size_panics() {
    let mut with_all = scene(16);
    for width in (0..130).step_by(7) {
        for height in (0..60).step_by(4) {
            for phase in [Phase::Lobby, Phase::Match { number: 1 }] {
                with_all.phase = phase;
                with_all.note = "a note that is quite long and would not fit into a narrow field".to_owned();
                rows(&with_all, width, height);
            }
        }
    }
}

#[test]
fn a_tiny_terminal_says_what_it_needs() {
    assert!(shows(&rows(&scene(8), 40, 10), "needs 60x16, has 40x10"));
}

#[test]
fn outside_of_a_match_the_phase_and_its_note_lie_over_the_field() {
    let waiting = Scene { phase: Phase::ReadyCheck, note: "3 of 8 are ready".to_owned(), ..Scene::default() };
    let rows = rows(&waiting, 80, 24);
    assert!(shows(&rows, "READY CHECK") && shows(&rows, "3 of 8 are ready"));
}

#[test]
fn keys_to_steer_are_offered_to_players_only() {
    let spectator = rows(&scene(2), 80, 24);
    assert!(!shows(&spectator, "steer") && shows(&spectator, "p cuts a bot's link"));
    let player = rows(&Scene { me: Some(PlayerId(1)), ..scene(2) }, 80, 24);
    assert!(shows(&player, "steer") && shows(&player, "p cuts your link"));
}

#[test]
fn a_world_of_senseless_numbers_is_drawn_without_a_panic() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 0.0, f32::MAX, f32::MIN_POSITIVE] {
        let mut hostile = scene(4);
        let world = hostile.world.as_mut().unwrap();
        (world.discs[0].x, world.discs[1].y, world.discs[2].radius) = (bad, bad, bad);
        world.pellets.push(Pellet { x_centi: u16::MAX, y_centi: u16::MAX });
        rows(&hostile, 80, 24);
        hostile.world.as_mut().unwrap().width = bad;
        rows(&hostile, 80, 24);
        hostile.world.as_mut().unwrap().height = bad;
        rows(&hostile, 80, 24);
    }
}

#[test]
fn text_from_others_cannot_drive_the_terminal_nor_fill_memory() {
    let mut scene = Scene::default();
    for _ in 0..1000 {
        scene.chat("\u{1b}[31mcat", &"\u{7}\n".repeat(1000));
        scene.event("\u{9b}2J");
    }
    assert_eq!(scene.feed.newest(usize::MAX).count(), TAIL_LINES_MAX);
    let lines = Plain::default().lines(&scene);
    assert!(lines.iter().all(|l| !l.contains(|c: char| c.is_control())));
    assert!(lines.contains(&"...    1744 messages not shown".to_owned()));
    let long = WireLine::new(Direction::ToServer, Outcome::Answered, &"x".repeat(100_000));
    assert_eq!(long.text().len(), TEXT_CHARS_MAX);
}

#[test]
fn plain_lines_tell_each_thing_once() {
    let mut plain = Plain::default();
    let mut scene = scene(3);
    assert_eq!(
        plain.lines(&scene),
        [
            "--     match 1",
            "call   server → cat: ready_check → true 1.1 ms",
            "FAIL   cat → server → owl: whisper → no answer within 2 s, gave up 2001.0 ms",
            "chat   bot3: watch out",
            "event  bot1 ate bot2 (+9)",
        ]
    );
    assert_eq!(plain.lines(&scene), [""; 0]);
    scene.event("bot2 is back");
    assert_eq!(plain.lines(&scene), ["event  bot2 is back"]);
    (scene.phase, scene.note) = (Phase::Over, "bot1 wins".to_owned());
    assert_eq!(plain.lines(&scene), ["--     over: bot1 wins"]);
}

#[test]
fn plain_lines_tell_the_scores_every_five_seconds() {
    let mut plain = Plain::default();
    let mut scene = scene(2);
    let mut told = Vec::new();
    for tick in 0..=320 {
        scene.world.as_mut().unwrap().tick = tick;
        if plain.lines(&scene).iter().any(|l| l.starts_with("score")) {
            told.push(tick);
        }
    }
    assert_eq!(told, [150, 300]);
}

#[test]
fn keys_steer_answer_and_quit() {
    let mut keyboard = Keyboard::default();
    let mut press = |code| keyboard.press(KeyEvent::new(code, KeyModifiers::NONE));
    assert_eq!(press(KeyCode::Up), Some(Key::Steer { dx: 0.0, dy: 1.0 }));
    assert_eq!(press(KeyCode::Char('a')), Some(Key::Steer { dx: -1.0, dy: 0.0 }));
    assert_eq!(press(KeyCode::Char('y')), Some(Key::Yes));
    assert_eq!(press(KeyCode::Char('p')), Some(Key::Cut));
    assert_eq!(press(KeyCode::Char('q')), Some(Key::Quit));
    assert_eq!(press(KeyCode::Tab), None);
}

#[test]
fn a_typed_line_is_said_and_its_letters_do_not_steer_or_quit() {
    let mut keyboard = Keyboard::default();
    let mut press = |code| keyboard.press(KeyEvent::new(code, KeyModifiers::NONE));
    for code in
        [KeyCode::Enter, KeyCode::Char('q'), KeyCode::Char('x'), KeyCode::Backspace, KeyCode::Char('a')]
    {
        assert_eq!(press(code), None);
    }
    assert_eq!(press(KeyCode::Enter), Some(Key::Chat("qa".to_owned())));
    assert_eq!(press(KeyCode::Enter), None);
    assert_eq!(press(KeyCode::Esc), None, "escape drops the line, not the game");
    press(KeyCode::Enter);
    assert_eq!(press(KeyCode::Enter), None, "a blank line is not said");
    assert_eq!(press(KeyCode::Char('q')), Some(Key::Quit));

    press(KeyCode::Enter);
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(keyboard.press(ctrl_c), Some(Key::Quit), "control-c ends it even while typing");
}
