//! Once logged in: a broken frame ends its session with the mistake's code; a bad call is refused and ends nothing.

use farcall_protocol::{CloseCode, CloseCode::*, Signature};
use farcall_tests::Over;
use farcall_tests::over_both_transports;

use crate::bytes::*;
use crate::game::game;
use crate::yard::{Dog, Yard};

/// What ends a session with which code, each in a session of its own.
async fn each_ends_its_session(over: Over, cases: Vec<(String, Vec<u8>, CloseCode)>) {
    let game = game(over).await;
    for (what, bytes, code) in cases {
        let mut eve = game.player("eve").await;
        eve.send(bytes).await;
        assert_eq!(eve.ending().await, Some(code), "{what}");
        game.goes_on().await;
    }
    game.is_as_before().await;
}

fn case(what: &str, bytes: Vec<u8>, code: CloseCode) -> (String, Vec<u8>, CloseCode) {
    (what.to_owned(), bytes, code)
}

over_both_transports! {
    async fn kinds_without_a_place_here_end_the_session(over: Over) {
        let logins = [HELLO, HELLO_REPLY, AUTH, WELCOME, REFUSED];
        let reserved = [0x18, 0x19, 0x1a, 0x1b, 0x25, 0x26, 0x27, 0x30, 0x31, 0x33];
        let unknown = [0x00, 0x06, 0x15, 0x28, 0x40, 0xee, 0xff];
        let with = |kind: u8, code| (format!("kind {kind:#x}"), frame(kind, 0, &[0; 40]), code);
        let misplaced = logins.into_iter().chain(reserved).map(|kind| with(kind, UnexpectedFrame));
        let unasked = case("a token that nobody gave", frame(0x32, 0, &[]), UnexpectedFrame);
        let unknown = unknown.into_iter().map(|kind| with(kind, UnknownFrame));
        each_ends_its_session(over, misplaced.chain(unknown).chain([unasked]).collect()).await;
    }

    async fn a_second_login_in_a_session_ends_it(over: Over) {
        each_ends_its_session(over, vec![
            case("a hello", Hello::default().bytes(), UnexpectedFrame),
            case("a whole login", login("canary"), UnexpectedFrame),
        ]).await;
    }

    async fn lengths_are_judged_by_the_header_alone(over: Over) {
        let sum = Yard.sum.descriptor();
        each_ends_its_session(over, vec![
            case("4 GiB", vec![0xff; 4], FrameTooLarge),
            case("just over the limit", (65_536_u32 + 2_049).to_le_bytes().to_vec(), FrameTooLarge),
            case("no room for kind and flags", vec![1, 0, 0, 0], MalformedFrame),
            case("nothing at all", vec![0; 4], MalformedFrame),
            case("a body over the limit", call(0, sum, &[0; 65_537]), FrameTooLarge),
            case("a note over the limit", notify(Yard.note.descriptor(), &[0; 65_537]), FrameTooLarge),
        ]).await;
    }

    async fn fields_that_do_not_fit_end_the_session(over: Over) {
        let sum = Yard.sum.descriptor();
        let mut flagged = call(0, sum, &[2, 4]);
        flagged[5] = 0b100;
        let mut flagged_ack = ack(0, 0);
        flagged_ack[5] = 1;
        let metadata = |entries: u8, value: usize| {
            let mut bytes = call(0, sum, &[]);
            bytes[5] = 0b10;
            bytes.push(entries);
            for _ in 0..entries {
                bytes.extend([1, b'k']);
                bytes.extend((value as u16).to_le_bytes());
                bytes.extend(vec![0; value]);
            }
            let len = bytes.len() as u32 - 4;
            bytes[..4].copy_from_slice(&len.to_le_bytes());
            bytes
        };
        each_ends_its_session(over, vec![
            case("an unknown flag", flagged, MalformedFrame),
            case("a flag where none is", flagged_ack, MalformedFrame),
            case("17 entries", metadata(17, 1), MalformedFrame),
            case("over 1 KiB of entries", metadata(2, 600), MalformedFrame),
            case("a call cut short", frame(CALL, 0, &[0; 27]), MalformedFrame),
            case("a cancel with more behind it", frame(CANCEL, 0, &[0; 9]), MalformedFrame),
            case("an unknown status", result(id(0, 0), 99, &[]), MalformedFrame),
            case("a close that is not text", frame(CLOSE, 0, &[1, 0, 1, 0, 0xff]), MalformedFrame),
        ]).await;
    }

    async fn replies_and_acknowledgements_of_what_never_was_end_the_session(over: Over) {
        each_ends_its_session(over, vec![
            case("a result", result(id(0, 0), 0, &[2]), UnknownCall),
            case("a result of slot 4 billion", result(id(u32::MAX, 7), 0, &[2]), UnknownCall),
            case("an acknowledgement", ack(1, 0), Diverged),
            case("of everything", ack(u64::MAX, 0), Diverged),
            case("of a latest value", ack(0, 1), Diverged),
            case("latest values that go backwards", {
                let note = Yard.note.descriptor();
                [latest(2, note, &[0]), latest(1, note, &[0])].concat()
            }, MalformedFrame),
        ]).await;
    }

    async fn slots_are_checked(over: Over) {
        let hang = Yard.hang.descriptor();
        each_ends_its_session(over, vec![
            case("in flight", [call(3, hang, &[]), call(3, hang, &[])].concat(), SlotInUse),
            case("in flight, another generation", {
                let again = call_as(id(3, 2), hang, hang.signature, 10_000, &[]);
                [call(3, hang, &[]), again].concat()
            }, SlotInUse),
            case("beyond the announced", call(192, hang, &[]), SlotOutOfRange),
            case("4 billion", call(u32::MAX, hang, &[]), SlotOutOfRange),
        ]).await;
    }

    async fn a_call_that_cannot_be_served_is_refused_and_ends_nothing(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        let (sum, bark) = (Yard.sum.descriptor(), Dog.bark.descriptor());
        let wrong = call_as(id(0, 1), sum, Signature(1), 10_000, &[2, 4]);
        let signatures = [sum.signature, Signature(1)];
        let both: Vec<u8> = [signatures[1], signatures[0]].iter().flat_map(|s| s.0.to_le_bytes()).collect();
        let cases = [
            ("an unknown route", call(0, bark, &[0]), 16, vec![]),
            ("another signature", wrong, 17, both),
            ("no arguments", call(0, sum, &[]), 18, vec![]),
            ("half the arguments", call(0, sum, &[2]), 18, vec![]),
            ("trailing bytes", call(0, sum, &[2, 4, 0]), 18, vec![]),
            ("2^64 elements", call(0, sum, &[253; 17]), 18, vec![]),
            ("a full-size body of nonsense", call(0, sum, &[0xfe; 65_536]), 18, vec![]),
            ("no time left", call_as(id(0, 1), sum, sum.signature, 0, &[2, 4]), 27, vec![]),
            ("panics", call(0, Yard.panics.descriptor(), &[]), 32, vec![]),
            ("panics later", call(0, Yard.panics_later.descriptor(), &[]), 32, vec![]),
            ("all the time there is", call_as(id(0, 1), sum, sum.signature, u32::MAX, &[2, 4]), 0, vec![6]),
            ("nothing wrong", call(0, sum, &[2, 4]), 0, vec![6]),
        ];
        for (what, bytes, status, rest) in cases {
            eve.send(bytes).await;
            let answer = eve.next_of(RESULT).await.expect(what);
            assert_eq!(answer, [&id(0, 1)[..], &[status], &rest].concat(), "{what}");
        }
        drop(eve);
        game.is_as_before().await;
    }

    async fn a_message_that_cannot_be_served_is_dropped(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        let note = Yard.note.descriptor();
        let long = [&[251, 0xe8, 3][..], &[b'x'; 1_000]].concat();
        eve.send(notify(Dog.bark.descriptor(), &[0])).await;
        eve.send(notify(note, &[5, b'x'])).await;
        eve.send(notify(note, &[1, b'x', 0])).await;
        eve.send(notify(note, &[1, 0xff])).await;
        eve.send(notify(note, &long)).await;
        eve.send(notify(Yard.note_panics.descriptor(), &[])).await;
        eve.send(notify(Yard.hang.descriptor(), &[])).await;
        eve.send(latest(1, note, &[9])).await;
        eve.send(frame(VOID, 0, &[1, 2, 3])).await;
        eve.send(notify(note, &[1, b'x'])).await;
        eve.send(call(0, Yard.sum.descriptor(), &[2, 4])).await;
        assert_eq!(eve.next_of(RESULT).await.expect("an answer")[8..], [0, 6]);
        assert_eq!((game.running.notes(), game.running.now()), (1, 0));
        drop(eve);
        game.is_as_before().await;
    }

    async fn a_second_result_for_one_call_ends_the_session(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        let player = game.table.server.player("eve").expect("eve");
        let fetched = tokio::spawn(async move { player.fetch(1).await });
        let asked = eve.next_of(CALL).await.expect("a call");
        let id: [u8; 8] = asked[..8].try_into().expect("an id");
        eve.send([result(id, 0, &[7]), result(id, 0, &[8])].concat()).await;
        assert_eq!(eve.ending().await, Some(UnknownCall));
        assert_eq!(fetched.await.expect("a task"), Ok(7));
        game.is_as_before().await;
    }

    async fn answers_that_are_not_answers_fail_their_call_only(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        let player = game.table.server.player("eve").expect("eve");
        for body in [&[][..], &[7, 7], &[255; 30]] {
            let player = player.clone();
            let fetched = tokio::spawn(async move { player.fetch(1).await });
            let asked = eve.next_of(CALL).await.expect("a call");
            eve.send(result(asked[..8].try_into().expect("an id"), 0, body)).await;
            let failed = farcall_server::CallError::Failed(farcall_server::Failed::BadReply);
            assert_eq!(fetched.await.expect("a task"), Err(failed));
        }
        drop(eve);
        game.is_as_before().await;
    }

    async fn a_close_with_an_unknown_code_is_a_close(over: Over) {
        let game = game(over).await;
        let mut eve = game.player("eve").await;
        let player = game.table.server.player("eve").expect("eve");
        eve.send(frame(CLOSE, 0, &[0xff, 0xff, 2, 0, b'h', b'i'])).await;
        let reason = player.session().closed().await;
        assert_eq!((reason.code, reason.message.as_str(), reason.by_peer), (Done, "hi", true));
        game.is_as_before().await;
    }
}
