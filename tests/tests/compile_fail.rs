//! What a user reads when a contract, a route or a message is written wrongly: one case a file in `compile_fail/`,
//! named after the mistake, with the whole of what the compiler says beside it. Bless with `TRYBUILD=overwrite`.

#[test]
fn each_mistake_is_answered_by_our_own_sentence() {
    trybuild::TestCases::new().compile_fail("compile_fail/*.rs");
}
