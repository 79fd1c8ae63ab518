//! Figures of the company itself, each true of a day.

crate::text_enum! {
    /// A figure of the company.
    pub enum CompanyFigureKind {
        /// What the company owns less what it owes; concentration is measured against it (P02).
        NetCapital = "net_capital",
    }
}
