//! What `fixture.rs` depends on.

pub struct Type;

pub trait Trait {
    type Output;
    fn method(&self) {}
}

impl Trait for Type {
    type Output = Type;
}

impl Trait for u8 {
    type Output = u8;
}

// As some real dependencies do: every type of everybody has this one, and nobody can help it.
pub trait Blanket {}
impl<T> Blanket for T {}

#[macro_export]
macro_rules! make {
    ($name:ident) => {
        pub struct $name;
    };
}
