//! The levels at which limits hold.

crate::text_enum! {
    /// Level of a line in the nesting of limits.
    pub enum Level {
        /// One product of a customer.
        Product = "product",
        /// The unified limit of a customer.
        Customer = "customer",
        /// The ceiling of a credit group.
        Group = "group",
    }
}
