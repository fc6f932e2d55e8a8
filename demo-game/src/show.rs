//! Where a run is shown: a live screen, plain lines, or nowhere. Draws what the wire has noted, and reads keys.

use std::io::{self, Write};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::view::{Key, Plain, Screen};
use crate::wire::Wire;

/// A place to show a run on.
#[derive(Debug)]
pub struct Show {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Screen(Box<Screen>),
    Plain(Plain),
    Nothing,
}

impl Show {
    /// A screen where there is a terminal, else plain lines; nothing at all for `is_quiet`.
    pub fn open(is_quiet: bool) -> io::Result<Self> {
        let stage = match is_quiet {
            true => Stage::Nothing,
            false if Screen::is_possible() => Stage::Screen(Box::new(Screen::enter()?)),
            false => Stage::Plain(Plain::default()),
        };
        Ok(Self { stage })
    }

    /// Plain lines, also on a terminal.
    pub fn plain(is_quiet: bool) -> Self {
        Self { stage: if is_quiet { Stage::Nothing } else { Stage::Plain(Plain::default()) } }
    }

    /// Whether somebody sits in front of a live screen.
    pub fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Screen(_))
    }

    /// Shows what there is now.
    pub fn draw(&mut self, wire: &Wire) -> io::Result<()> {
        match &mut self.stage {
            Stage::Screen(screen) => screen.draw(&wire.shown()),
            Stage::Plain(plain) => {
                let mut out = io::stdout().lock();
                for line in plain.lines(&wire.shown()) {
                    writeln!(out, "{line}")?;
                }
                out.flush()
            }
            Stage::Nothing => Ok(()),
        }
    }

    /// The keys pressed since the last call; none where there is no screen.
    pub fn keys(&mut self) -> io::Result<Vec<Key>> {
        match &mut self.stage {
            Stage::Screen(screen) => screen.keys(),
            Stage::Plain(_) | Stage::Nothing => Ok(Vec::new()),
        }
    }

    /// Shows frames until somebody presses `q`; `press` gets all other keys.
    pub async fn until_quit(&mut self, wire: &Wire, mut press: impl FnMut(Key)) -> io::Result<()> {
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            for key in self.keys()? {
                match key {
                    Key::Quit => return Ok(()),
                    key => press(key),
                }
            }
            frames.tick().await;
            self.draw(wire)?;
        }
    }
}

const FRAME: Duration = Duration::from_millis(33);
