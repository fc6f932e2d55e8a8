//! Calls larger than what a socket takes at once: what a lone caller could not write is the driver's, and nothing overtakes it.

use farcall_client::Notified;
use farcall_tests::over_both_transports;

use super::*;

over_both_transports! {
    async fn a_lone_call_larger_than_a_sockets_buffers_arrives_whole_and_first(over: Over) {
        let limits = Limits { body_bytes_max: 16 << 20, log_bytes_max: 64 << 20, ..Limits::default() };
        let (table, said) = house(over, limits.clone()).await;
        let ann = table.connect(ClientConfig { limits, ..guest(&table, "ann").0 }).await.unwrap();
        let large = "x".repeat(9 << 20);
        for number in 0..3_u64 {
            // Alone until the second is said, which then finds the first half-written.
            let (echoed, ()) = tokio::join!(ann.echo(&large), async { assert_eq!(ann.say(number.to_string()), Notified::Sent) });
            assert!(echoed.is_ok_and(|echoed| echoed == large), "{number}");
        }
        assert_eq!(said.all(), ["0", "1", "2"]);
    }
}
