//! Makes the peers' generated code from their schemas, with nothing installed but Rust.

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=schema");
    let protos = protox::compile(["schema/echo.proto"], ["schema"])?;
    tonic_prost_build::configure().bytes(".").compile_fds(protos)?;

    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let mut capnp = capnpc::codegen::CodeGenerationCommand::new();
    // Where the module that includes the generated code stands.
    capnp.default_parent_module(vec!["capnp".into()]);
    capnp.output_directory(&out).run(File::open("schema/echo.request")?)?;
    Ok(())
}
