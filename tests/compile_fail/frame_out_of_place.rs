use farcall_client::{Context, route};

pub struct Game;
pub struct Screen;
pub struct View<'a>(&'a str);
pub trait Scene {}

#[route]
fn second(ctx: Context, game: &mut Game) {
    let _ = (ctx, game);
}

#[route]
fn two(game: &mut Game, screen: &mut Screen) {
    let _ = (game, screen);
}

#[route]
fn borrowing(view: &mut View<'_>) {
    let _ = view;
}

#[route]
fn any(scene: &mut dyn Scene) {
    let _ = scene;
}

fn main() {}
