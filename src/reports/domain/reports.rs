//! What reports are made of: axes, and shares in percent.

crate::text_enum! {
    /// What the rows of the portfolio report stand for.
    pub enum PortfolioAxis {
        /// Credit groups; customers that belong to none are one row together.
        Group = "group",
        /// Grades of customers.
        Grade = "grade",
        /// Industries of customers.
        Industry = "industry",
        /// Organisations down to a depth.
        Branch = "branch",
        /// Credit products.
        Product = "product",
        /// Currencies.
        Currency = "currency",
        /// Single customers.
        Customer = "customer",
    }
}

crate::text_enum! {
    /// Who is one risk.
    pub enum RiskUnit {
        /// A credit group.
        Group = "group",
        /// A customer that belongs to no group.
        Customer = "customer",
    }
}

/// `part` of `whole` in percent with two places, rounded half up; `None` where `whole` is not more
/// than nothing, because nothing has a share of it.
pub fn percent_of(part: i64, whole: i64) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let whole = i128::from(whole);
    // Twice the basis points plus one half, so that whole numbers round.
    let basis_points = (i128::from(part) * 20_000 + whole).div_euclid(whole * 2);
    let sign = if basis_points < 0 { "-" } else { "" };
    let magnitude = basis_points.unsigned_abs();
    Some(format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_have_two_places_and_are_rounded_half_up() {
        for (part, whole, expected) in [
            (0, 100, Some("0.00")),
            (1, 3, Some("33.33")),
            (2, 3, Some("66.67")),
            (1, 20_000, Some("0.01")),
            (1, 20_001, Some("0.00")),
            (150, 100, Some("150.00")),
            (i64::MAX, 1, Some("922337203685477580700.00")),
            (i64::MAX, i64::MAX, Some("100.00")),
            (-1, 3, Some("-33.33")),
            (1, 0, None),
            (1, -1, None),
        ] {
            assert_eq!(
                percent_of(part, whole).as_deref(),
                expected,
                "{part}/{whole}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_share_is_never_farther_off_than_half_a_basis_point(part in 0..1_000_000_000_i64, whole in 1..1_000_000_000_i64) {
            let text = percent_of(part, whole).unwrap();
            let basis_points: i128 = text.replace('.', "").parse().unwrap();
            let off = (basis_points * i128::from(whole) - i128::from(part) * 10_000).abs();
            prop_assert!(off * 2 <= i128::from(whole));
        }
    }
}
