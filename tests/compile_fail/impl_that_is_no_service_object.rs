use farcall_server::route;

pub struct Calculator;
pub struct Page<T>(T);

#[route]
impl Default for Calculator {
    fn default() -> Self {
        Self
    }
}

#[route]
impl<T: Send + Sync + 'static> Page<T> {
    fn number(&self) -> u32 {
        1
    }
}

#[route(skp)]
impl Calculator {
    fn copy(&self, other: Self) -> Option<Self> {
        Some(other)
    }

    #[route(skp)]
    fn internal(&self) {}
}

#[route]
struct NotAFunction;

fn main() {}
