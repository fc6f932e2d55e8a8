//! A person at the keyboard: the same session as a bot's, answered by keys.

use std::error::Error;
use std::time::{Duration, Instant};

use farcall_client::Client;
use farcall_protocol::Uid;
use tokio::signal::ctrl_c;
use tokio::time::timeout;

use crate::arena::PlayerId;
use crate::contract::{Lobby, Ticket};
use crate::player::{Answer, News, connect};
use crate::scribe::Scribe;
use crate::show::Show;
use crate::tally::Summary;
use crate::view::{Key, Phase};
use crate::wire::Wire;

/// Plays until `q`, Ctrl-C, or the end of the session. Without a terminal it answers yes to everything.
pub async fn play(
    address: &str,
    uid: Uid,
    is_ready: bool,
    is_quiet: bool,
) -> Result<Summary, Box<dyn Error>> {
    let wire = Wire::default();
    let (server, mut inbox) = connect(address, &uid, &wire).await?;
    let mut show = Show::open(is_quiet)?;
    let says_yes = is_ready || !show.is_live();
    let scribe = Scribe::new(wire.clone());
    let mut person = Person { uid, server: server.clone(), wire: wire.clone(), asked: None };
    wire.scene().title = format!("farcall arena: {}", person.uid);
    person.enter().await;
    let session = server.session();
    loop {
        tokio::select! {
            keys = show.frame(&wire) => {
                let keys = keys?;
                if keys.contains(&Key::Quit) {
                    break;
                }
                for key in keys {
                    person.press(key).await;
                }
            }
            Some(news) = inbox.news.recv() => {
                scribe.hears(&news);
                person.hears(news, says_yes);
            }
            Ok(()) = inbox.world.changed() => {
                if let Some(world) = inbox.world.borrow_and_update().clone() {
                    scribe.sees(world);
                }
            }
            reason = session.closed() => return Err(format!("the session is over: {reason}").into()),
            interrupted = ctrl_c() => {
                interrupted?;
                break;
            }
        }
    }
    // A server that does not let go must not keep the person.
    let _ = timeout(LEAVE_TIME, session.leave()).await;
    Ok(wire.tally().summary(1))
}

struct Person {
    uid: Uid,
    server: Client,
    wire: Wire,
    /// A call of the server that waits for a key.
    asked: Option<(&'static str, Instant, Answer<bool>)>,
}

impl Person {
    async fn enter(&self) {
        let entered = self.wire.to_server(&self.uid, "enqueue", self.server.enqueue()).await;
        let mut scene = self.wire.scene();
        scene.phase = Phase::Lobby;
        scene.note = match entered {
            Ok(Ticket(number)) => {
                scene.me = Some(PlayerId(number));
                "you wait for the next match".to_owned()
            }
            Err(error) => format!("{error}; y tries again"),
        };
    }

    fn hears(&mut self, news: News, says_yes: bool) {
        match news {
            News::ReadyCheck(_, answer) => self.is_asked("ready_check", answer, says_yes),
            News::Rematch(answer) => self.is_asked("rematch", answer, says_yes),
            News::Heard(_, _, answer) => {
                self.wire.answered(&self.uid, "hear", &MANNERS.to_owned(), Instant::now());
                answer.give(MANNERS.to_owned());
            }
            News::Event(_) | News::Chat(_) => {}
        }
    }

    fn is_asked(&mut self, what: &'static str, answer: Answer<bool>, says_yes: bool) {
        self.wire.scene().note += " y/n";
        self.asked = Some((what, Instant::now(), answer));
        if says_yes {
            self.answer(true);
        }
    }

    async fn press(&mut self, key: Key) {
        match key {
            Key::Quit => {}
            Key::Steer { dx, dy } => {
                self.server.steer(dx, dy);
            }
            Key::Chat(text) => self.says(text),
            // Left out, voted out, or too late to answer: yes enters the queue again.
            Key::Yes if !self.answer(true) => self.enter().await,
            Key::Yes => {}
            Key::No => {
                self.answer(false);
            }
        }
    }

    /// `@cat truce?` goes to cat alone, and cat's answer comes back; anything else goes to all.
    fn says(&self, text: String) {
        let Some((to, text)) = text.strip_prefix('@').and_then(|text| text.split_once(' ')) else {
            self.server.chat(text);
            return;
        };
        let Ok(to) = Uid::new(to) else { return };
        let (uid, wire, call) = (self.uid.clone(), self.wire.clone(), self.server.whisper(&to, text));
        tokio::spawn(async move {
            let answer = wire.relayed(&uid, &to, "whisper", call).await;
            wire.tally().whisper(answer.is_ok());
            wire.scene()
                .event(&format!("{to} answers: {}", answer.unwrap_or_else(|error| error.to_string())));
        });
    }

    /// Answers what was asked last; false if nothing was, or if it is too late.
    fn answer(&mut self, yes: bool) -> bool {
        let Some((what, since, answer)) = self.asked.take() else { return false };
        let was_heard = answer.give(yes);
        if was_heard {
            self.wire.answered(&self.uid, what, &yes, since);
            let note = if yes { "you are in" } else { "you are out; y enters again" };
            note.clone_into(&mut self.wire.scene().note);
        }
        was_heard
    }
}

const MANNERS: &str = "I am a person";
const LEAVE_TIME: Duration = Duration::from_secs(1);
