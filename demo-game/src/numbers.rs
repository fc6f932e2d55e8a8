//! Shows that connections may be lost and nothing else: numbers messages where they are sent, checks them where they
//! arrive, and says in a line how a lost connection was mended. Sends nothing, and knows nothing of sessions.

use std::collections::BTreeMap;
use std::time::Duration;

use farcall_protocol::Uid;

/// Where a numbered message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    /// From a player to the server.
    Server,
    /// From the server to a player.
    Player,
}

/// What the numbers say went wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Numbers that were left out, and those that never came.
    pub lost: u64,
    /// Numbers that were not higher than the one before.
    pub repeated: u64,
}

/// A connection that was lost and mended, and by now all that waited for that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// `owl detached · 14 waiting · resumed 140 ms · 0 lost 0 repeated`
    pub line: String,
    /// Whether nothing went wrong.
    pub is_whole: bool,
}

/// The numbers of every player's session.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Whether the players' ends are in this process, too. If not, only gaps can be seen, but no missing end.
    pub both_ends: bool,
    players: BTreeMap<Uid, Record>,
}

#[derive(Debug, Default)]
struct Record {
    to_server: Sequence,
    to_player: Sequence,
    pause: Option<Pause>,
}

/// One direction.
#[derive(Debug, Default)]
struct Sequence {
    sent: u64,
    last: u64,
    faults: Faults,
}

/// From the loss of a connection until all that waited has arrived.
#[derive(Debug)]
struct Pause {
    sent_before: u64,
    faults_before: Faults,
    back: Option<Back>,
}

#[derive(Debug)]
struct Back {
    waiting: u64,
    away: Duration,
    /// What was sent by then: to the server, to the player.
    sent: [u64; 2],
}

impl Numbers {
    /// The number of the next message.
    pub fn next(&mut self, towards: Towards, player: &Uid) -> u64 {
        let sequence = self.record(player).sequence(towards);
        sequence.sent += 1;
        sequence.sent
    }

    /// A number has arrived. What is wrong with it, and the line about a pause that ends with it.
    pub fn came(&mut self, towards: Towards, player: &Uid, number: u64) -> (Faults, Option<Mended>) {
        let both_ends = self.both_ends;
        let record = self.record(player);
        let faults = record.sequence(towards).came(number);
        (faults, record.mended(player, both_ends))
    }

    /// A player's connection is lost. A second loss before the first is over belongs to it.
    pub fn detached(&mut self, player: &Uid) {
        let record = self.record(player);
        let pause = Pause { sent_before: record.to_player.sent, faults_before: record.faults(), back: None };
        record.pause.get_or_insert(pause).back = None;
    }

    /// It has another one. What waits are the frames that are written again, and what was numbered meanwhile.
    pub fn resumed(&mut self, player: &Uid, replayed: u64, away: Duration) -> Option<Mended> {
        let both_ends = self.both_ends;
        let record = self.record(player);
        let sent = [record.to_server.sent, record.to_player.sent];
        let pause = record.pause.as_mut()?;
        let waiting = replayed + record.to_player.sent - pause.sent_before;
        pause.back = Some(Back { waiting, away, sent });
        record.mended(player, both_ends)
    }

    /// Whether all numbers have arrived that were given to this player's messages; true where that cannot be seen.
    pub fn has_all(&self, player: &Uid) -> bool {
        !self.both_ends || self.players.get(player).is_none_or(|record| record.missing() == 0)
    }

    /// The player's session is over. What has not arrived by now never will; its next session counts anew.
    pub fn gone(&mut self, player: &Uid) -> Faults {
        let record = self.players.remove(player).unwrap_or_default();
        Faults { lost: if self.both_ends { record.missing() } else { 0 }, repeated: 0 }
    }

    fn record(&mut self, player: &Uid) -> &mut Record {
        self.players.entry(player.clone()).or_default()
    }
}

impl Record {
    fn sequence(&mut self, towards: Towards) -> &mut Sequence {
        match towards {
            Towards::Server => &mut self.to_server,
            Towards::Player => &mut self.to_player,
        }
    }

    fn missing(&self) -> u64 {
        [&self.to_server, &self.to_player].map(|way| way.sent.saturating_sub(way.last)).iter().sum()
    }

    fn faults(&self) -> Faults {
        let (here, there) = (self.to_server.faults, self.to_player.faults);
        Faults {
            lost: here.lost.saturating_add(there.lost),
            repeated: here.repeated.saturating_add(there.repeated),
        }
    }

    /// Ends the pause if all has arrived that had been sent when the connection was back.
    fn mended(&mut self, player: &Uid, both_ends: bool) -> Option<Mended> {
        let arrived = [self.to_server.last, self.to_player.last];
        let pause = self.pause.take_if(|pause| {
            let has_all = |back: &Back| arrived.iter().zip(back.sent).all(|(last, sent)| *last >= sent);
            pause.back.as_ref().is_some_and(|back| !both_ends || has_all(back))
        })?;
        let Back { waiting, away, .. } = pause.back?;
        let (now, before) = (self.faults(), pause.faults_before);
        let (lost, repeated) = (now.lost - before.lost, now.repeated - before.repeated);
        let away_ms = away.as_millis();
        let line = format!(
            "{player} detached · {waiting} waiting · resumed {away_ms} ms · {lost} lost {repeated} repeated"
        );
        Some(Mended { line, is_whole: (lost, repeated) == (0, 0) })
    }
}

impl Sequence {
    fn came(&mut self, number: u64) -> Faults {
        let faults = match number > self.last {
            true => Faults { lost: number - self.last - 1, repeated: 0 },
            false => Faults { lost: 0, repeated: 1 },
        };
        self.last = self.last.max(number);
        // The peer chooses its numbers: it must not be able to make the sum overflow.
        self.faults.lost = self.faults.lost.saturating_add(faults.lost);
        self.faults.repeated = self.faults.repeated.saturating_add(faults.repeated);
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::Towards::{Player, Server};
    use super::*;

    const NONE: Faults = Faults { lost: 0, repeated: 0 };

    fn owl() -> Uid {
        Uid::new("owl").unwrap()
    }

    fn numbers() -> Numbers {
        Numbers { both_ends: true, ..Numbers::default() }
    }

    #[test]
    fn gaps_are_lost_and_numbers_that_do_not_grow_are_repeated() {
        let mut numbers = numbers();
        let mut came = |number| numbers.came(Server, &owl(), number).0;
        assert_eq!([came(1), came(2)], [NONE; 2]);
        assert_eq!(came(5), Faults { lost: 2, repeated: 0 });
        assert_eq!(came(5), Faults { lost: 0, repeated: 1 });
        assert_eq!(came(3), Faults { lost: 0, repeated: 1 });
        assert_eq!(came(6), NONE);
        came(u64::MAX);
        assert_eq!(came(0), Faults { lost: 0, repeated: 1 });
    }

    #[test]
    fn what_has_not_arrived_at_the_end_is_lost() {
        let mut numbers = numbers();
        for (towards, sent) in [(Server, 3), (Player, 5)] {
            for expected in 1..=sent {
                assert_eq!(numbers.next(towards, &owl()), expected);
            }
            numbers.came(towards, &owl(), 1);
        }
        assert!(!numbers.has_all(&owl()));
        assert_eq!(numbers.gone(&owl()), Faults { lost: 6, repeated: 0 });
        // The next session begins with 1.
        assert_eq!((numbers.next(Server, &owl()), numbers.gone(&owl()).lost), (1, 1));
    }

    #[test]
    fn one_end_alone_misses_nothing() {
        let mut numbers = Numbers::default();
        numbers.next(Player, &owl());
        numbers.detached(&owl());
        let mended = numbers.resumed(&owl(), 2, Duration::from_millis(9)).unwrap();
        assert_eq!(mended.line, "owl detached · 2 waiting · resumed 9 ms · 0 lost 0 repeated");
        assert!(numbers.has_all(&owl()));
        assert_eq!(numbers.gone(&owl()), NONE);
    }

    #[test]
    fn the_line_comes_when_what_waited_has_arrived_and_says_what_of_it_did_not() {
        let mut numbers = numbers();
        // Lost before: not this pause's fault.
        numbers.next(Player, &owl());
        numbers.next(Player, &owl());
        numbers.came(Player, &owl(), 2);
        numbers.detached(&owl());
        for towards in [Player, Player, Player, Player, Server] {
            numbers.next(towards, &owl());
        }
        assert_eq!(numbers.resumed(&owl(), 10, Duration::from_millis(140)), None);
        for number in [3, 5, 5, 6] {
            assert_eq!(numbers.came(Player, &owl(), number).1, None);
        }
        let (_, mended) = numbers.came(Server, &owl(), 1);
        let line = "owl detached · 14 waiting · resumed 140 ms · 1 lost 1 repeated".to_owned();
        assert_eq!(mended, Some(Mended { line, is_whole: false }));
        assert_eq!(numbers.came(Server, &owl(), 2).1, None, "once");
    }
}
