//! Calls whose types the caller does not know, hostile text, and answering whatever is asked.

use farcall_client::{CallError, Codec, NotExecuted, RawCall, Routes};
use farcall_protocol::{ROUTES_ROUTE, RouteId, RouteTable};
use farcall_server::{Admission, ServerConfig};
use farcall_tests::waiting::until;
use farcall_tests::{Table, over_both_transports};

use super::*;

const REFUSED: CallError<farcall_protocol::RawError> = CallError::NotExecuted(NotExecuted::BadArguments);

over_both_transports! {
    async fn text_goes_in_and_text_comes_out(over: Over) {
        let (table, told) = inn(over).await;
        let (client, _) = guest(&table, "ann", &[Codec::Json]).await;
        let session = client.session();
        assert_eq!(&session.call_raw("Inn.sum", None, b"[2, 3]").await.unwrap()[..], b"5");
        for none in ["[]", "null", ""] {
            let answer = session.call_raw("Inn.motd", None, none.as_bytes()).await;
            assert_eq!(answer.is_ok(), !none.is_empty(), "{none}");
        }
        // `seat` is optional, and what the server does not know is skipped.
        let answer = session.call_raw("Inn.sit", None, br#"[{"who":"x","hat":[[1]]}]"#).await;
        assert_eq!(&answer.unwrap()[..], br#"{"who":"x","seat":null}"#);
        let refused = session.call_raw("Inn.sit", None, br#"[{"who":"x","seat":13}]"#).await.unwrap_err();
        let CallError::Handler(error) = refused else { panic!("{refused:?}") };
        assert_eq!(&error.0[..], br#"{"Waiting":{"ahead":2}}"#);
        session.notify_raw("Inn.say", None, br#"["hi"]"#);
        until(|| told.all() == ["hi"]).await;
    }

    async fn hostile_text_is_refused_call_by_call(over: Over) {
        let (table, told) = inn(over).await;
        let (client, _) = guest(&table, "ann", &[Codec::Json]).await;
        let deep = "[".repeat(60_000);
        let texts = [
            "", "[", "[1", "[1]", "[1,2,3]", "[1,2] x", "{}", "{\"x\":1,\"y\":2}", "[1,\"2\"]", "[1,2.5]", "[null,null]",
            "[1,99999999999999999999]", "\u{0}", "\\", "[1,2]]", &deep,
        ];
        for text in texts {
            let answer = client.session().call_raw("Inn.sum", None, text.as_bytes()).await;
            assert_eq!(answer, Err(REFUSED), "{:.20}", text);
        }
        let not_utf8 = client.session().call_raw("Inn.say", None, b"[\"\xff\"]").await;
        assert!(matches!(not_utf8, Err(CallError::NotExecuted(_))));
        client.session().notify_raw("Inn.say", None, b"[7]");
        client.session().notify_raw("Inn.say", None, b"[");
        assert_eq!(client.sum(1, 2).await, Ok(3), "the session lives");
        assert!(told.all().is_empty());
    }

    async fn a_call_of_a_message_route_is_told_so(over: Over) {
        let (table, _) = inn(over).await;
        let (client, _) = guest(&table, "ann", &[Codec::Json]).await;
        let asked = client.session().call_raw("Inn.say", None, b"[\"hi\"]").await;
        assert!(matches!(asked, Err(CallError::NotExecuted(NotExecuted::SignatureMismatch { .. }))), "{asked:?}");
        let unknown = client.session().call_raw("Inn.nothing", None, b"[]").await;
        assert_eq!(unknown, Err(NotExecuted::UnknownRoute.into()));
    }

    async fn a_fallback_answers_what_nobody_serves(over: Over) {
        let (table, _) = inn(over).await;
        let told = Told::default();
        let log = told.clone();
        let routes = Routes::new().fallback(move |asked: RawCall<'_>| {
            log.add(format!("{} {}", asked.is_call, String::from_utf8_lossy(asked.body)));
            match asked.route {
                route if route == RouteId::of("Drinker.cheers") => Some(Ok(b"true".to_vec())),
                _ => None,
            }
        });
        let config = ClientConfig { routes, codecs: vec![Codec::Json], ..table.player("bot") };
        let _bot = table.connect(config).await.unwrap();
        let player = table.server.player("bot").unwrap();
        assert_eq!(player.cheers("anything").await, Ok(true));
        player.toast(Counted(3));
        let unknown = player.session().call::<_, bool>("Drinker.sing", ()).await;
        assert_eq!(unknown, Err(NotExecuted::UnknownRoute.into()));
        assert_eq!(told.all(), ["true [\"anything\"]", "false [3]", "true null"]);
    }

    async fn the_route_table_says_what_can_be_called(over: Over) {
        let (table, _) = inn(over).await;
        for codec in [Codec::Bincode, Codec::Json] {
            let (client, _) = guest(&table, "ann", &[codec]).await;
            let routes = client.session().call::<_, RouteTable>(ROUTES_ROUTE, ()).await.unwrap().routes;
            let lines: Vec<String> =
                routes.iter().map(|route| format!("{} {}", route.served_by, route.signature_line())).collect();
            assert_eq!(lines, [
                "server Inn.motd() -> String",
                "server Inn.say(text: String)",
                "server Inn.sit(place: Place) -> Result<Place, Full>",
                "server Inn.sum(x: i64, y: i64) -> i64",
                "client Drinker.cheers(to: String) -> bool",
                "client Drinker.toast(counted: u64)",
            ]);
            let sit = &routes[2];
            assert_eq!(sit.types, ["struct Place { who: String, seat: Option<u8> }"]);
            assert_eq!(sit.answer_types, ["enum Full { Waiting { ahead: u32 } }"]);
            assert_eq!(sit.docs, "Takes a place.");
            assert!(sit.place.as_deref().unwrap().contains("codecs/main.rs:"), "{sit:?}");
            assert_eq!((routes[1].delivery.as_str(), routes[4].place.as_deref()), ("notify", None));
        }
    }

    async fn the_route_table_is_off_unless_asked_for(over: Over) {
        let config = ServerConfig { serves: contracts![Inn], states: States::new().with(Told::default()), ..ServerConfig::default() };
        let table = Table::start(over, config, Admission::anonymous()).await;
        let (client, _) = guest(&table, "ann", Codec::ALL).await;
        let asked = client.session().call::<_, RouteTable>(ROUTES_ROUTE, ()).await;
        assert_eq!(asked, Err(NotExecuted::UnknownRoute.into()));
    }

    async fn a_closure_is_described_by_its_types(over: Over) {
        let routes = Routes::new().add("double", |(x,): (u8,)| x.checked_mul(2).ok_or("too much".to_owned()));
        let config = ServerConfig { routes, introspection: true, ..ServerConfig::default() };
        let table = Table::start(over, config, Admission::anonymous()).await;
        let (client, _) = guest(&table, "ann", Codec::ALL).await;
        let routes = client.session().call::<_, RouteTable>(ROUTES_ROUTE, ()).await.unwrap().routes;
        assert_eq!(routes[0].signature_line(), "double(u8) -> Result<u8, String>");
        assert!(routes[0].place.as_deref().unwrap().contains("codecs/raw.rs:"));
    }
}
