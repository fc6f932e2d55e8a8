use farcall_protocol::contract;
use farcall_server::route;

#[contract(served_by = server)]
pub trait Lobby {
    async fn sum(x: i64, y: i64) -> i64;
    async fn motd() -> String;
}

pub struct Hall;

#[route(Lobby)]
impl Hall {
    fn sum(&self, x: i32, y: i64) -> i64 {
        i64::from(x) + y
    }

    fn mood(&self) -> String {
        "good".into()
    }
}

mod renamed {
    use super::route;

    pub struct Hall;

    #[route(super::Lobby)]
    impl Hall {
        #[route(name = "motd")]
        fn welcome(&self) -> String {
            "welcome".into()
        }
    }
}

fn main() {}
