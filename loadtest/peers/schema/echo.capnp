# What the Cap'n Proto contender speaks. `echo.request` beside it is this file as the `capnp` compiler reads it, so that
# building needs no compiler; after a change: capnp compile -o- echo.capnp > echo.request
@0xd0e5b51f6d3bc2a7;

interface Echo {
  # Gives back what it is given.
  echo @0 (body :Data) -> (body :Data);
}

interface Hall extends(Echo) {
  # The server's end. Whoever joins is called and pushed to.
  join @0 (bot :Bot) -> ();
}

interface Bot extends(Echo) {
  # A client's end.
  push @0 (body :Data) -> stream;
}
