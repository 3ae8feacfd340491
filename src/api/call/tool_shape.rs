//! How many parts the declarations of tools have.

/// How many parts the tools' declarations have: each costs some tokens beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ToolShape {
    /// Functions.
    pub functions: u64,
    /// Functions that have properties, and objects in them that have some.
    pub with_properties: u64,
    /// Lists in them, and choices between types.
    pub compounds: u64,
    /// Properties of them.
    pub properties: u64,
    /// Properties with an enumeration.
    pub enums: u64,
    /// Items of enumerations.
    pub enum_items: u64,
    /// Tokens of tools that the provider declares itself and the caller runs, by its own figures.
    pub built_in: u64,
    /// The model must call a tool, which some providers tell it in other words.
    pub forced: bool,
    /// Some tools are shown to the model only when they are looked for.
    pub deferred: bool,
    /// What else is said of functions and of properties, such as a description, where the family counts that.
    pub keywords: u64,
}
