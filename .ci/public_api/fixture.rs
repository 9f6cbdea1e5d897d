//! What `public_api.py` must find, and what not: the check is checked with this before it is believed.

#![allow(unused, private_interfaces)]

extern crate dependency;

/// Each item exposes the dependency, each in another way.
pub mod exposed {
    use dependency::{Trait, Type};

    type Alias = Type;

    pub use dependency;
    pub use dependency::Blanket;
    pub use dependency::Type as Renamed;
    pub type PublicAlias = Type;
    pub const CONST: Option<Type> = None;
    pub static STATIC: Type = Type;

    pub fn argument(_: &[Type]) {}
    pub fn returned() -> Result<(), Type> {
        Ok(())
    }
    pub fn behind_an_alias() -> Alias {
        Type
    }
    pub fn bound<T: Trait>() {}
    pub fn where_clause<T>()
    where
        Option<T>: Trait,
    {
    }
    pub fn impl_argument(_: impl Trait) {}
    pub fn impl_returned() -> impl Iterator<Item = Type> {
        std::iter::empty()
    }
    pub fn dynamic(_: &dyn Trait<Output = ()>) {}
    pub fn projected(_: <u8 as Trait>::Output) {}
    pub fn pointer(_: fn(Type)) {}

    pub struct Field {
        pub field: Vec<Type>,
    }
    pub struct Positional(u8, pub Type);
    pub struct Generic<T: Trait>(T);
    pub union Union {
        pub field: std::mem::ManuallyDrop<Type>,
    }
    pub enum TupleVariant {
        Variant(Type),
    }
    pub enum StructVariant {
        Variant { field: Type },
    }
    pub struct Method;
    impl Method {
        pub fn method(&self) -> Type {
            Type
        }
    }
    pub struct ImplsItsTrait;
    impl Trait for ImplsItsTrait {
        type Output = ();
    }
    pub struct ComesFromIt;
    impl From<Type> for ComesFromIt {
        fn from(_: Type) -> Self {
            Self
        }
    }
    pub struct DerefsToIt;
    impl std::ops::Deref for DerefsToIt {
        type Target = Type;
        fn deref(&self) -> &Type {
            &Type
        }
    }
    pub struct GoesInto;
    impl From<GoesInto> for Type {
        fn from(_: GoesInto) -> Self {
            Self
        }
    }
    pub trait Super: Trait {}
    pub trait InATrait {
        fn method(&self, _: Type);
    }
    pub trait AssociatedBound {
        type Bound: Trait;
    }
    pub trait ForItsType {}
    impl ForItsType for Type {}
}

/// Uses the dependency, and shows none of it.
pub mod not_exposed {
    use dependency::{Trait, Type};

    dependency::make!(Made);

    pub struct PrivateField {
        field: Type,
        pub other: Vec<std::sync::Arc<str>>,
    }
    impl PrivateField {
        fn private(&self) -> Type {
            self.field.method();
            Type
        }
        pub(crate) fn internal(_: Type) {}
    }
    struct Private(pub Type);
    impl Trait for Private {
        type Output = ();
    }
    impl<W: std::io::Write> std::io::Write for Own<W> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    #[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
    pub struct Own<W>(W);
    pub fn own(_: Own<PrivateField>) -> impl Iterator<Item = &'static str> {
        std::iter::empty()
    }
}

/// Each item lacks something.
pub mod undocumented {
    pub struct NoDocumentation;

    /// No example.
    pub struct NoExample;

    /// No example in code that runs.
    ///
    /// ```no_run
    /// assert!(true);
    /// ```
    pub enum NotRun {}

    /// No assertion.
    ///
    /// ```
    /// let one = 1;
    /// ```
    ///
    /// assert
    pub fn asserts_nothing(_: u8) {}

    /// ```
    /// assert!(true);
    /// ```
    pub enum Variant {
        Undocumented,
    }

    /// ```
    /// assert!(true);
    /// ```
    pub struct Field {
        pub undocumented: u8,
    }

    /// ```
    /// assert!(true);
    /// ```
    pub struct Fallible;
    impl Fallible {
        /// No example.
        pub fn method(&self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// ```
    /// assert!(true);
    /// ```
    pub struct Builder;
    impl Builder {
        /// No example.
        pub fn with(self) -> Self {
            self
        }
    }

    /// ```
    /// assert!(true);
    /// ```
    pub struct Constructor;
    impl Constructor {
        /// No example.
        pub fn new() -> Self {
            Self
        }
    }

    pub const CONST: u8 = 0;
}

/// Nothing lacks.
pub mod documented {
    /// Shown.
    ///
    /// ```
    /// let one = 1;
    /// assert_eq!(one, 1);
    /// ```
    #[derive(Clone, Debug)]
    pub struct Shown(pub u8);

    impl Shown {
        /// A constant.
        pub const ONE: Self = Self(1);

        /// A getter.
        pub fn get(&self) -> u8 {
            self.0
        }

        /// A getter, too.
        pub fn into_inner(self) -> u8 {
            self.0
        }

        /// Something else than a getter.
        ///
        /// ```rust
        /// assert!(true);
        /// ```
        pub fn with(self, other: u8) -> Self {
            Self(other)
        }
    }
}
