//! What `doc_examples.py` must find, and what not.

mod private {
    /// No example.
    pub struct Lacks;

    /// No example in code that runs.
    ///
    /// ```no_run
    /// assert!(true);
    /// ```
    pub enum LacksOneThatRuns {}

    /// No assertion.
    ///
    /// ```
    /// let one = 1;
    /// ```
    ///
    /// assert
    pub fn lacks_assertion(_: u8) {}

    /// Has one.
    ///
    /// ```
    /// let one = 1;
    /// assert_eq!(one, 1);
    /// ```
    pub struct Shown(u8);

    impl Shown {
        /// A getter.
        pub fn get(&self) -> u8 {
            self.0
        }

        /// Not a getter.
        pub fn lacks_one_as_a_setter(self, _: u8) -> Self {
            self
        }

        /// Not a getter.
        pub fn lacks_one_as_a_switch(self) -> Self {
            self
        }

        /// Not a getter.
        pub fn lacks_one_though_it_fails(&self) -> std::io::Result<()> {
            Ok(())
        }

        /// A switch.
        ///
        /// ```rust
        /// assert!(true);
        /// ```
        pub fn switch(self) -> Self {
            self
        }

        fn private(self, _: u8) {}
    }

    pub fn unreachable_from_outside() {}
}

pub use private::{Lacks, LacksOneThatRuns, Shown, lacks_assertion};
